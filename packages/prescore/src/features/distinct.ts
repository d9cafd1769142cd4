/** How many different values a window holds: each with the number of events that have it, so that the last one takes it along. */
import type { Running } from './sweep.ts'
import { ValueTable } from './value-table.ts'

export class DistinctValues implements Running {
  readonly #results: Float64Array
  readonly #table = new ValueTable()
  #distinct = 0

  constructor(results: Float64Array) {
    this.#results = results
  }

  clear(): void {
    this.#distinct = 0
    this.#table.clear()
  }

  add(value: number): void {
    const slot = this.#table.slotOf(value)
    const { numbers } = this.#table
    if (numbers[slot] === 0) this.#distinct++
    numbers[slot] = numbers[slot]! + 1
  }

  remove(value: number): void {
    const slot = this.#table.slotOf(value)
    const { numbers } = this.#table
    numbers[slot] = numbers[slot]! - 1
    if (numbers[slot] === 0) this.#distinct--
  }

  answer(row: number): void {
    this.#results[row] = this.#distinct
  }
}
