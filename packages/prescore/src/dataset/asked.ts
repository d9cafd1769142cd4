/**
 * What the rows of a training set ask of each part of the keys: their keys and moments, by need, in the order of the rows. Parts that are
 * computed at once are kept as they are; of many parts the rows are sorted out in files, and read back when a part's turn comes.
 */
import type { Column } from '../expressions/index.ts'
import { columnBuffer } from '../history/index.ts'
import type { Asked } from './part.ts'
import { compacted } from './pieces.ts'

/** What the rows of a block ask for by one need. */
export interface BlockAsks {
  readonly need: number
  readonly block: number
  readonly keys: readonly Column[]
  /** May be longer than there are rows. */
  readonly asOfUs: Float64Array
  readonly rows: number
  /** By row. */
  readonly partOf: Int32Array
}

/** Of one need, all of a part. */
export interface AskedOfPart extends Omit<Asked, 'sheets'> {
  /** Whose it is: rows of all blocks are numbered one after the other; ascending. */
  readonly numbers: Float64Array
}

/** Blocks come in their order. */
export interface AskedRows {
  put(asks: BlockAsks): void
  /** Once all are there. */
  finish(): void
  /** By need, where any row asks for it. It is forgotten here. */
  take(part: number): readonly AskedOfPart[]
  /** What is left of it. */
  remove(): void
}

/** Of a block, what is asked of a part by one need. */
type Slip = AskedOfPart

/** In memory. */
export class AskedAtOnce implements AskedRows {
  readonly #slips: Slip[][]
  readonly #blockRows: number

  /** @param blockRows of each block but the last */
  constructor(parts: number, blockRows: number) {
    this.#blockRows = blockRows
    this.#slips = Array.from({ length: parts }, () => [])
  }

  put({ need, block, keys, asOfUs, rows, partOf }: BlockAsks): void {
    for (const [part, own] of rowsByPart(partOf, rows, this.#slips.length).entries()) {
      if (own.length === 0) continue
      const numbers = shifted(own, block * this.#blockRows)
      this.#slips[part]?.push({ need, numbers, keys: keys.map(column => compacted(column, own)), asOfUs: taken(asOfUs, own) })
    }
  }

  finish(): void {}

  take(part: number): readonly AskedOfPart[] {
    const slips = this.#slips[part]?.splice(0) ?? []
    return [...Map.groupBy(slips, ({ need }) => need).values()].map(together)
  }

  remove(): void {}
}

function shifted(rows: Int32Array, by: number): Float64Array {
  const numbers = new Float64Array(rows.length)
  for (let i = 0; i < numbers.length; i++) numbers[i] = (rows[i] as number) + by
  return numbers
}

function taken(values: Float64Array, rows: Int32Array): Float64Array {
  const some = new Float64Array(rows.length)
  for (let i = 0; i < some.length; i++) some[i] = values[rows[i] as number] as number
  return some
}

function rowsByPart(partOf: Int32Array, rows: number, parts: number): readonly Int32Array[] {
  const counts = new Int32Array(parts)
  for (let row = 0; row < rows; row++) {
    const part = partOf[row] as number
    counts[part] = (counts[part] as number) + 1
  }
  const byPart = Array.from(counts, count => new Int32Array(count))
  counts.fill(0)
  for (let row = 0; row < rows; row++) {
    const part = partOf[row] as number
    const at = counts[part] as number
    ;(byPart[part] as Int32Array)[at] = row
    counts[part] = at + 1
  }
  return byPart
}

/** @param slips of one need, at least one */
function together(slips: readonly Slip[]): AskedOfPart {
  const [first] = slips as readonly [Slip, ...Slip[]]
  if (slips.length === 1) return first
  const total = slips.reduce((sum, { numbers }) => sum + numbers.length, 0)
  const buffers = first.keys.map(({ type }) => columnBuffer(type, total))
  const numbers = new Float64Array(total)
  const asOfUs = new Float64Array(total)
  let at = 0
  for (const slip of slips) {
    buffers.forEach((buffer, i) => buffer.append(slip.keys[i] as Column, counted(slip.numbers.length)))
    numbers.set(slip.numbers, at)
    asOfUs.set(slip.asOfUs, at)
    at += slip.numbers.length
  }
  return { need: first.need, keys: buffers.map(buffer => buffer.column()), asOfUs, numbers }
}

/** 0, 1, 2 and so on. */
let numbered = new Int32Array(0)

export function counted(rows: number): Int32Array {
  if (numbered.length < rows) numbered = Int32Array.from({ length: 2 * rows }, (_, i) => i)
  return numbered.subarray(0, rows)
}
