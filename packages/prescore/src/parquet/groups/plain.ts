/** Values of a column as Parquet's plain encoding has them: those that are there, one after the other; and the least and the greatest. */
import { PrescoreError } from '../../base/index.ts'
import type { NumberColumn } from '../../expressions/index.ts'

/** Values of some rows. Valid until those of the next column are made: what is stored lies in the same memory. */
export interface PlainValues {
  readonly bytes: Uint8Array
  /** The same, where they are numbers of 64 bits. */
  readonly words: Uint32Array | undefined
  /** 1 for each row that has a value. Absent: all have. */
  readonly present: Uint8Array | undefined
  readonly missing: number
  /** Undefined: not told. */
  readonly least: Uint8Array | undefined
  readonly greatest: Uint8Array | undefined
}

const NO_BOUNDS = { least: undefined, greatest: undefined }
const ALL_PRESENT = { present: undefined, missing: 0 }
const WORD = 4294967296

/** @param unit what is stored of a value is the number of such units. */
export function plainNumbers(values: Float64Array, unit: number, isFloat32: boolean): PlainValues {
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== value) continue
    count++
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  const isStoredAsItIs = count === values.length && unit === 1 && !isFloat32
  const stored = isStoredAsItIs ? values : storedNumbers(values, count, unit, isFloat32)
  const found = { bytes: bytesOf(stored), words: isFloat32 ? undefined : wordsOf(stored), ...presenceOf(values, count) }
  if (count === 0) return { ...found, ...NO_BOUNDS }
  const bound = (value: number) => bytesOf(isFloat32 ? Float32Array.of(value / unit) : Float64Array.of(value / unit))
  // Zeros of either sign are equal here, and not to all readers.
  return { ...found, least: bound(least === 0 ? -0 : least), greatest: bound(greatest === 0 ? 0 : greatest) }
}

/** What is stored of columns, one after the other. */
let room = new ArrayBuffer(0)

function roomOf(bytes: number): ArrayBuffer {
  if (room.byteLength < bytes) room = new ArrayBuffer(bytes)
  return room
}

function storedNumbers(values: Float64Array, count: number, unit: number, isFloat32: boolean): Float32Array | Float64Array {
  if (isFloat32) return packNumbers(values, unit, new Float32Array(roomOf(4 * count), 0, count))
  const stored = new Float64Array(roomOf(8 * count), 0, count)
  return unit === 1 ? packValues(values, stored) : packNumbers(values, unit, stored)
}

function packValues(values: Float64Array, stored: Float64Array): Float64Array {
  let at = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value === value) stored[at++] = value
  }
  return stored
}

function packNumbers<T extends Float32Array | Float64Array>(values: Float64Array, unit: number, stored: T): T {
  let at = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value === value) stored[at++] = value / unit
  }
  return stored
}

/** Of 64 bits. */
export function plainIntegers({ values, exact }: NumberColumn): PlainValues {
  if (exact !== undefined) return exactIntegers(values, exact)
  const words = new Uint32Array(roomOf(8 * values.length), 0, 2 * values.length)
  let least = Number.POSITIVE_INFINITY
  let greatest = Number.NEGATIVE_INFINITY
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== value) continue
    const upper = Math.floor(value / WORD)
    words[2 * count] = value - upper * WORD
    words[2 * count + 1] = upper
    count++
    if (value < least) least = value
    if (value > greatest) greatest = value
  }
  const kept = words.subarray(0, 2 * count)
  const found = { bytes: bytesOf(kept), words: kept, ...presenceOf(values, count) }
  if (count === 0) return { ...found, ...NO_BOUNDS }
  return { ...found, least: integerBytes(BigInt(least)), greatest: integerBytes(BigInt(greatest)) }
}

function exactIntegers(values: Float64Array, exact: BigInt64Array): PlainValues {
  const kept = exact.filter((_, i) => i < values.length && !Number.isNaN(values[i]))
  const found = { bytes: bytesOf(kept), words: wordsOf(kept), ...presenceOf(values, kept.length) }
  const [first] = kept
  if (first === undefined) return { ...found, ...NO_BOUNDS }
  const [least, greatest] = [kept.reduce((a, b) => (b < a ? b : a)), kept.reduce((a, b) => (b > a ? b : a))]
  return { ...found, least: integerBytes(least), greatest: integerBytes(greatest) }
}

function integerBytes(value: bigint): Uint8Array {
  return bytesOf(BigInt64Array.of(value))
}

/** A bit each. */
export function plainBooleans(values: Float64Array): PlainValues {
  const bits = new Uint8Array(Math.ceil(values.length / 8))
  let count = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== value) continue
    if (value === 1) bits[count >> 3] = (bits[count >> 3] as number) | (1 << (count & 7))
    count++
  }
  return { bytes: bits.subarray(0, Math.ceil(count / 8)), words: undefined, ...presenceOf(values, count), ...NO_BOUNDS }
}

/** Texts by codes of their own, in the order in which they are met. */
export interface CodedTexts extends Omit<PlainValues, 'bytes' | 'words'> {
  /** Of the rows that have one. */
  readonly codes: Int32Array
  readonly dictionary: readonly Uint8Array[]
}

/** Longer texts are of little use as bounds. */
const BOUND_BYTES_MAX = 64
const LENGTH_BYTES = 4

/** @throws PrescoreError `invalid_text` */
export function codedTexts(codes: Int32Array, dictionary: readonly string[]): CodedTexts {
  const ownOf = new Int32Array(dictionary.length).fill(-1)
  const texts: Buffer[] = []
  const kept = new Int32Array(codes.length)
  let count = 0
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number
    if (code < 0) continue
    if (ownOf[code] === -1) ownOf[code] = texts.push(textBytes(dictionary[code] as string)) - 1
    kept[count++] = ownOf[code] as number
  }
  return {
    codes: kept.subarray(0, count),
    dictionary: texts,
    ...(count === codes.length ? ALL_PRESENT : { present: presentCodes(codes), missing: codes.length - count }),
    ...boundsOf(texts),
  }
}

/** Each text's length, and its bytes. */
export function plainTexts(texts: readonly Uint8Array[]): Uint8Array {
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + LENGTH_BYTES + text.length, 0))
  let at = 0
  for (const text of texts) {
    bytes.writeUInt32LE(text.length, at)
    bytes.set(text, at + LENGTH_BYTES)
    at += LENGTH_BYTES + text.length
  }
  return bytes
}

function boundsOf(texts: readonly Buffer[]): Pick<PlainValues, 'least' | 'greatest'> {
  const [first] = texts
  if (first === undefined) return NO_BOUNDS
  const least = texts.reduce((a, b) => (Buffer.compare(b, a) < 0 ? b : a))
  const greatest = texts.reduce((a, b) => (Buffer.compare(b, a) > 0 ? b : a))
  return Math.max(least.length, greatest.length) > BOUND_BYTES_MAX ? NO_BOUNDS : { least, greatest }
}

function textBytes(text: string): Buffer {
  if (!text.isWellFormed()) throw new PrescoreError('invalid_text', { found: JSON.stringify(text) })
  return Buffer.from(text)
}

function presenceOf(values: Float64Array, count: number): Pick<PlainValues, 'present' | 'missing'> {
  if (count === values.length) return ALL_PRESENT
  const present = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    present[i] = value === value ? 1 : 0
  }
  return { present, missing: values.length - count }
}

function presentCodes(codes: Int32Array): Uint8Array {
  const present = new Uint8Array(codes.length)
  for (let i = 0; i < codes.length; i++) present[i] = (codes[i] as number) >= 0 ? 1 : 0
  return present
}

export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function wordsOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4)
}
