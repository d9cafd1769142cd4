/** Of many parts the rows that ask are sorted out in files, and read back when a part's turn comes. */
import { rmSync } from 'node:fs'
import type { Column, NumberColumn } from '../expressions/index.ts'
import { columnBuffer } from '../history/index.ts'
import { type AskedOfPart, type AskedRows, type BlockAsks, counted } from './asked.ts'
import { partedChunks } from './parted-chunks.ts'
import { type PartedRows, PartedWriter, piecesOf, rowsOf } from './parted-rows.ts'

const ROW = 'row'
const AS_OF = 'as of'
const MOMENT = { kind: 'timestamp' } as const
const COUNT = { kind: 'float64' } as const

/** How many numbers a row has in the file of a need. @param keyColumns of the need's entity */
export function askedWidth(keyColumns: number): number {
  return 2 + keyColumns
}

/** In a file for each need. */
export class AskedInFiles implements AskedRows {
  readonly #prefix: string
  readonly #parts: number
  readonly #pieceRows: number
  readonly #blockRows: number
  readonly #writers = new Map<number, PartedWriter>()
  #written: readonly (readonly [need: number, rows: PartedRows])[] = []

  /** @param pieceRows rows of a part that are written together @param blockRows of each block but the last */
  constructor(prefix: string, parts: number, pieceRows: number, blockRows: number) {
    this.#prefix = prefix
    this.#parts = parts
    this.#pieceRows = pieceRows
    this.#blockRows = blockRows
  }

  put({ need, block, keys, asOfUs, rows, partOf }: BlockAsks): void {
    let writer = this.#writers.get(need)
    if (writer === undefined) {
      const types = keys.map(({ type }, i) => [String(i), type] as const)
      writer = new PartedWriter(`${this.#prefix}-${need}`, [[ROW, COUNT], [AS_OF, MOMENT], ...types], this.#parts, this.#pieceRows)
      this.#writers.set(need, writer)
    }
    const numbers = new Float64Array(rows)
    for (let i = 0; i < rows; i++) numbers[i] = block * this.#blockRows + i
    const columns = new Map<string, Column>([
      [ROW, { type: COUNT, values: numbers }],
      [AS_OF, { type: MOMENT, values: asOfUs }],
      ...keys.map((column, i) => [String(i), column] as const),
    ])
    writer.append({ rows, columns }, partOf)
  }

  finish(): void {
    this.#written = [...this.#writers].map(([need, writer]) => [need, writer.finish()] as const)
    this.#close()
  }

  take(part: number): readonly AskedOfPart[] {
    return this.#written
      .map(([need, rows]) => [need, piecesOf(rows, part)] as const)
      .filter(([, { pieces }]) => pieces.length > 0)
      .map(([need, own]) => this.#read(need, own))
  }

  remove(): void {
    this.#close()
    for (const [, { file }] of this.#written) rmSync(file, { force: true })
  }

  #close(): void {
    for (const writer of this.#writers.values()) writer.close()
    this.#writers.clear()
  }

  #read(need: number, own: PartedRows): AskedOfPart {
    const total = rowsOf(own)
    const numbers = new Float64Array(total)
    const asOfUs = new Float64Array(total)
    const buffers = own.columns.slice(2).map(([, type]) => columnBuffer(type, total))
    let at = 0
    for (const { rows, columns } of partedChunks(own)) {
      numbers.set(numbersOf(columns.get(ROW)), at)
      asOfUs.set(numbersOf(columns.get(AS_OF)), at)
      buffers.forEach((buffer, i) => buffer.append(columns.get(String(i)) as Column, counted(rows)))
      at += rows
    }
    return { need, keys: buffers.map(buffer => buffer.column()), asOfUs, numbers }
  }
}

function numbersOf(column: Column | undefined): Float64Array {
  return (column as NumberColumn).values
}
