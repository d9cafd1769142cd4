/** The first values, and the last but some: all that came in stays in order, and what is at or after the start of a window is in it. */
import type { WindowColumn } from './extremes.ts'
import { isLater, type Ordered } from './order.ts'
import type { Lane, Memory } from './sweep.ts'

/** A cell that wants the last value but some: rank 1 is the last. */
export interface RankedColumn extends WindowColumn {
  readonly rank: number
}

export class InOrder implements Memory {
  readonly #events: Ordered
  readonly #first: readonly WindowColumn[]
  readonly #last: readonly RankedColumn[]
  /** Events of the key, from the first to the last. */
  #indexes = new Int32Array(16)
  #size = 0

  constructor({ timeline, values, texts }: Lane, first: readonly WindowColumn[], last: readonly RankedColumn[]) {
    this.#events = { timesUs: timeline.timesUs, ties: timeline.ties, values, texts }
    this.#first = first
    this.#last = last
  }

  clear(): void {
    this.#size = 0
  }

  enter(index: number): void {
    if (this.#size === this.#indexes.length) this.#grow()
    const at = this.#placeOf(index)
    if (at < this.#size) this.#indexes.copyWithin(at + 1, at, this.#size)
    this.#indexes[at] = index
    this.#size++
  }

  answer(row: number, _asOfUs: number, endUs: number): void {
    for (const { window, values } of this.#first) {
      const at = this.#firstSince(window.startUs(endUs))
      if (at < this.#size) values[row] = this.#events.values[this.#indexes[at]!]!
    }
    for (const { window, values, rank } of this.#last) {
      if (rank > this.#size) continue
      const event = this.#indexes[this.#size - rank]!
      if (this.#events.timesUs[event]! >= window.startUs(endUs)) values[row] = this.#events.values[event]!
    }
  }

  /** After all that are not later. Most events are the latest so far. */
  #placeOf(index: number): number {
    let low = 0
    let high = this.#size
    if (high === 0 || !isLater(this.#events, this.#indexes[high - 1]!, index)) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isLater(this.#events, this.#indexes[middle]!, index)) high = middle
      else low = middle + 1
    }
    return low
  }

  #firstSince(timeUs: number): number {
    const { timesUs } = this.#events
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (timesUs[this.#indexes[middle]!]! < timeUs) low = middle + 1
      else high = middle
    }
    return low
  }

  #grow(): void {
    const indexes = new Int32Array(2 * this.#indexes.length)
    indexes.set(this.#indexes)
    this.#indexes = indexes
  }
}
