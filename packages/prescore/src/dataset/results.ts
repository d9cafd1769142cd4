/**
 * What was computed for the rows, kept by block until the block's turn: while there is room, in columns that all parts write to; beyond it,
 * in files that each part writes. Results that are texts are pieces that parts hand over.
 */
import { featureTypes, rowScope, type SourceDefinition } from '../project/index.ts'
import type { PartAsked } from './dealt.ts'
import type { Need } from './needs.ts'
import type { Asked, AskedSheet, PartDone } from './part.ts'
import { type Piece, pieceBytes } from './pieces.ts'
import type { RecordRun } from './records.ts'
import { type ResultsSize, SharedBlocks } from './shared-blocks.ts'
import type { SharedColumns } from './shared-columns.ts'
import { Shelves } from './shelves.ts'

/** What there is of one need for the rows of a block. */
export interface BlockResult {
  /** All of it; undefined: it is in the records and the pieces. */
  readonly shared: SharedColumns | undefined
  readonly records: readonly RecordRun[]
  readonly pieces: readonly Piece[]
}

interface Result {
  readonly need: number
  readonly piece: Piece
}

export class Results {
  readonly #size: ResultsSize
  /** By need: how many columns it has, if all are numbers. */
  readonly #widths: readonly (number | undefined)[]
  readonly #shared: SharedBlocks
  readonly #shelves: Shelves<Result>
  readonly #prefix: string
  /** By need: each part's file, and of each block the number of its first record there. */
  readonly #records: readonly { readonly file: string; readonly starts: Int32Array }[][]

  /** @param source of a name. @param prefix of the paths of files */
  constructor(needs: readonly Need[], source: (name: string) => SourceDefinition, size: ResultsSize, prefix: string) {
    this.#size = size
    this.#prefix = prefix
    this.#widths = needs.map(({ group }) => {
      const types = [...featureTypes(group, rowScope(source(group.source))).values()]
      return types.some(({ kind }) => kind === 'string') ? undefined : types.length
    })
    this.#records = needs.map(() => [])
    this.#shared = new SharedBlocks(this.#widths, size)
    this.#shelves = new Shelves(prefix, size.room - this.#shared.bytes, ({ piece }) => pieceBytes(piece))
  }

  /** What a part is asked: also where its answers go. */
  asked(part: PartAsked): readonly Asked[] {
    return part.asked.map(({ numbers, ...rest }) => {
      const { need } = rest
      if (this.#widths[need] === undefined) return { ...rest, sheets: this.#byBlock(numbers).map(({ rows }) => ({ queries: rows.length })) }
      const own = this.#sharedOf(numbers)
      const shared = this.#byBlock(numbers.subarray(0, own)).map(({ block, rows }) => {
        return { queries: rows.length, rows, shared: this.#shared.of(block)?.[need] as SharedColumns }
      })
      const others = numbers.subarray(own)
      return { ...rest, sheets: others.length === 0 ? shared : [...shared, this.#storedSheet(others, this.#fileOf(part, need))] }
    })
  }

  /** @param features as the part was asked for them. */
  put(part: PartAsked, features: PartDone['features']): void {
    part.asked.forEach(({ need, numbers }, i) => {
      if (this.#widths[need] !== undefined) {
        this.#records[need]?.push({ file: this.#fileOf(part, need), starts: this.#startsOf(numbers.subarray(this.#sharedOf(numbers))) })
        return
      }
      this.#byBlock(numbers).forEach(({ block, rows }, piece) => {
        this.#shelves.put(block, { need, piece: { rows, columns: features[i]?.[piece] ?? [] } })
      })
    })
  }

  /** How many of the rows are of blocks whose columns all parts write to, which are the first. */
  #sharedOf(numbers: Float64Array): number {
    const end = this.#shared.blocks * this.#size.blockRows
    let [low, high] = [0, numbers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((numbers[middle] as number) < end) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The rows of each block, counted from its first. */
  #byBlock(numbers: Float64Array): readonly { readonly block: number; readonly rows: Int32Array }[] {
    const { blockRows } = this.#size
    const blocks: { block: number; rows: Int32Array }[] = []
    for (let from = 0; from < numbers.length; ) {
      const block = Math.floor((numbers[from] as number) / blockRows)
      let to = from
      while (to < numbers.length && (numbers[to] as number) < (block + 1) * blockRows) to++
      blocks.push({ block, rows: this.#placesOf(numbers.subarray(from, to)) })
      from = to
    }
    return blocks
  }

  #placesOf(numbers: Float64Array): Int32Array {
    const { blockRows } = this.#size
    const places = new Int32Array(numbers.length)
    // Ascending, so that it is seldom divided.
    let [from, end] = [0, 0]
    for (let i = 0; i < places.length; i++) {
      const number = numbers[i] as number
      if (number >= end) {
        from = number - (number % blockRows)
        end = from + blockRows
      }
      places[i] = number - from
    }
    return places
  }

  #storedSheet(numbers: Float64Array, file: string): AskedSheet {
    return { queries: numbers.length, rows: this.#placesOf(numbers), file }
  }

  #startsOf(numbers: Float64Array): Int32Array {
    const { rows, blockRows } = this.#size
    const starts = new Int32Array(Math.ceil(rows / blockRows) + 1)
    for (const number of numbers) {
      const block = Math.floor(number / blockRows)
      starts[block + 1] = (starts[block + 1] as number) + 1
    }
    for (let block = 1; block < starts.length; block++) starts[block] = (starts[block] as number) + (starts[block - 1] as number)
    return starts
  }

  #fileOf({ part }: PartAsked, need: number): string {
    return `${this.#prefix}-of-need-${need}-${part}`
  }

  /** What there is for a block, by need; it is forgotten here. */
  take(block: number): readonly BlockResult[] {
    const pieces: Piece[][] = this.#widths.map(() => [])
    for (const { need, piece } of this.#shelves.read(block)) pieces[need]?.push(piece)
    this.#shelves.drop(block)
    const shared = this.#shared.of(block)
    this.#shared.drop(block)
    return pieces.map((own, need) => ({ shared: shared?.[need], records: this.#runsOf(block, need), pieces: own }))
  }

  #runsOf(block: number, need: number): readonly RecordRun[] {
    return (this.#records[need] ?? []).flatMap(({ file, starts }) => {
      const [from, end] = [starts[block] ?? 0, starts[block + 1] ?? 0]
      return end > from ? [{ file, from, records: end - from }] : []
    })
  }
}
