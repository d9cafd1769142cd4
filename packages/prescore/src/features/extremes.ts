/**
 * Greatest (or least) values of windows. A staircase keeps only the events that can still be the greatest of some
 * window: none that is later has a greater value. Late events find their step by binary search.
 */
import type { Lane, Memory } from './sweep.ts'
import type { Window } from './windows.ts'

/** A window of a lane and the column to write, by query row. */
export interface WindowColumn {
  readonly window: Window
  readonly values: Float64Array
}

/** Event times rise, values strictly fall: the first step at or after a moment has the greatest value since. */
class Staircase {
  #timesUs = new Float64Array(16)
  #values = new Float64Array(16)
  #size = 0

  clear(): void {
    this.#size = 0
  }

  add(timeUs: number, value: number): void {
    const after = this.#firstSince(timeUs)
    if (after < this.#size && this.#values[after]! >= value) return
    let at = after
    while (at > 0 && this.#values[at - 1]! <= value) at--
    this.#replace(at, after, timeUs, value)
  }

  /** NaN when there is no event since then. */
  greatestSince(timeUs: number): number {
    const step = this.#firstSince(timeUs)
    return step < this.#size ? this.#values[step]! : Number.NaN
  }

  #firstSince(timeUs: number): number {
    const timesUs = this.#timesUs
    let low = 0
    let high = this.#size
    if (high === 0 || timesUs[high - 1]! < timeUs) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      if (timesUs[middle]! < timeUs) low = middle + 1
      else high = middle
    }
    return low
  }

  /** One step in the place of those from `at` to before `end`. */
  #replace(at: number, end: number, timeUs: number, value: number): void {
    const size = this.#size + 1 - (end - at)
    if (size > this.#values.length) this.#grow()
    if (end < this.#size && end !== at + 1) {
      this.#timesUs.copyWithin(at + 1, end, this.#size)
      this.#values.copyWithin(at + 1, end, this.#size)
    }
    this.#timesUs[at] = timeUs
    this.#values[at] = value
    this.#size = size
  }

  #grow(): void {
    const [timesUs, values] = [this.#timesUs, this.#values]
    this.#timesUs = new Float64Array(2 * timesUs.length)
    this.#values = new Float64Array(2 * values.length)
    this.#timesUs.set(timesUs)
    this.#values.set(values)
  }
}

/** Sign 1: the greatest values of the windows; -1: the least. */
export class Extremes implements Memory {
  readonly #lane: Lane
  readonly #sign: 1 | -1
  readonly #columns: readonly WindowColumn[]
  readonly #staircase = new Staircase()

  constructor(lane: Lane, sign: 1 | -1, columns: readonly WindowColumn[]) {
    this.#lane = lane
    this.#sign = sign
    this.#columns = columns
  }

  clear(): void {
    this.#staircase.clear()
  }

  enter(index: number): void {
    this.#staircase.add(this.#lane.timeline.timesUs[index]!, this.#sign * this.#lane.values[index]!)
  }

  answer(row: number, _asOfUs: number, endUs: number): void {
    const [columns, staircase, sign] = [this.#columns, this.#staircase, this.#sign]
    for (let i = 0; i < columns.length; i++) {
      const { window, values } = columns[i]!
      values[row] = sign * staircase.greatestSince(window.startUs(endUs))
    }
  }
}
