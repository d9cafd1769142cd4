/**
 * Forgets blocks whose events are all too old, or puts them into what is settled, also of keys that get no events any more: a
 * walk over the stored blocks that goes on a little at each commit, so fast that all were looked at when half of the longest window has passed.
 */
import type { GroupTable } from './group-table.ts'
import type { Retention } from './growth.ts'
import type { RecordCodec } from './record.ts'

/** A few milliseconds of work. */
const BLOCKS_AT_ONCE_MAX = 2000

export class Sweep {
  readonly #table: GroupTable
  readonly #codec: RecordCodec
  readonly #roundUs: number
  /** From where on to look. */
  #from: Buffer | undefined
  #reachedUs: number | undefined
  #owed = 0

  /** @param longestUs how long an event counts. */
  constructor(table: GroupTable, codec: RecordCodec, longestUs: number) {
    this.#table = table
    this.#codec = codec
    this.#roundUs = Math.max(1, longestUs / 2)
  }

  goOn(retention: Retention): void {
    const momentUs = Math.max(retention.fromUs, retention.settledBeforeUs)
    if (momentUs === Number.NEGATIVE_INFINITY) return
    const passedUs = momentUs - (this.#reachedUs ?? momentUs)
    this.#reachedUs = momentUs
    if (passedUs > 0) {
      const all = this.#table.storedBlocks()
      this.#owed = Math.min(all + 1, this.#owed + (all * passedUs) / this.#roundUs)
    }
    const count = Math.min(Math.floor(this.#owed), BLOCKS_AT_ONCE_MAX)
    if (count > 0) this.#look(count, retention)
  }

  #look(count: number, retention: Retention): void {
    const blocks = this.#table.blocksFrom(this.#from, count)
    const last = blocks.at(-1)?.key
    this.#from = blocks.length < count || last === undefined ? undefined : Buffer.concat([last, Buffer.of(0)])
    this.#owed -= count
    if (retention.settledBeforeUs > Number.NEGATIVE_INFINITY) {
      this.#settle(blocks)
      return
    }
    const expired = blocks.filter(({ value }) => this.#codec.lastUs(value) < retention.fromUs)
    this.#table.expire(expired.map(({ key }) => Buffer.from(key)))
  }

  /** Nothing goes but into what is settled of its key. */
  #settle(blocks: readonly { readonly key: Buffer; readonly value: Buffer }[]): void {
    const keys = blocks.filter(({ value }) => this.#codec.hasMore(value)).map(({ key }) => Buffer.from(key))
    for (const key of keys) this.#table.retain(key)
  }
}
