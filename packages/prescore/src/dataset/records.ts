/**
 * What was computed for rows of blocks whose turn comes later, in files: for each row a record of doubles, its place in its block and its
 * results. Those of a block follow each other.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { readAll, unwritable } from '../base/index.ts'

/** Records of a block in a file. Plain data. */
export interface RecordRun {
  readonly file: string
  /** The number of the first. */
  readonly from: number
  readonly records: number
}

/** Doubles that are written or read together: half a megabyte. */
const DOUBLES_AT_ONCE = 1 << 16
const DOUBLE_BYTES = Float64Array.BYTES_PER_ELEMENT

/** @param places of each row. @throws PrescoreError `file_unwritable` */
export function writeRecords(file: string, places: Int32Array, columns: readonly Float64Array[]): void {
  try {
    const handle = openSync(file, 'wx')
    try {
      const width = 1 + columns.length
      const atOnce = Math.max(1, Math.floor(DOUBLES_AT_ONCE / width))
      const room = new Float64Array(atOnce * width)
      for (let from = 0; from < places.length; from += atOnce) {
        const rows = Math.min(atOnce, places.length - from)
        for (let row = 0; row < rows; row++) room[row * width] = places[from + row] as number
        for (const [i, values] of columns.entries())
          for (let row = 0, at = i + 1; row < rows; row++, at += width) room[at] = values[from + row] as number
        writeAll(handle, new Uint8Array(room.buffer, 0, rows * width * DOUBLE_BYTES))
      }
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw unwritable(file, error)
  }
}

function writeAll(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
}

/** Puts the results of a block's rows to their places. @param columns as long as the block */
export function readRecords(runs: readonly RecordRun[], columns: readonly Float64Array[]): void {
  const width = 1 + columns.length
  const atOnce = Math.max(1, Math.floor(DOUBLES_AT_ONCE / width))
  const room = new Float64Array(atOnce * width)
  for (const { file, from, records } of runs) {
    const handle = openSync(file, 'r')
    try {
      for (let done = 0; done < records; done += atOnce) {
        const some = Math.min(atOnce, records - done)
        readAll(handle, new Uint8Array(room.buffer, 0, some * width * DOUBLE_BYTES), (from + done) * width * DOUBLE_BYTES)
        for (let at = 0; at < some * width; at += width) {
          const place = room[at] as number
          for (let i = 0; i < columns.length; i++) (columns[i] as Float64Array)[place] = room[at + 1 + i] as number
        }
      }
    } finally {
      closeSync(handle)
    }
  }
}
