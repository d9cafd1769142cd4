import type { RescoredOf } from './rescored.ts'

/** Some rows of a rescored run. */
export interface MergedBlock {
  /** By row: its number among the earlier run's rows at hand, or −1 − its number among those of now since the last block. */
  readonly at: readonly number[]
  /** By row: whether it is taken over. */
  readonly isTaken: readonly boolean[]
  /** How many rows of now went by. */
  readonly now: number
}

/** The rows of a rescored run, in the order of their keys' bytes: those of the earlier run come one by one, and find the keys of now between. */
export class MergedRows {
  readonly #nowRows: number
  readonly #keyOf: (row: number) => Buffer
  readonly #only: RescoredOf['only']
  readonly rows = { failed: 0, missing: 0, taken: 0 }
  #next = 0
  /** The first row of now in this block. */
  #since = 0
  #nextKey: Buffer | undefined
  #at: number[] = []
  #isTaken: boolean[] = []

  /** @param keyOf of the rows of now, in the order of these keys; asked once for each. */
  constructor(nowRows: number, keyOf: (row: number) => Buffer, { only }: RescoredOf) {
    this.#nowRows = nowRows
    this.#keyOf = keyOf
    this.#only = only
    this.#look()
  }

  /** Whether a row of now comes before this key, or at all. */
  comesBefore(key?: Buffer): boolean {
    return this.#nextKey !== undefined && (key === undefined || Buffer.compare(this.#nextKey, key) < 0)
  }

  /** The next row of now: a key that the earlier run has not. @returns how many of now are in the block */
  come(): number {
    if (this.#only.includes('missing')) {
      this.rows.missing++
      this.#push(this.#ofNow(), false)
    }
    this.#step()
    return this.#next - this.#since
  }

  /** The next row of the earlier run, once no row of now comes before it. @returns whether it is computed anew */
  add(key: Buffer, row: number, isRejected: boolean): boolean {
    const isThere = this.#nextKey?.equals(key) === true
    const isFailed = isRejected && this.#only.includes('failed')
    if (isFailed) this.rows.failed++
    else this.rows.taken++
    // Computed as it is now, if the population still has it.
    this.#push(isFailed && isThere ? this.#ofNow() : row, !isFailed)
    if (isThere) this.#step()
    return isFailed
  }

  /** What has come since the last block. */
  block(): MergedBlock {
    const block = { at: this.#at, isTaken: this.#isTaken, now: this.#next - this.#since }
    this.#at = []
    this.#isTaken = []
    this.#since = this.#next
    return block
  }

  #ofNow(): number {
    return -1 - (this.#next - this.#since)
  }

  #push(at: number, isTaken: boolean): void {
    this.#at.push(at)
    this.#isTaken.push(isTaken)
  }

  #step(): void {
    this.#next++
    this.#look()
  }

  #look(): void {
    this.#nextKey = this.#next < this.#nowRows ? this.#keyOf(this.#next) : undefined
  }
}
