/** LMDB environments: a folder with a memory-mapped file that any number of processes read, and one at a time writes. */
import { mkdirSync, realpathSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import { checkDataFile } from './data-file.ts'
import { reading } from './errors.ts'

export const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/** More than the lock file takes. */
const LOCK_BYTES = 128 * 1024

/** Who waits for the disk when something is stored: the caller, or another thread. */
export type Writing = 'here' | 'elsewhere'

/**
 * The real path of a folder, made when it is not there. A file must be opened once in a process: handles are numbers that all its
 * openers share, so that openers are told apart by this path.
 * @throws PrescoreError `store_unreadable`
 */
export function realFolder(folder: string): string {
  return reading(folder, () => {
    mkdirSync(folder, { recursive: true })
    checkRoom(folder)
    return realpathSync(folder)
  })
}

/**
 * Opens the environment of a folder. What is stored is on disk when the commit ends (no overlapping sync).
 * @param tablesMax tables that may be open at once.
 * @throws PrescoreError `store_unreadable`
 */
export function openFolder(path: string, writing: Writing, tablesMax: number): RootDatabase<Buffer, Buffer> {
  checkDataFile(path)
  const options: RootDatabaseOptions = { noSubdir: false, overlappingSync: false, maxDbs: tablesMax, ...BINARY }
  // With batching by event turn, lmdb would make a promise of its own for each batch, and a full disk would end the process by
  // its unhandled rejection.
  const batching = writing === 'elsewhere' ? { eventTurnBatching: false } : {}
  return reading(path, () => open<Buffer, Buffer>({ path, ...options, ...batching }))
}

/** Where the disk has no room for a page of the mapped lock file, a signal would end the process without a word: so that is told before. */
function checkRoom(folder: string): void {
  const lock = statSync(join(folder, 'lock.mdb'), { throwIfNoEntry: false })
  if (lock !== undefined && lock.blocks * 512 >= lock.size) return
  const { bavail, bsize } = statfsSync(folder)
  const bytes = bavail * bsize
  if (bytes < LOCK_BYTES) throw Object.assign(new Error(`No space left on device: ${bytes} bytes are free`), { code: 'ENOSPC' })
}
