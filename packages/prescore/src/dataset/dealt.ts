/** What the rows ask for, dealt to shares of the keys, of which the parts are made. */
import type { Chunk, Column, NumberColumn } from '../expressions/index.ts'
import { columnBuffer, Division } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { RowsAside } from './aside.ts'
import type { Need, SharedScan } from './needs.ts'
import type { Asked, PartKeys } from './part.ts'
import { columnsBytes, compacted } from './pieces.ts'
import type { Prepared } from './prepare.ts'
import { Shelves } from './shelves.ts'

/** The rows of a block that ask for the same need, of one part. */
interface Slip {
  readonly need: number
  readonly block: number
  /** Counted from the block's first, ascending. */
  readonly rows: Int32Array
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
}

/** All slips of a part, put together. */
export interface PartAsked {
  readonly part: number
  readonly keys: PartKeys
  readonly asked: readonly AskedOfPart[]
}

export interface AskedOfPart extends Omit<Asked, 'sheets'> {
  /** Of whose rows they are, one block after the other. */
  readonly blocks: readonly Pick<Slip, 'block' | 'rows'>[]
}

/** What a block asks for by one need. */
interface BlockAsks {
  readonly need: number
  readonly keys: readonly Column[]
  /** By row. */
  readonly shareOf: Int32Array
  readonly asOfUs: Float64Array
}

export class Dealt {
  readonly parts: number
  readonly #needs: readonly Need[]
  readonly #scan: SharedScan
  readonly #division: Division
  /** The shares of each part. */
  #shares: readonly (readonly number[])[] = []
  readonly #shelves: Shelves<Slip>

  constructor(prepared: Prepared, needs: readonly Need[], scan: SharedScan, parts: number, prefix: string, room: number) {
    const groups = scan.needs.map(need => (needs[need] as Need).group)
    this.parts = parts
    this.#needs = needs
    this.#scan = scan
    this.#division = new Division(prepared.source(scan.source).at.definition, groups, parts * sharesOf(parts))
    this.#shelves = new Shelves(prefix, room, ({ rows, keys }) => 12 * rows.length + columnsBytes(keys))
  }

  async deal(database: Database, aside: RowsAside): Promise<void> {
    this.#shares = await this.#sharesOfParts(database, aside)
    const { partOfShare } = this
    for (let block = 0; block < aside.blocks; block++)
      await aside.withBlock(block, async chunk => {
        for await (const asks of this.#asksOf(database, chunk)) this.#put(block, asks, partOfShare)
      })
  }

  #put(block: number, { need, keys, shareOf, asOfUs }: BlockAsks, partOfShare: Int32Array): void {
    const { shiftUs } = this.#needs[need] as Need
    for (const [part, rows] of rowsByPart(shareOf, partOfShare, this.parts).entries()) {
      if (rows.length === 0) continue
      const asked = { keys: keys.map(column => compacted(column, rows)), asOfUs: taken(asOfUs, rows, shiftUs) }
      this.#shelves.put(part, { need, block, rows, ...asked })
    }
  }

  /** Of each share the part that has it; below 0: none. */
  get partOfShare(): Int32Array {
    const partOf = new Int32Array(this.#division.parts).fill(-1)
    this.#shares.forEach((shares, part) => {
      for (const share of shares) partOf[share] = part
    })
    return partOf
  }

  /** The parts, each taken off its shelf when its turn comes. */
  *take(): Generator<PartAsked> {
    for (const [part, shares] of this.#shares.entries()) {
      const slips = [...this.#shelves.read(part)]
      this.#shelves.drop(part)
      const of = this.#scan.needs.map(need => slips.filter(slip => slip.need === need)).filter(own => own.length > 0)
      if (of.length === 0) continue
      yield {
        part,
        keys: { needs: this.#scan.needs, shares, of: this.#division.parts },
        asked: of.map(own => ({
          need: (own[0] as Slip).need,
          ...together(own),
          blocks: own.map(({ block, rows }) => ({ block, rows })),
        })),
      }
    }
  }

  /** Where a part has several shares, by how many rows ask for keys of each. */
  async #sharesOfParts(database: Database, aside: RowsAside): Promise<readonly (readonly number[])[]> {
    if (this.#division.parts === this.parts) return Array.from({ length: this.parts }, (_, part) => [part])
    const sizes = new Float64Array(this.#division.parts)
    for (let block = 0; block < aside.blocks; block++)
      await aside.withBlock(block, async chunk => {
        for await (const { shareOf } of this.#asksOf(database, chunk))
          for (let row = 0; row < shareOf.length; row++) sizes[shareOf[row] as number] = (sizes[shareOf[row] as number] as number) + 1
      })
    return balanced(sizes, this.parts)
  }

  async *#asksOf(database: Database, chunk: Chunk): AsyncGenerator<BlockAsks> {
    const { values: asOfUs } = chunk.columns.get('asOf') as NumberColumn
    for (const [at, need] of this.#scan.needs.entries()) {
      const keys = (this.#needs[need] as Need).keys(chunk)
      yield { need, keys, shareOf: await this.#division.partsOf(database, at, keys, chunk.rows), asOfUs }
    }
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

function taken(values: Float64Array, rows: Int32Array, shift: number): Float64Array {
  const some = new Float64Array(rows.length)
  for (let i = 0; i < some.length; i++) some[i] = (values[rows[i] as number] as number) + shift
  return some
}

function rowsByPart(shareOf: Int32Array, partOfShare: Int32Array, parts: number): readonly Int32Array[] {
  const counts = new Int32Array(parts)
  for (let row = 0; row < shareOf.length; row++) {
    const part = partOfShare[shareOf[row] as number] as number
    counts[part] = (counts[part] as number) + 1
  }
  const rows = Array.from(counts, count => new Int32Array(count))
  counts.fill(0)
  for (let row = 0; row < shareOf.length; row++) {
    const part = partOfShare[shareOf[row] as number] as number
    const at = counts[part] as number
    ;(rows[part] as Int32Array)[at] = row
    counts[part] = at + 1
  }
  return rows
}

function together(slips: readonly Slip[]): Pick<Asked, 'keys' | 'asOfUs'> {
  const [first] = slips
  if (first !== undefined && slips.length === 1) return { keys: first.keys, asOfUs: first.asOfUs }
  const total = slips.reduce((sum, { rows }) => sum + rows.length, 0)
  const buffers = (first?.keys ?? []).map(({ type }) => columnBuffer(type, total))
  const all = counted(Math.max(0, ...slips.map(({ rows }) => rows.length)))
  for (const { keys, rows } of slips) buffers.forEach((buffer, i) => buffer.append(keys[i] as Column, all.subarray(0, rows.length)))
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
