/** What was computed for the rows, put aside by block until the block's turn. */
import type { Column } from '../expressions/index.ts'
import type { PartAsked } from './dealt.ts'
import { type Piece, pieceBytes } from './pieces.ts'
import { Shelves } from './shelves.ts'

interface Result {
  readonly need: number
  readonly piece: Piece
}

export class Results {
  readonly #blockRows: number
  readonly #needs: number
  readonly #shelves: Shelves<Result>

  constructor(needs: number, blockRows: number, prefix: string, room: number) {
    this.#needs = needs
    this.#blockRows = blockRows
    this.#shelves = new Shelves(prefix, room, ({ piece }) => pieceBytes(piece))
  }

  put({ asked, rows }: PartAsked, features: readonly (readonly Column[])[]): void {
    asked.forEach(({ need }, i) => {
      const of = rows[i] as Float64Array
      for (let from = 0; from < of.length; ) {
        const block = Math.floor((of[from] as number) / this.#blockRows)
        const end = (block + 1) * this.#blockRows
        let to = from
        while (to < of.length && (of[to] as number) < end) to++
        const first = block * this.#blockRows
        const columns = (features[i] ?? []).map(column => range(column, from, to))
        this.#shelves.put(block, { need, piece: { rows: counted(of, from, to, first), columns } })
        from = to
      }
    })
  }

  /** The pieces of a block, by need; they are forgotten here. */
  take(block: number): readonly (readonly Piece[])[] {
    const pieces: Piece[][] = Array.from({ length: this.#needs }, () => [])
    for (const { need, piece } of this.#shelves.read(block)) pieces[need]?.push(piece)
    this.#shelves.drop(block)
    return pieces
  }
}

/** Rows [from, to), counted from the first of a block. */
function counted(rows: Float64Array, from: number, to: number, first: number): Int32Array {
  const own = new Int32Array(to - from)
  for (let i = 0; i < own.length; i++) own[i] = (rows[from + i] as number) - first
  return own
}

/** A copy, so that nothing holds on to the whole. */
function range(column: Column, from: number, to: number): Column {
  if ('codes' in column) return { ...column, codes: column.codes.slice(from, to) }
  const { exact } = column
  const values = column.values.slice(from, to)
  return exact === undefined ? { ...column, values } : { ...column, values, exact: exact.slice(from, to) }
}
