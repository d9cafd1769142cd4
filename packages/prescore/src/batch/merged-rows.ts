import type { RescoredOf } from './rescored.ts'

/** The rows of a rescored run, in the order of their keys' bytes: those of the earlier run come one by one, and find the keys of now between. */
export class MergedRows {
  /** By row: its number in the earlier run where it is taken over, else -1. */
  readonly taken: number[] = []
  /** By row: where its key and inputs stand, in the earlier population with that of now behind it. */
  readonly at: number[] = []
  /** Numbers in the earlier run of rows that are computed anew. */
  readonly failed: number[] = []
  missing = 0
  readonly #earlierRows: number
  readonly #now: readonly Buffer[]
  readonly #only: RescoredOf['only']
  #before = 0
  #next = 0

  constructor(earlierRows: number, now: readonly Buffer[], { only }: RescoredOf) {
    this.#earlierRows = earlierRows
    this.#now = now
    this.#only = only
  }

  /** The next row of the earlier run. */
  add(key: Buffer, isRejected: boolean): void {
    while (this.#orderOfNext(key) < 0) this.#come()
    const isThere = this.#orderOfNext(key) === 0
    const before = this.#before++
    if (isRejected && this.#only.includes('failed')) {
      this.failed.push(before)
      this.#push(-1, isThere ? this.#earlierRows + this.#next : before)
    } else this.#push(before, before)
    if (isThere) this.#next++
  }

  /** After the last row of the earlier run. */
  end(): void {
    while (this.#next < this.#now.length) this.#come()
  }

  /** A key that the earlier run has not. */
  #come(): void {
    const next = this.#next++
    if (!this.#only.includes('missing')) return
    this.missing++
    this.#push(-1, this.#earlierRows + next)
  }

  #push(taken: number, at: number): void {
    this.taken.push(taken)
    this.at.push(at)
  }

  #orderOfNext(key: Buffer): number {
    const next = this.#now[this.#next]
    return next === undefined ? 1 : Buffer.compare(next, key)
  }
}
