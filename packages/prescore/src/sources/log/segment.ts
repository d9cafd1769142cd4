/**
 * A block is one value of the store: the segments of some commits, one after another. A segment is a header and its rows,
 * whose positions follow each other and whose clock reading is one. All numbers are little-endian.
 *
 *      0  u8    version: 1
 *      1  u8    0
 *      2  u16   number of the rows' layout
 *      4  u32   rows
 *      8  u32   bytes of the rows
 *     12  u32   0
 *     16  f64   position of the first row
 *     24  f64   the log's clock when they were committed, in µs
 *     32        the rows
 */
import { PrescoreError } from '../../base/index.ts'
import type { Layout } from './layout.ts'

const SEGMENT_VERSION = 1
const SEGMENT_HEADER_BYTES = 32
/** The rows of a segment have at most so many bytes, unless it is one long row. */
const SEGMENT_BYTES_MAX = 64 * 1024

export interface Segment {
  readonly layout: number
  readonly rows: number
  readonly firstPosition: number
  readonly clockUs: number
  /** Where its first row begins within the block. */
  readonly at: number
}

/** The segments of a block, in order of position. @throws PrescoreError `store_unreadable` */
export function segmentsOf(block: Buffer, where: string): Segment[] {
  const segments: Segment[] = []
  let at = 0
  while (at < block.length) {
    const rowBytes = at + SEGMENT_HEADER_BYTES <= block.length && block[at] === SEGMENT_VERSION ? block.readUInt32LE(at + 8) : Number.NaN
    const end = at + SEGMENT_HEADER_BYTES + rowBytes
    if (!(end <= block.length)) throw new PrescoreError('store_unreadable', { where, found: 'a damaged block of events' })
    segments.push({
      layout: block.readUInt16LE(at + 2),
      rows: block.readUInt32LE(at + 4),
      firstPosition: block.readDoubleLE(at + 16),
      clockUs: block.readDoubleLE(at + 24),
      at: at + SEGMENT_HEADER_BYTES,
    })
    at = end
  }
  return segments
}

/** A segment in the making: rows are copied in until it is full. */
export class SegmentBuilder {
  readonly firstPosition: number
  readonly clockUs: number
  readonly #layout: Layout
  #bytes = Buffer.allocUnsafe(4096)
  #length = SEGMENT_HEADER_BYTES
  rows = 0
  minTimeUs = Number.POSITIVE_INFINITY
  maxTimeUs = Number.NEGATIVE_INFINITY

  constructor(layout: Layout, firstPosition: number, clockUs: number) {
    this.#layout = layout
    this.firstPosition = firstPosition
    this.clockUs = clockUs
  }

  get lastPosition(): number {
    return this.firstPosition + this.rows - 1
  }

  /** Whether another row of so many bytes should go in. */
  hasRoom(rowBytes: number): boolean {
    return this.#length + rowBytes <= SEGMENT_HEADER_BYTES + SEGMENT_BYTES_MAX
  }

  add(rows: Buffer, from: number, end: number, timeUs: number): void {
    const length = this.#length + end - from
    if (length > this.#bytes.length) this.#grow(length)
    rows.copy(this.#bytes, this.#length, from, end)
    this.#length = length
    this.rows++
    if (timeUs < this.minTimeUs) this.minTimeUs = timeUs
    if (timeUs > this.maxTimeUs) this.maxTimeUs = timeUs
  }

  finish(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    bytes.fill(0, 0, SEGMENT_HEADER_BYTES)
    bytes[0] = SEGMENT_VERSION
    bytes.writeUInt16LE(this.#layout.number, 2)
    bytes.writeUInt32LE(this.rows, 4)
    bytes.writeUInt32LE(this.#length - SEGMENT_HEADER_BYTES, 8)
    bytes.writeDoubleLE(this.firstPosition, 16)
    bytes.writeDoubleLE(this.clockUs, 24)
    return bytes
  }

  #grow(atLeast: number): void {
    const grown = Buffer.allocUnsafe(Math.max(atLeast, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}
