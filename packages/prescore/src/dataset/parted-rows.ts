/**
 * Rows of columns, sorted out to parts in a file as they come: of each part so many are held, and written together as a piece. So a part
 * is read back without the others, and what is in memory does not depend on how many rows there are.
 */
import { closeSync, openSync, writevSync } from 'node:fs'
import { readAll, unwritable } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn, type ValueType } from '../expressions/index.ts'

/** Of which part no row is. */
export const NO_PART = -1

export type ColumnTypes = readonly (readonly [name: string, type: ValueType])[]

/** Where the pieces of one or more parts lie. Plain data. */
export interface PartedRows {
  readonly file: string
  readonly columns: ColumnTypes
  /** Of each piece: its part, where it begins, its rows, and how many bytes its texts take behind them. */
  readonly pieces: Float64Array
}

const PIECE = 4
const DOUBLE_BYTES = Float64Array.BYTES_PER_ELEMENT

/** The pieces of one part. */
export function piecesOf({ file, columns, pieces }: PartedRows, part: number): PartedRows {
  const own: number[] = []
  for (let at = 0; at < pieces.length; at += PIECE) if (pieces[at] === part) own.push(...pieces.subarray(at, at + PIECE))
  return { file, columns, pieces: Float64Array.from(own) }
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
  /** By column, where it is one of texts: what its codes stand for. */
  readonly #texts: (PieceTexts | undefined)[]
  #end = 0

  /** @throws PrescoreError `file_unwritable` */
  constructor(file: string, columns: ColumnTypes, parts: number, pieceRows: number) {
    this.#file = file
    this.#columns = columns
    this.#pieceRows = pieceRows
    this.#held = new Array<Float64Array | undefined>(parts).fill(undefined)
    this.#counts = new Int32Array(parts)
    this.#texts = columns.map(([, { kind }]) => (kind === 'string' ? new PieceTexts() : undefined))
    this.#handle = written(file, () => openSync(file, 'wx'))
  }

  /**
   * @param partOf of each row; {@link NO_PART}: it is left out.
   * @returns whether it could be done: integers beyond doubles cannot, and nothing of the chunk is taken then.
   * @throws PrescoreError `file_unwritable`
   */
  append({ rows, columns }: Chunk, partOf: Int32Array): boolean {
    const given = this.#columns.map(([name]) => columns.get(name) as Column)
    if (given.some(column => !isStringColumn(column) && column.exact !== undefined)) return false
    this.#texts.forEach((texts, i) => {
      const { dictionary } = given[i] as StringColumn
      // What is held has codes of the texts before.
      if (texts !== undefined && texts.dictionary !== dictionary) {
        this.#writeAll()
        texts.dictionary = dictionary
      }
    })
    const values = given.map(column => (isStringColumn(column) ? column.codes : column.values))
    const [size, counts] = [this.#pieceRows, this.#counts]
    for (let row = 0; row < rows; row++) {
      const part = partOf[row] as number
      if (part < 0) continue
      let held = this.#held[part]
      if (held === undefined) this.#held[part] = held = new Float64Array(values.length * size)
      const count = counts[part] as number
      for (let i = 0, at = count; i < values.length; i++, at += size) held[at] = (values[i] as Float64Array)[row] as number
      counts[part] = count + 1
      if (count + 1 === size) this.#write(part)
    }
    return true
  }

  /** @throws PrescoreError `file_unwritable` */
  finish(): PartedRows {
    this.#writeAll()
    return { file: this.#file, columns: this.#columns, pieces: Float64Array.from(this.#pieces) }
  }

  close(): void {
    closeSync(this.#handle)
  }

  #writeAll(): void {
    for (const part of this.#held.keys()) this.#write(part)
  }

  #write(part: number): void {
    const rows = this.#counts[part] as number
    if (rows === 0) return
    const held = this.#held[part] as Float64Array
    const columns = this.#columns.map((_, i) => held.subarray(i * this.#pieceRows, i * this.#pieceRows + rows))
    const texts = this.#texts.flatMap((of, i) => (of === undefined ? [] : [of.takeFrom(columns[i] as Float64Array)]))
    const behind = texts.length === 0 ? NOTHING : Buffer.from(JSON.stringify(texts))
    const views = rows === this.#pieceRows ? [held] : columns
    const bytes = columns.length * rows * DOUBLE_BYTES + behind.length
    written(this.#file, () => writeAllOf(this.#handle, behind.length === 0 ? views : [...views, behind], this.#end, bytes))
    this.#pieces.push(part, this.#end, rows, behind.length)
    this.#end += bytes
    this.#counts[part] = 0
  }
}

const NOTHING = Buffer.alloc(0)

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

/** The texts of a piece: few of a dictionary that may be large. */
class PieceTexts {
  dictionary: readonly string[] | undefined
  /** By code: the piece in which it was met last, and its code there. */
  #pieceOf = new Int32Array(0)
  #codeOf = new Int32Array(0)
  #piece = 0

  /** Makes the codes those of the piece. @returns its texts */
  takeFrom(codes: Float64Array): readonly string[] {
    const dictionary = this.dictionary ?? []
    if (this.#pieceOf.length < dictionary.length) {
      this.#pieceOf = new Int32Array(2 * dictionary.length)
      this.#codeOf = new Int32Array(2 * dictionary.length)
    }
    const [pieceOf, codeOf, piece] = [this.#pieceOf, this.#codeOf, ++this.#piece]
    const texts: string[] = []
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] as number
      if (code < 0) continue
      if (pieceOf[code] !== piece) {
        pieceOf[code] = piece
        codeOf[code] = texts.push(dictionary[code] as string) - 1
      }
      codes[i] = codeOf[code] as number
    }
    return texts
  }
}

/** Piece by piece: a chunk, or an array of it, is kept by nobody when the next is asked for. */
export function* partedChunks({ file, columns, pieces }: PartedRows): Generator<Chunk> {
  if (pieces.length === 0) return
  const handle = openSync(file, 'r')
  const codesRoom = columns.map(() => new Int32Array(0))
  let room = new Float64Array(0)
  try {
    for (let at = 0; at < pieces.length; at += PIECE) {
      const [, from, rows, textBytes] = pieces.subarray(at, at + PIECE) as unknown as [number, number, number, number]
      const length = columns.length * rows
      const size = length + Math.ceil(textBytes / DOUBLE_BYTES)
      if (room.length < size) room = new Float64Array(size)
      const bytes = new Uint8Array(room.buffer, 0, length * DOUBLE_BYTES + textBytes)
      readAll(handle, bytes, from)
      const texts = textBytes === 0 ? [] : (JSON.parse(Buffer.from(room.buffer, length * DOUBLE_BYTES, textBytes).toString()) as string[][])
      let text = 0
      const of = columns.map(([name, type], i): readonly [string, Column] => {
        const values = room.subarray(i * rows, (i + 1) * rows)
        if (type.kind !== 'string') return [name, { type, values } satisfies NumberColumn]
        if ((codesRoom[i] as Int32Array).length < rows) codesRoom[i] = new Int32Array(rows)
        const codes = (codesRoom[i] as Int32Array).subarray(0, rows)
        codes.set(values)
        return [name, { type, codes, dictionary: texts[text++] ?? [] } satisfies StringColumn]
      })
      yield { rows, columns: new Map(of) }
    }
  } finally {
    closeSync(handle)
  }
}
