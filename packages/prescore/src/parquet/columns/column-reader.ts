/** Numbers of a column of a row group, and texts by their codes, read page by page: to the bits that DuckDB gives. */
import type { FileHandle } from 'node:fs/promises'
import { bytesAt, type StoredChunk } from './footer.ts'
import { isRunOf, readHybrid } from './hybrid.ts'
import { PageReader, type ReadPage } from './page-reader.ts'
import type { StoredForm } from './stored-form.ts'
import type { TextCodes } from './text-codes.ts'

export const ENCODINGS = { plain: 0, plainDictionary: 2, rle: 3, dictionary: 8 } as const
const BYTES = { int32: 4, uint32: 4, float: 4, int64: 8, double: 8 } as const
const WORD = 4294967296
/** The upper words of safe integers are at most this, and at least its negative. */
const UPPER_MAX = 0x1fffff
const NOTHING = new Uint8Array(0)
const NO_SUCH_CODE = 'a code that is not in the dictionary'

/** Numbers, with the exact ones where doubles do not hold them all. */
interface Numbers {
  readonly values: Float64Array
  readonly exact: BigInt64Array | undefined
}

/** The numbers of a page, or the codes of those in its dictionary, of which doubles hold all. */
interface PageNumbers extends Numbers {
  readonly codes?: Int32Array
}

export class ColumnReader {
  readonly #form: StoredForm
  readonly #isOptional: boolean
  readonly #texts: TextCodes | undefined
  #pages: PageReader | undefined
  #dictionary: Numbers | undefined
  /** Of the page at hand: how many of its rows are left, and the numbers that are there. */
  #rowsLeft = 0
  /** Of the chunk, in pages that are not read yet. */
  #rowsUnread = 0
  #page: PageNumbers = { values: new Float64Array(0), exact: undefined }
  #next = 0
  /** By row of the page: 1 where there is a number; undefined: everywhere. */
  #present: Int32Array | undefined
  #row = 0
  /** Written to again and again. */
  #stored: Buffer | undefined
  #room: Uint8Array = NOTHING
  #values = new Float64Array(0)
  #codes = new Int32Array(0)
  #dictionaryRoom = new Float64Array(0)
  #presentRoom = new Int32Array(0)
  #aligned = NOTHING

  /** @param texts where they get their codes */
  constructor(form: StoredForm, isOptional: boolean, texts: TextCodes | undefined) {
    this.#form = form
    this.#isOptional = isOptional
    this.#texts = texts
  }

