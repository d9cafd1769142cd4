/**
 * What was computed for the rows, kept by block until the block's turn: while there is room, in columns that all parts write to; beyond it,
 * as the pieces that they hand over.
 */
import { featureTypes, rowScope, type SourceDefinition } from '../project/index.ts'
import type { PartAsked } from './dealt.ts'
import type { Need } from './needs.ts'
import type { Asked, PartDone } from './part.ts'
import { type Piece, pieceBytes } from './pieces.ts'
import { type SharedColumns, sharedColumns } from './shared-columns.ts'
import { Shelves } from './shelves.ts'

/** What there is of one need for the rows of a block. */
export interface BlockResult {
  /** All of it; undefined: it is in the pieces. */
  readonly shared: SharedColumns | undefined
  readonly pieces: readonly Piece[]
}

export interface ResultsSize {
  readonly rows: number
  readonly blockRows: number
  /** Bytes that may stay in memory. */
  readonly room: number
}

interface Result {
  readonly need: number
  readonly piece: Piece
}

export class Results {
  readonly #size: ResultsSize
  /** By need: how many columns it has, if all are numbers. */
  readonly #widths: readonly (number | undefined)[]
  /** By block and need. */
  readonly #shared = new Map<number, (SharedColumns | undefined)[]>()
  readonly #shelves: Shelves<Result>

  /** @param source of a name. @param prefix of the paths of files */
  constructor(needs: readonly Need[], source: (name: string) => SourceDefinition, size: ResultsSize, prefix: string) {
    this.#size = size
    this.#widths = needs.map(({ group }) => {
      const types = [...featureTypes(group, rowScope(source(group.source))).values()]
      return types.some(({ kind }) => kind === 'string') ? undefined : types.length
    })
    const shared = this.#share(size.room)
    this.#shelves = new Shelves(prefix, size.room - shared, ({ piece }) => pieceBytes(piece))
  }

  /** What a part is asked: also where its answers go. */
  asked({ asked }: PartAsked): readonly Asked[] {
    return asked.map(({ blocks, ...rest }) => {
      const sheets = blocks.map(({ block, rows }) => {
        const shared = this.#shared.get(block)?.[rest.need]
        return shared === undefined ? { queries: rows.length } : { queries: rows.length, shared, rows }
      })
      return { ...rest, sheets }
    })
  }

  /** @param features as the part was asked for them. */
  put({ asked }: PartAsked, features: PartDone['features']): void {
    asked.forEach(({ need, blocks }, i) => {
      blocks.forEach(({ block, rows }, piece) => {
        if (this.#shared.get(block)?.[need] !== undefined) return
        this.#shelves.put(block, { need, piece: { rows, columns: features[i]?.[piece] ?? [] } })
      })
    })
  }

  /** What there is for a block, by need; it is forgotten here. */
  take(block: number): readonly BlockResult[] {
    const pieces: Piece[][] = this.#widths.map(() => [])
    for (const { need, piece } of this.#shelves.read(block)) pieces[need]?.push(piece)
    this.#shelves.drop(block)
    const shared = this.#shared.get(block)
    this.#shared.delete(block)
    return pieces.map((own, need) => ({ shared: shared?.[need], pieces: own }))
  }

  /** The first blocks, as many as there is room for. @returns how much of it they take. */
  #share(room: number): number {
    const { rows, blockRows } = this.#size
    let taken = 0
    for (let block = 0; block * blockRows < rows; block++) {
      const own = Math.min(blockRows, rows - block * blockRows)
      const bytes = this.#widths.reduce((sum: number, width = 0) => sum + 8 * own * width, 0)
      if (taken + bytes > room) break
      taken += bytes
      this.#shared.set(
        block,
        this.#widths.map(width => (width === undefined ? undefined : sharedColumns(own, width))),
      )
    }
    return taken
  }
}
