/** A look at LMDB's data file before it is opened: lmdb ends the process when the file is not one of its own, or is cut short. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { PrescoreError, storeUnreadable } from '../base/index.ts'
import { isAllWithin } from './reachable.ts'

/** Where the two meta pages keep what we look at: each follows its page's header of 24 bytes. */
const META = { magic: 24, version: 28, pageBytes: 48, freeRoot: 88, mainRoot: 136, lastPage: 144, transaction: 152, bytes: 160 }
const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
/** LMDB may leave out pages at the end that one transaction both took and freed: few, as our transactions are bounded. */
const MISSING_BYTES_MAX = 4 * 1024 * 1024
/** Of files up to this size it is looked at whether what is left out was such pages; those that are larger are rarely cut just there. */
const LOOKED_THROUGH_BYTES_MAX = 64 * 1024 * 1024

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
  const meta = newestMeta(path, file)
  const whole = (meta.lastPage + 1) * meta.pageBytes
  // Looked at last: another process may make the file longer meanwhile, never shorter.
  const { size } = fstatSync(file)
  if (size >= whole) return
  if (size + MISSING_BYTES_MAX >= whole) {
    if (size > LOOKED_THROUGH_BYTES_MAX || isAllWithin(bytesOf(file, size), meta.pageBytes, meta.roots)) return
    // Pages are written over two commits later: then what was read was not of one moment.
    if (newestMeta(path, file).transaction !== meta.transaction) {
      checkWhole(path, file)
      return
    }
  }
  throw new PrescoreError('store_unreadable', {
    where: path,
    found: `${size} bytes`,
    expected: `${whole} bytes: the file was cut short`,
    fix: 'Copy the folder anew while nobody writes to it, or restore it; or move it away: a new one is made, without what it held.',
  })
}

function bytesOf(file: number, size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let read = 0
  while (read < size) {
    const more = readSync(file, bytes, read, size - read, read)
    if (more === 0) break
    read += more
  }
  return bytes.subarray(0, read)
}

function newestMeta(path: string, file: number): Meta {
  const first = metaAt(path, file, 0)
  const second = metaAt(path, file, first.pageBytes)
  return second.transaction > first.transaction ? second : first
}

/** The number of the last commit. @throws PrescoreError `store_unreadable` */
export function lastTransaction(folder: string): bigint {
  const path = join(folder, 'data.mdb')
  const file = openSync(path, 'r')
  try {
    return newestMeta(path, file).transaction
  } finally {
    closeSync(file)
  }
}

interface Meta {
  readonly pageBytes: number
  readonly lastPage: number
  readonly transaction: bigint
  /** Of the tree of free pages, and of that of everything else. */
  readonly roots: readonly bigint[]
}

function metaAt(path: string, file: number, at: number): Meta {
  const meta = Buffer.alloc(META.bytes)
  readSync(file, meta, 0, META.bytes, at)
  if (meta.readUInt32LE(META.magic) !== MAGIC || meta.readUInt16LE(META.version) !== DATA_VERSION) {
    throw new PrescoreError('store_unreadable', { where: path, found: 'something else', expected: 'a file of this store' })
  }
  return {
    pageBytes: meta.readUInt32LE(META.pageBytes),
    lastPage: Number(meta.readBigUInt64LE(META.lastPage)),
    transaction: meta.readBigUInt64LE(META.transaction),
    roots: [meta.readBigUInt64LE(META.freeRoot), meta.readBigUInt64LE(META.mainRoot)],
  }
}
