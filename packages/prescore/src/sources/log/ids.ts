/**
 * Ids as keys of the log's index: a kind byte, then 8 bytes of a number, or UTF-8. A long text stands as its SHA-256,
 * so that an id may have any length.
 */
import { createHash } from 'node:crypto'
import type { Layout, LayoutColumn } from './layout.ts'

const NUMBER = 1
const TEXT = 2
const DIGEST = 3
const TEXT_BYTES_MAX = 1000

/** Keys by length, used again and again: ids are many, and mostly of one length. */
const keys: Buffer[] = []

/** The key of a row's id, valid until the next call. */
export function idKey(layout: Layout, column: LayoutColumn, bytes: Buffer, row: number): Buffer {
  if (column.kind !== 'string') return numberKey(bytes, row + column.at, column)
  const start = layout.textStart(bytes, row, column)
  const length = bytes.readUInt32LE(row + column.at)
  if (length <= TEXT_BYTES_MAX) return keyOf(TEXT, bytes, start, length)
  const digest = createHash('sha256')
    .update(bytes.subarray(start, start + length))
    .digest()
  return keyOf(DIGEST, digest, 0, digest.length)
}

/** 0 and −0 are one id. */
function numberKey(bytes: Buffer, at: number, { kind }: LayoutColumn): Buffer {
  const key = keyOf(NUMBER, bytes, at, 8)
  if (kind === 'float64' && key.readDoubleLE(1) === 0) key.fill(0, 1)
  return key
}

function keyOf(kind: number, bytes: Buffer, start: number, length: number): Buffer {
  let key = keys[length]
  if (key === undefined) key = keys[length] = Buffer.alloc(1 + length)
  key[0] = kind
  bytes.copy(key, 1, start, start + length)
  return key
}