  /** From now on the numbers of this chunk, of so many rows. @throws Error where the file is shorter */
  async open(handle: FileHandle, chunk: StoredChunk, rows: number): Promise<void> {
    if (this.#stored === undefined || this.#stored.length < chunk.bytes) this.#stored = Buffer.allocUnsafeSlow(chunk.bytes)
    const bytes = await bytesAt(handle, chunk.offset, chunk.bytes, this.#stored)
    this.#pages = new PageReader(chunk, this.#isOptional, bytes, this.#room)
    this.#dictionary = undefined
    this.#rowsLeft = 0
    this.#rowsUnread = rows
  }

  /**
   * The next numbers, as many as there is room for; NaN where one is missing.
   * @returns the exact ones, where doubles do not hold them all. @throws Error where there are fewer
   */
  read(to: Float64Array): BigInt64Array | undefined {
    let exact: BigInt64Array | undefined
    for (let at = 0; at < to.length; ) {
      while (this.#rowsLeft === 0) this.#nextPage()
      const count = Math.min(this.#rowsLeft, to.length - at)
      if (this.#page.exact !== undefined) exact ??= exactOf(to, at)
      this.#take(to, at, count, exact)
      this.#rowsLeft -= count
      at += count
    }
    return exact
  }

  #take(to: Float64Array, at: number, count: number, exact: BigInt64Array | undefined): void {
    const { values, exact: own, codes } = this.#page
    const isPlain = this.#present === undefined && exact === undefined
    if (isPlain && codes === undefined) to.set(values.subarray(this.#next, this.#next + count), at)
    else if (isPlain && codes !== undefined) decode(codes, values, this.#next, count, to, at)
    else {
      let next = this.#next
      for (let i = 0; i < count; i++) {
        const isPresent = this.#present === undefined || this.#present[this.#row + i] === 1
        const value = isPresent ? valueAt(values, codes, next) : Number.NaN
        to[at + i] = value
        if (exact !== undefined && isPresent) exact[at + i] = own?.[next] ?? BigInt(Number.isNaN(value) ? 0 : value)
        if (isPresent) next++
      }
      this.#next = next - count
    }
    this.#next += count
    this.#row += count
  }

  #nextPage(): void {
    const page = this.#pages!.next()
    this.#room = this.#pages!.room
    if (page.isDictionary) {
      const { values, exact } = this.#plain(page, page.rows)
      if (this.#dictionaryRoom.length < values.length) this.#dictionaryRoom = new Float64Array(values.length)
      this.#dictionaryRoom.set(values)
      this.#dictionary = { values: this.#dictionaryRoom.subarray(0, values.length), exact }
      return
    }
    if (!(page.rows >= 0 && page.rows <= this.#rowsUnread)) throw new Error('more values than rows')
    this.#rowsUnread -= page.rows
    this.#rowsLeft = page.rows
    this.#row = 0
    this.#next = 0
    const count = this.#countPresent(page)
    if (page.encoding === ENCODINGS.plain) this.#page = this.#plain(page, count)
    else if (page.encoding === ENCODINGS.rle && this.#form.stored === 'boolean') this.#page = this.#booleans(page, count)
    else if (page.encoding === ENCODINGS.dictionary || page.encoding === ENCODINGS.plainDictionary) this.#page = this.#coded(page, count)
    else throw new Error(`values of encoding ${page.encoding}`)
  }

  #countPresent({ rows, levels }: ReadPage): number {
    this.#present = undefined
    if (levels === undefined || isRunOf(1, rows, levels.bytes, levels.at)) return rows
    if (this.#presentRoom.length < rows) this.#presentRoom = new Int32Array(rows)
    const present = this.#presentRoom.subarray(0, rows)
    readHybrid(levels.bytes, levels.at, 1, present)
    let count = 0
    for (let i = 0; i < rows; i++) count += present[i]!
    if (count < rows) this.#present = present
    return count
  }

  #plain({ bytes, valuesAt }: ReadPage, count: number): Numbers {
    const { stored, unit, isTime } = this.#form
    if (stored === 'text') return this.#codesOf(bytes, valuesAt, count)
    const size = stored === 'boolean' ? (count + 7) >> 3 : BYTES[stored] * count
    if (!(count >= 0 && valuesAt + size <= bytes.length)) throw new Error('fewer values than rows')
    const to = this.#roomFor(count)
    if (stored === 'boolean') {
      for (let i = 0; i < count; i++) to[i] = (bytes[valuesAt + (i >> 3)]! >> (i & 7)) & 1
      return { values: to, exact: undefined }
    }
    const { buffer, byteOffset } = this.#alignedBytes(bytes, valuesAt, size)
    if (stored === 'double') to.set(new Float64Array(buffer, byteOffset, count))
    else if (stored === 'float') to.set(new Float32Array(buffer, byteOffset, count))
    else if (stored === 'int32') to.set(new Int32Array(buffer, byteOffset, count))
    else if (stored === 'uint32') to.set(new Uint32Array(buffer, byteOffset, count))
    else if (!safeIntegers(new Int32Array(buffer, byteOffset, 2 * count), unit, to))
      return exactIntegers(new BigInt64Array(buffer, byteOffset, count), unit, isTime, to)
    return { values: to, exact: undefined }
  }

  #codesOf(bytes: Uint8Array, from: number, count: number): Numbers {
    if (!(count >= 0 && count <= bytes.length)) throw new Error('fewer texts than rows')
    const to = this.#roomFor(count)
    this.#texts!.read(bytes, from, to)
    return { values: to, exact: undefined }
  }

  #coded({ bytes, valuesAt, rows }: ReadPage, count: number): PageNumbers {
    const dictionary = this.#dictionary
    if (dictionary === undefined) throw new Error('codes without a dictionary')
    if (this.#codes.length < rows) this.#codes = new Int32Array(rows)
    const codes = this.#codes.subarray(0, count)
    if (count > 0) readHybrid(bytes, valuesAt + 1, bytes[valuesAt]!, codes)
    const { values, exact } = dictionary
    // A page can be as large as its row group: its numbers are looked up when they are asked for.
    if (exact === undefined) return { values, exact, codes }
    const to = this.#roomFor(count)
    decode(codes, values, 0, count, to, 0)
    return { values: to, exact: BigInt64Array.from(codes, code => exact[code]!) }
  }

  /** Runs of them, behind the length of all. */
  #booleans({ bytes, valuesAt }: ReadPage, count: number): Numbers {
    const codes = new Int32Array(count)
    readHybrid(bytes, valuesAt + 4, 1, codes)
    const to = this.#roomFor(count)
    to.set(codes)
    return { values: to, exact: undefined }
  }

  #roomFor(count: number): Float64Array {
    if (this.#values.length < count) this.#values = new Float64Array(count)
    return this.#values.subarray(0, count)
  }

  /** At a place where words of eight bytes can be read. */
  #alignedBytes(bytes: Uint8Array, from: number, size: number): { readonly buffer: ArrayBufferLike; readonly byteOffset: number } {
    const byteOffset = bytes.byteOffset + from
    if (byteOffset % 8 === 0) return { buffer: bytes.buffer, byteOffset }
    if (this.#aligned.length < size) this.#aligned = new Uint8Array(size)
    this.#aligned.set(bytes.subarray(from, from + size))
    return { buffer: this.#aligned.buffer, byteOffset: 0 }
  }
}

/** The numbers of codes from one on, so many. @throws Error where one is in no dictionary */
function decode(codes: Int32Array, dictionary: Float64Array, from: number, count: number, to: Float64Array, at: number): void {
  for (let i = 0; i < count; i++) {
    const value = dictionary[codes[from + i]!]
    if (value === undefined) throw new Error(NO_SUCH_CODE)
    to[at + i] = value
  }
}

/** @throws Error as {@link decode} */
function valueAt(values: Float64Array, codes: Int32Array | undefined, at: number): number {
  const value = values[codes === undefined ? at : codes[at]!]
  if (value === undefined) throw new Error(NO_SUCH_CODE)
  return value
}

/** @param words two of each integer. @returns whether doubles hold them all */
function safeIntegers(words: Int32Array, unit: number, to: Float64Array): boolean {
  // Below 0 once one is beyond.
  let beyond = 0
  for (let i = 0; i < to.length; i++) {
    const upper = words[2 * i + 1]!
    beyond |= (upper + UPPER_MAX) | (UPPER_MAX - upper)
    to[i] = (upper * WORD + (words[2 * i]! >>> 0)) * unit
  }
  return beyond >= 0 && (unit === 1 || to.every(value => Number.isSafeInteger(value)))
}

/** @param isTime what is at the ends of the range is no time, and missing */
function exactIntegers(words: BigInt64Array, unit: number, isTime: boolean, to: Float64Array): Numbers {
  const exact = BigInt64Array.from(words, word => word * BigInt(unit))
  for (let i = 0; i < to.length; i++) {
    const word = words[i]!
    const isEndless = isTime && (word === INTEGER_MAX || word === -INTEGER_MAX)
    if (isTime && unit !== 1 && !isEndless && exact[i] !== word * BigInt(unit)) throw new Error('a time beyond all times')
    to[i] = isEndless ? Number.NaN : Number(exact[i]!)
  }
  return { values: to, exact: to.every(value => Number.isNaN(value) || Number.isSafeInteger(value)) ? undefined : exact }
}

const INTEGER_MAX = 2n ** 63n - 1n

/** Of what was read so far. */
function exactOf(values: Float64Array, count: number): BigInt64Array {
  return BigInt64Array.from(values, (value, i) => (i < count && !Number.isNaN(value) ? BigInt(value) : 0n))
}
