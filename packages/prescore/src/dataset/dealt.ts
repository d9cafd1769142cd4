/** What the rows ask for, dealt to shares of the keys, of which the parts are made. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import { columnBuffer, Division } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { RowsAside } from './aside.ts'
import type { Need, SharedScan } from './needs.ts'
import type { Asked } from './part.ts'
import { columnsBytes, compacted } from './pieces.ts'
import type { Prepared } from './prepare.ts'
import { Shelves } from './shelves.ts'

/** Some rows of a block that ask for the same need, of one share of the keys. */
interface Slip {
  readonly need: number
  readonly block: number
  /** Counted over the whole set, ascending. */
  readonly rows: Float64Array
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
}

/** All slips of a part, put together. */
export interface PartAsked {
  readonly part: number
  readonly only: string | undefined
  readonly asked: readonly AskedOfPart[]
  /** By what is asked: its rows. */
  readonly rows: readonly Float64Array[]
}

export interface AskedOfPart extends Omit<Asked, 'sheets'> {
  /** Ascending: where rows of another block begin; the last is the number of rows. */
  readonly ends: readonly number[]
}

export class Dealt {
  readonly parts: number
  readonly #needs: readonly Need[]
  readonly #scan: SharedScan
  readonly #division: Division
  /** How many rows asked for keys of each share. */
  readonly #askedOf: Float64Array
  #blockRows = 0
  readonly #shelves: Shelves<Slip>

  constructor(prepared: Prepared, needs: readonly Need[], scan: SharedScan, parts: number, prefix: string, room: number) {
    const groups = scan.needs.map(need => (needs[need] as Need).group)
    this.parts = parts
    this.#needs = needs
    this.#scan = scan
    const shares = parts * sharesOf(parts)
    this.#division = new Division(prepared.source(scan.source).at.definition, groups, shares)
    this.#askedOf = new Float64Array(shares)
    this.#shelves = new Shelves(prefix, room, ({ rows, keys }) => 16 * rows.length + columnsBytes(keys))
  }

  async deal(database: Database, aside: RowsAside): Promise<void> {
    this.#blockRows = aside.blockRows
    for (let block = 0; block < aside.blocks; block++) {
      const chunk = aside.block(block)
      const { values: asOfUs } = chunk.columns.get('asOf') as NumberColumn
      for (const [at, need] of this.#scan.needs.entries()) {
        const { keys, shiftUs } = this.#needs[need] as Need
        const columns = keys(chunk)
        const shareOf = await this.#division.partsOf(database, at, columns, chunk.rows)
        for (const [share, rows] of rowsByShare(shareOf, this.#askedOf.length).entries()) {
          if (rows.length === 0) continue
          this.#askedOf[share] = (this.#askedOf[share] as number) + rows.length
          this.#shelves.put(share, {
            need,
            block,
            rows: shifted(rows, block * aside.blockRows),
            keys: columns.map(column => compacted(column, rows)),
            asOfUs: taken(asOfUs, rows, shiftUs),
          })
        }
      }
    }
  }

  /** The parts, each taken off its shelves when its turn comes. */
  *take(): Generator<PartAsked> {
    for (const [part, shares] of balanced(this.#askedOf, this.parts).entries()) {
      const slips = shares.flatMap(share => [...this.#shelves.read(share)]).sort((a, b) => a.block - b.block)
      for (const share of shares) this.#shelves.drop(share)
      const needs = this.#scan.needs.filter(need => slips.some(slip => slip.need === need))
      if (needs.length === 0) continue
      const of = needs.map(need => slips.filter(slip => slip.need === need))
      const rows = of.map(each => joined(each.map(({ rows }) => rows)))
      yield {
        part,
        only: this.#division.condition(shares),
        asked: needs.map((need, i) => ({ need, ...together(of[i] as Slip[]), ends: this.#blockEnds(rows[i] as Float64Array) })),
        rows,
      }
    }
  }

  #blockEnds(rows: Float64Array): readonly number[] {
    const ends: number[] = []
    const nextBlock = (row: number) => (Math.floor((rows[row] as number) / this.#blockRows) + 1) * this.#blockRows
    let next = rows.length === 0 ? 0 : nextBlock(0)
    for (let row = 1; row < rows.length; row++) {
      if ((rows[row] as number) < next) continue
      ends.push(row)
      next = nextBlock(row)
    }
    return [...ends, rows.length]
  }
}

/** Shares in all, where there are few parts: so many that each part gets about as many rows as the others. */
const SHARES = 64

/** Into how many shares a part is divided. */
function sharesOf(parts: number): number {
  return parts === 1 ? 1 : Math.max(1, Math.floor(SHARES / parts))
}

/** The shares of each part: the largest first, each to the part that has least. Of a share without rows nothing is needed. */
function balanced(sizes: Float64Array, parts: number): readonly (readonly number[])[] {
  const shares: number[][] = Array.from({ length: parts }, () => [])
  const filled = new Float64Array(parts)
  const largestFirst = [...sizes.keys()]
    .filter(share => (sizes[share] as number) > 0)
    .sort((a, b) => (sizes[b] as number) - (sizes[a] as number))
  for (const share of largestFirst) {
    const part = filled.indexOf(Math.min(...filled))
    shares[part]?.push(share)
    filled[part] = (filled[part] as number) + (sizes[share] as number)
  }
  return shares
}

function shifted(rows: Int32Array, by: number): Float64Array {
  const all = new Float64Array(rows.length)
  for (let i = 0; i < all.length; i++) all[i] = (rows[i] as number) + by
  return all
}

function taken(values: Float64Array, rows: Int32Array, shift: number): Float64Array {
  const some = new Float64Array(rows.length)
  for (let i = 0; i < some.length; i++) some[i] = (values[rows[i] as number] as number) + shift
  return some
}

function rowsByShare(partOf: Int32Array, parts: number): readonly Int32Array[] {
  const counts = new Int32Array(parts)
  for (let row = 0; row < partOf.length; row++) {
    const part = partOf[row] as number
    counts[part] = (counts[part] as number) + 1
  }
  const rows = Array.from(counts, count => new Int32Array(count))
  counts.fill(0)
  for (let row = 0; row < partOf.length; row++) {
    const part = partOf[row] as number
    const at = counts[part] as number
    ;(rows[part] as Int32Array)[at] = row
    counts[part] = at + 1
  }
  return rows
}

function together(slips: readonly Slip[]): Pick<Asked, 'keys' | 'asOfUs'> {
  const [first] = slips
  if (first !== undefined && slips.length === 1) return first
  const total = slips.reduce((sum, { rows }) => sum + rows.length, 0)
  const buffers = (first?.keys ?? []).map(({ type }) => columnBuffer(type, total))
  for (const { keys, rows } of slips) {
    const all = counted(rows.length)
    buffers.forEach((buffer, i) => buffer.append(keys[i] as Column, all))
  }
  return { keys: buffers.map(buffer => buffer.column()), asOfUs: joined(slips.map(({ asOfUs }) => asOfUs)) }
}

function counted(rows: number): Int32Array {
  const all = new Int32Array(rows)
  for (let i = 0; i < rows; i++) all[i] = i
  return all
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((length, each) => length + each.length, 0))
  let at = 0
  for (const each of arrays) {
    all.set(each, at)
    at += each.length
  }
  return all
}
