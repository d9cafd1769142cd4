/** A look at LMDB's data file before it is opened: lmdb ends the process when the file is not one of its own, or is cut short. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PrescoreError, storeUnreadable } from '../base/index.ts'

/** Where the two meta pages keep what we look at: each follows its page's header of 24 bytes. */
const META = { magic: 24, version: 28, pageBytes: 48, lastPage: 144, transaction: 152, bytes: 160 }
const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
/** LMDB may leave out pages at the end that one transaction both took and freed: few, as our transactions are bounded. */
const MISSING_BYTES_MAX = 4 * 1024 * 1024

/** @throws PrescoreError `store_unreadable` unless the file is absent, empty, or a whole LMDB file */
export function checkDataFile(folder: string): void {
  const path = join(folder, 'data.mdb')
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw storeUnreadable(path, error)
  }
  try {
    if (fstatSync(file).size > 0) checkWhole(path, file)
  } finally {
    closeSync(file)
  }
}

function checkWhole(path: string, file: number): void {
  const first = metaAt(path, file, 0)
  const second = metaAt(path, file, first.pageBytes)
  const { lastPage, pageBytes } = second.transaction > first.transaction ? second : first
  const whole = (lastPage + 1) * pageBytes
  // Looked at last: another process may make the file longer meanwhile, never shorter.
  const { size } = fstatSync(file)
  if (size + MISSING_BYTES_MAX >= whole) return
  throw new PrescoreError('store_unreadable', { where: path, found: `${size} bytes`, expected: `${whole} bytes: the file was cut short` })
}

/** The number of the last commit. @throws PrescoreError `store_unreadable` */
export function lastTransaction(folder: string): bigint {
  const path = join(folder, 'data.mdb')
  const file = openSync(path, 'r')
  try {
    const first = metaAt(path, file, 0)
    const second = metaAt(path, file, first.pageBytes)
    return first.transaction > second.transaction ? first.transaction : second.transaction
  } finally {
    closeSync(file)
  }
}

function metaAt(path: string, file: number, at: number): { pageBytes: number; lastPage: number; transaction: bigint } {
  const meta = Buffer.alloc(META.bytes)
  readSync(file, meta, 0, META.bytes, at)
  if (meta.readUInt32LE(META.magic) !== MAGIC || meta.readUInt16LE(META.version) !== DATA_VERSION) {
    throw new PrescoreError('store_unreadable', { where: path, found: 'something else', expected: 'a file of this store' })
  }
  return {
    pageBytes: meta.readUInt32LE(META.pageBytes),
    lastPage: Number(meta.readBigUInt64LE(META.lastPage)),
    transaction: meta.readBigUInt64LE(META.transaction),
  }
}
