/** Folders that may be missing. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'

/** With those above it. Of a read-only disk, Node's own way says only that the folder is not there. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path)
  }
}
