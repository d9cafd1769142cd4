/** What was computed for the rows, put aside by block until the block's turn. */
import type { PartAsked } from './dealt.ts'
import type { PartDone } from './part.ts'
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

  /** @param features as the part was asked for them. */
  put({ asked, rows }: PartAsked, features: PartDone['features']): void {
    asked.forEach(({ need, ends }, i) => {
      const of = rows[i] as Float64Array
      ends.forEach((end, piece) => {
        const from = ends[piece - 1] ?? 0
        const block = Math.floor((of[from] as number) / this.#blockRows)
        const columns = features[i]?.[piece] ?? []
        this.#shelves.put(block, { need, piece: { rows: counted(of, from, end, block * this.#blockRows), columns } })
      })
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
