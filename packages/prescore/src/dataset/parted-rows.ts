/**
 * Rows of columns, sorted out to parts in a file as they come: of each part so many are held, and written together as a piece. So a part
 * is read back without the others, and what is in memory does not depend on how many rows there are.
 */
import { closeSync, openSync, writevSync } from 'node:fs'
import { unwritable } from '../base/index.ts'
import { type Chunk, type Column, integerOf, isStringColumn, type NumberColumn, type ValueType } from '../expressions/index.ts'
import { PartedTexts } from './parted-texts.ts'

/** Of which part no row is. */
export const NO_PART = -1

export type ColumnTypes = readonly (readonly [name: string, type: ValueType])[]

/** Where the pieces of one or more parts lie. Plain data. */
export interface PartedRows {
  readonly file: string
  readonly columns: ColumnTypes
  /** Forms of pieces: the columns that have exact integers, which lie behind all values. */
  readonly forms: readonly (readonly number[])[]
  /** Of each piece: its part, where it begins, its rows, how many bytes its texts take behind them, and its form. */
  readonly pieces: Float64Array
}

/** Numbers of a piece. */
export const PIECE = 5
const DOUBLE_BYTES = Float64Array.BYTES_PER_ELEMENT

/** The pieces of one part. */
export function piecesOf({ pieces, ...rest }: PartedRows, part: number): PartedRows {
  const own: number[] = []
  for (let at = 0; at < pieces.length; at += PIECE) if (pieces[at] === part) own.push(...pieces.subarray(at, at + PIECE))
  return { ...rest, pieces: Float64Array.from(own) }
}

export function rowsOf({ pieces }: PartedRows): number {
  let rows = 0
  for (let at = 0; at < pieces.length; at += PIECE) rows += pieces[at + 2] as number
  return rows
}

export class PartedWriter {
  readonly #file: string
  readonly #columns: ColumnTypes
  readonly #pieceRows: number
  readonly #handle: number
  /** By part: its columns, one after the other, and how many rows of them are filled. */
  readonly #held: (Float64Array | undefined)[]
  readonly #counts: Int32Array
  readonly #pieces: number[] = []
  readonly #forms: (readonly number[])[] = [[]]
  /** By column, where it is one of texts. */
  readonly #texts: (PartedTexts | undefined)[]
  #end = 0

  /** @throws PrescoreError `file_unwritable` */
  constructor(file: string, columns: ColumnTypes, parts: number, pieceRows: number) {
    this.#file = file
    this.#columns = columns
    this.#pieceRows = pieceRows
    this.#held = new Array<Float64Array | undefined>(parts).fill(undefined)
    this.#counts = new Int32Array(parts)
    this.#texts = columns.map(([, { kind }]) => (kind === 'string' ? new PartedTexts() : undefined))
    this.#handle = written(file, () => openSync(file, 'wx'))
  }

  /**
   * @param partOf of each row; {@link NO_PART}: it is left out.
   * @throws PrescoreError `file_unwritable`
   */
  append({ rows, columns }: Chunk, partOf: Int32Array): void {
    const given = this.#columns.map(([name]) => columns.get(name) as Column)
    this.#makeReady(given)
    const values = given.map((column, i) =>
      isStringColumn(column) ? (this.#texts[i] as PartedTexts).codesOf(column, rows) : column.values,
    )
    const words = this.#exact.map(i => wordsOf(exactOf(given[i] as NumberColumn, rows)))
    const [size, counts, width] = [this.#pieceRows, this.#counts, values.length]
    for (let row = 0; row < rows; row++) {
      const part = partOf[row] as number
      if (part < 0) continue
      let held = this.#held[part]
      if (held === undefined) this.#held[part] = held = new Float64Array((width + words.length) * size)
      const count = counts[part] as number
      for (let i = 0, at = count; i < width; i++, at += size) held[at] = (values[i] as Float64Array)[row] as number
      if (words.length > 0) putWords(words, row, held, width * size + count, size)
      counts[part] = count + 1
      if (count + 1 === size) this.#write(part)
    }
  }

  /** @throws PrescoreError `file_unwritable` */
  finish(): PartedRows {
    this.#writeAll()
    return { file: this.#file, columns: this.#columns, forms: this.#forms, pieces: Float64Array.from(this.#pieces) }
  }

  close(): void {
    closeSync(this.#handle)
  }

  get #exact(): readonly number[] {
    return this.#forms.at(-1) as readonly number[]
  }

  #makeReady(given: readonly Column[]): void {
    if (this.#texts.some(texts => texts?.isFull === true)) {
      this.#writeAll()
      for (const texts of this.#texts) texts?.clear()
    }
    const exact = this.#exact
    const more = given.flatMap((column, i) => (!isStringColumn(column) && column.exact !== undefined && !exact.includes(i) ? [i] : []))
    if (more.length === 0) return
    this.#writeAll()
    this.#held.fill(undefined)
    this.#forms.push([...exact, ...more])
  }

  #writeAll(): void {
    for (const part of this.#held.keys()) this.#write(part)
  }

  #write(part: number): void {
    const rows = this.#counts[part] as number
    if (rows === 0) return
    const held = this.#held[part] as Float64Array
    const size = this.#pieceRows
    const columns = Array.from({ length: held.length / size }, (_, i) => held.subarray(i * size, i * size + rows))
    const texts = this.#texts.flatMap((of, i) => (of === undefined ? [] : [of.takeFrom(columns[i] as Float64Array)]))
    const behind = texts.length === 0 ? NOTHING : Buffer.from(JSON.stringify(texts))
    const views = rows === size ? [held] : columns
    const bytes = columns.length * rows * DOUBLE_BYTES + behind.length
    written(this.#file, () => writeAllOf(this.#handle, behind.length === 0 ? views : [...views, behind], this.#end, bytes))
    this.#pieces.push(part, this.#end, rows, behind.length, this.#forms.length - 1)
    this.#end += bytes
    this.#counts[part] = 0
  }
}

const NOTHING = Buffer.alloc(0)

function exactOf({ values, exact }: NumberColumn, rows: number): BigInt64Array {
  return exact ?? BigInt64Array.from(values.subarray(0, rows), integerOf)
}

function wordsOf({ buffer, byteOffset, byteLength }: BigInt64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, byteLength / Int32Array.BYTES_PER_ELEMENT)
}

/** As words, since a double would not keep all bits. */
function putWords(words: readonly Int32Array[], row: number, { buffer, byteOffset }: Float64Array, from: number, size: number): void {
  const to = new Int32Array(buffer, byteOffset)
  words.forEach((own, i) => {
    const at = 2 * (from + i * size)
    to[at] = own[2 * row] as number
    to[at + 1] = own[2 * row + 1] as number
  })
}

function written<T>(file: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    throw unwritable(file, error)
  }
}

function writeAllOf(handle: number, views: readonly NodeJS.ArrayBufferView[], from: number, bytes: number): void {
  const done = writevSync(handle, views, from)
  if (done === bytes) return
  // Cut short by a signal, or by a disk that is full: what then fails says why.
  const all = Buffer.concat(views.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)))
  for (let at = done; at < bytes; ) at += writevSync(handle, [all.subarray(at)], from + at)
}
