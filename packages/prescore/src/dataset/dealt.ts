/** What the rows ask for, dealt to shares of the keys, of which the parts are made. */
import type { Chunk, Column, NumberColumn } from '../expressions/index.ts'
import { Division } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { RowsAside } from './aside.ts'
import type { AskedOfPart, AskedRows } from './asked.ts'
import type { Need, SharedScan } from './needs.ts'
import type { PartKeys } from './part.ts'
import type { Prepared } from './prepare.ts'

/** All that is asked of a part. */
export interface PartAsked {
  readonly part: number
  readonly keys: PartKeys
  readonly asked: readonly AskedOfPart[]
}

/** What a block asks for by one need. */
interface SharesAsked {
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
  readonly #asked: AskedRows

  constructor(prepared: Prepared, needs: readonly Need[], scan: SharedScan, parts: number, asked: AskedRows) {
    const groups = scan.needs.map(need => (needs[need] as Need).group)
    this.parts = parts
    this.#needs = needs
    this.#scan = scan
    this.#division = new Division(prepared.source(scan.source).at.definition, groups, parts * sharesOf(parts))
    this.#asked = asked
  }

  async deal(database: Database, aside: RowsAside): Promise<void> {
    this.#shares = await this.#sharesOfParts(database, aside)
    const { partOfShare } = this
    for (let block = 0; block < aside.blocks; block++)
      await aside.withBlock(block, async chunk => {
        for await (const { need, keys, shareOf, asOfUs } of this.#asksOf(database, chunk)) {
          this.#asked.put({ need, block, keys, asOfUs, rows: chunk.rows, partOf: partsOf(shareOf, partOfShare) })
        }
      })
    this.#asked.finish()
  }

  /** Of each share the part that has it; below 0: none. */
  get partOfShare(): Int32Array {
    const partOf = new Int32Array(this.#division.parts).fill(-1)
    this.#shares.forEach((shares, part) => {
      for (const share of shares) partOf[share] = part
    })
    return partOf
  }

  /** The parts, each forgotten when its turn comes. */
  *take(): Generator<PartAsked> {
    for (const [part, shares] of this.#shares.entries()) {
      const asked = this.#asked.take(part)
      if (asked.length > 0) yield { part, keys: { needs: this.#scan.needs, shares, of: this.#division.parts }, asked }
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

  async *#asksOf(database: Database, chunk: Chunk): AsyncGenerator<SharesAsked> {
    const { values } = chunk.columns.get('asOf') as NumberColumn
    for (const [at, number] of this.#scan.needs.entries()) {
      const need = this.#needs[number] as Need
      const keys = need.keys(chunk)
      const asOfUs = need.shiftUs === 0 ? values : values.map(us => us + need.shiftUs)
      yield { need: number, keys, shareOf: await this.#division.partsOf(database, at, keys, chunk.rows), asOfUs }
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

function partsOf(shareOf: Int32Array, partOfShare: Int32Array): Int32Array {
  const partOf = new Int32Array(shareOf.length)
  for (let row = 0; row < partOf.length; row++) partOf[row] = partOfShare[shareOf[row] as number] as number
  return partOf
}
