/** Folders of environments, before they are opened. */
import { mkdirSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reading } from './errors.ts'
import { ReadOnly } from './read-only.ts'

/** More than the lock file takes. */
const LOCK_BYTES = 128 * 1024

/**
 * The real path of a folder, made when it is not there. A file must be opened once in a process: handles are numbers that all its
 * openers share, so that openers are told apart by this path.
 * @throws PrescoreError `store_unreadable`
 */
export function realFolder(folder: string): string {
  return reading(folder, () => {
    mkdirSync(folder, { recursive: true })
    if (ReadOnly.of(folder) === undefined) checkRoom(folder)
    return realpathSync(folder)
  })
}

/** Where the disk has no room for a page of the mapped lock file, a signal would end the process without a word: so that is told before. */
function checkRoom(folder: string): void {
  const lock = statSync(join(folder, 'lock.mdb'), { throwIfNoEntry: false })
  if (lock !== undefined && lock.blocks * 512 >= lock.size) return
  const { bavail, bsize } = statfsSync(folder)
  const bytes = bavail * bsize
  if (bytes < LOCK_BYTES) throw Object.assign(new Error(`No space left on device: ${bytes} bytes are free`), { code: 'ENOSPC' })
}
