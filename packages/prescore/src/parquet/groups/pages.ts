/** Pages of a column of a Parquet file: a header, then what stands in them, compressed. */
import { constants, zstdCompressSync } from 'node:zlib'
import { type Thrift, thriftBytes, writeVarint } from './thrift.ts'

export const ENCODINGS = { plain: 0, rle: 3, dictionary: 8 } as const

/** Values that are coded already, or that look like noise, gain next to nothing by more. */
const QUICK = { [constants.ZSTD_c_compressionLevel]: 1 }
const CHUNK_MIN = 1024
const PAGES = { data: 0, dictionary: 2 } as const

export interface Page {
  readonly header: Uint8Array
  readonly body: Uint8Array
  /** The size of the body without compression. */
  readonly uncompressed: number
}

/**
 * @param present 1 for each row that has a value; undefined: all of the rows have.
 * @param values of those that have one.
 */
export function dataPage(rows: number, present: Uint8Array | undefined, encoding: number, values: readonly Uint8Array[]): Page {
  const levels = present === undefined ? runOf(1, rows) : packed(present, 1)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(levels.length)
  const header = { 1: { i32: rows }, 2: { i32: encoding }, 3: { i32: ENCODINGS.rle }, 4: { i32: ENCODINGS.rle } }
  return pageOf(PAGES.data, joined([length, levels, ...values]), { 5: { struct: header } })
}

/** @param values in the plain encoding, so many of them. */
export function dictionaryPage(values: Uint8Array, count: number): Page {
  const header = { 1: { i32: count }, 2: { i32: ENCODINGS.plain } }
  return pageOf(PAGES.dictionary, values, { 7: { struct: header } })
}

/** What is compressed, one page after the other. */
let room = new Uint8Array(0)

/** Valid until the next call. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const size = pieces.reduce((sum, { length }) => sum + length, 0)
  if (room.length < size) room = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    room.set(piece, at)
    at += piece.length
  }
  return room.subarray(0, size)
}

function pageOf(type: number, content: Uint8Array, header: Readonly<Record<number, Thrift>>): Page {
  // One piece, and not many that are put together afterwards.
  const compressed = zstdCompressSync(content, { chunkSize: Math.max(CHUNK_MIN, content.length), params: QUICK })
  const sizes = { 1: { i32: type }, 2: { i32: content.length }, 3: { i32: compressed.length } }
  return { header: thriftBytes({ ...sizes, ...header }), body: compressed, uncompressed: content.length }
}

/** Codes as a page of data holds them: how many bits each has, then the codes. */
export function packedCodes(codes: Int32Array, count: number): readonly Uint8Array[] {
  const bits = count <= 1 ? 1 : 32 - Math.clz32(count - 1)
  return [Uint8Array.of(bits), packed(codes, bits)]
}

/** One run: the same number, of one byte, so often. */
function runOf(value: number, times: number): Uint8Array {
  const bytes: number[] = []
  writeVarint(times * 2, bytes)
  return Uint8Array.from([...bytes, value])
}

/** Numbers of so many bits, the lowest first, in groups of eight. */
function packed(numbers: Int32Array | Uint8Array, bits: number): Uint8Array {
  const groups = Math.ceil(numbers.length / 8)
  const header: number[] = []
  writeVarint(groups * 2 + 1, header)
  const bytes = new Uint8Array(header.length + groups * bits)
  bytes.set(header)
  let at = header.length
  let held = 0
  let size = 0
  for (let i = 0; i < numbers.length; i++) {
    // At most 7 bits are held, and a number has at most 24: no more than 31.
    held |= (numbers[i] as number) << size
    size += bits
    for (; size >= 8; size -= 8, held >>>= 8) bytes[at++] = held
  }
  if (size > 0) bytes[at] = held
  return bytes
}
