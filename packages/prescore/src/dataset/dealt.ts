/** What the rows ask for, dealt to the parts of the keys. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import { columnBuffer, Division } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { RowsAside } from './aside.ts'
import type { Need, SharedScan } from './needs.ts'
import type { Asked } from './part.ts'
import { columnsBytes, compacted } from './pieces.ts'
import type { Prepared } from './prepare.ts'
import { Shelves } from './shelves.ts'

/** Some rows that ask for the same need, of one part. */
interface Slip {
  readonly need: number
  /** Counted over the whole set, ascending. */
  readonly rows: Float64Array
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
}

/** All slips of a part, put together. */
export interface PartAsked {
  readonly part: number
  readonly only: string | undefined
  readonly asked: readonly Asked[]
  /** By what is asked: its rows. */
  readonly rows: readonly Float64Array[]
}

export class Dealt {
  readonly parts: number
  readonly #needs: readonly Need[]
  readonly #scan: SharedScan
  readonly #division: Division
  readonly #shelves: Shelves<Slip>

  constructor(prepared: Prepared, needs: readonly Need[], scan: SharedScan, parts: number, prefix: string, room: number) {
    const groups = scan.needs.map(need => (needs[need] as Need).group)
    this.parts = parts
    this.#needs = needs
    this.#scan = scan
    this.#division = new Division(prepared.source(scan.source).at.definition, groups, parts)
    this.#shelves = new Shelves(prefix, room, ({ rows, keys }) => 16 * rows.length + columnsBytes(keys))
  }

  async deal(database: Database, aside: RowsAside): Promise<void> {
    for (let block = 0; block < aside.blocks; block++) {
      const chunk = aside.block(block)
      const { values: asOfUs } = chunk.columns.get('asOf') as NumberColumn
      for (const [at, need] of this.#scan.needs.entries()) {
        const { keys, shiftUs } = this.#needs[need] as Need
        const columns = keys(chunk)
        const partOf = await this.#division.partsOf(database, at, columns, chunk.rows)
        for (const [part, rows] of rowsByPart(partOf, this.parts).entries()) {
          if (rows.length === 0) continue
          this.#shelves.put(part, {
            need,
            rows: shifted(rows, block * aside.blockRows),
            keys: columns.map(column => compacted(column, rows)),
            asOfUs: taken(asOfUs, rows, shiftUs),
          })
        }
      }
    }
  }

  /** The parts, each taken off its shelf when its turn comes. */
  *take(): Generator<PartAsked> {
    for (let part = 0; part < this.parts; part++) {
      const slips = [...this.#shelves.read(part)]
      this.#shelves.drop(part)
      const needs = this.#scan.needs.filter(need => slips.some(slip => slip.need === need))
      if (needs.length === 0) continue
      const of = needs.map(need => slips.filter(slip => slip.need === need))
      yield {
        part,
        only: this.#division.condition([part]),
        asked: needs.map((need, i) => ({ need, ...together(of[i] as Slip[]) })),
        rows: of.map(each => joined(each.map(({ rows }) => rows))),
      }
    }
  }
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

function rowsByPart(partOf: Int32Array, parts: number): readonly Int32Array[] {
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
  const buffers = (first?.keys ?? []).map(({ type }) => columnBuffer(type))
  for (const { keys, rows } of slips) {
    const all = Int32Array.from(rows.keys())
    buffers.forEach((buffer, i) => buffer.append(keys[i] as Column, all))
  }
  return { keys: buffers.map(buffer => buffer.column()), asOfUs: joined(slips.map(({ asOfUs }) => asOfUs)) }
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
