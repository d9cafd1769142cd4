import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Of all files below a folder; 0 where there is none. */
export async function bytesIn(folder: string): Promise<number> {
  return (await filesIn(folder)).reduce((sum, { size }) => sum + size, 0)
}

/** When a file below a folder was changed last; −Infinity where there is none. */
export async function changedUs(folder: string): Promise<number> {
  return (await filesIn(folder)).reduce((latest, { mtimeMs }) => Math.max(latest, mtimeMs * 1000), Number.NEGATIVE_INFINITY)
}

async function filesIn(folder: string): Promise<readonly Stats[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const found = await Promise.all(
    entries.filter(entry => entry.isFile()).map(entry => stat(join(entry.parentPath, entry.name)).catch(() => undefined)),
  )
  return found.filter(each => each !== undefined)
}
