/** Folders that may be missing. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** With those above it; another process may make them at the same time. Of a read-only disk, Node's own way says only that the folder is not there. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    if (!hasCode(error, 'ENOENT') || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path).catch(async refused => {
      if (!hasCode(refused, 'EEXIST') || !(await stat(path)).isDirectory()) throw refused
    })
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code
}
