/** The last value, and the time since the last event: of all that came in, the latest serves every window that reaches it. */
import type { WindowColumn } from './extremes.ts'
import { isLater, type Ordered } from './order.ts'
import type { Lane, Memory } from './sweep.ts'

export class Latest implements Memory {
  readonly #events: Ordered
  readonly #last: readonly WindowColumn[]
  readonly #sinceLast: readonly WindowColumn[]
  #index = -1

  constructor({ timeline, values, texts }: Lane, last: readonly WindowColumn[], sinceLast: readonly WindowColumn[]) {
    this.#events = { timesUs: timeline.timesUs, ties: timeline.ties, values, texts }
    this.#last = last
    this.#sinceLast = sinceLast
  }

  clear(): void {
    this.#index = -1
  }

  enter(index: number): void {
    if (this.#index < 0 || isLater(this.#events, index, this.#index)) this.#index = index
  }

  answer(row: number, asOfUs: number, endUs: number): void {
    if (this.#index < 0) return
    const timeUs = this.#events.timesUs[this.#index]!
    for (const { window, values } of this.#last) {
      if (timeUs >= window.startUs(endUs)) values[row] = this.#events.values[this.#index]!
    }
    for (const { window, values } of this.#sinceLast) {
      if (timeUs >= window.startUs(endUs)) values[row] = asOfUs - timeUs
    }
  }
}
