/** The values that most events of a window have: each with the number of its events, and the first so many kept in order when asked. */
import type { RankedColumn } from './in-order.ts'
import { isAfter } from './order.ts'
import type { Running } from './sweep.ts'
import { ValueTable } from './value-table.ts'

/** A value and the number of events that have it. */
interface Held<V> {
  value: V | undefined
  count: number
}

/** The first so many of values by count, then the lesser value. */
export class ModeOrder<V> {
  readonly #isLess: (a: V, b: V) => boolean
  readonly #first: Held<V>[]
  #size = 0

  constructor(most: number, isLess: (a: V, b: V) => boolean) {
    this.#isLess = isLess
    this.#first = Array.from({ length: most }, () => ({ value: undefined, count: 0 }))
  }

  clear(): void {
    this.#size = 0
  }

  offer(value: V, count: number): void {
    const last = this.#first.length - 1
    let at = this.#size
    if (at > last) {
      if (!this.#isBefore(value, count, this.#first[last]!)) return
      at = last
    } else this.#size++
    const moved = this.#first[at]!
    for (; at > 0 && this.#isBefore(value, count, this.#first[at - 1]!); at--) this.#first[at] = this.#first[at - 1]!
    moved.value = value
    moved.count = count
    this.#first[at] = moved
  }

  /** Undefined: there are not so many. */
  at(rank: number): V | undefined {
    return rank <= this.#size ? this.#first[rank - 1]!.value : undefined
  }

  #isBefore(value: V, count: number, held: Held<V>): boolean {
    return count === held.count ? this.#isLess(value, held.value as V) : count > held.count
  }
}

export class Modes implements Running {
  readonly #columns: readonly RankedColumn[]
  readonly #order: ModeOrder<number>
  readonly #table = new ValueTable()

  constructor(columns: readonly RankedColumn[], texts: readonly string[] | undefined) {
    this.#columns = columns
    const isLess = (a: number, b: number) => (texts === undefined ? a < b : isAfter(texts[b]!, texts[a]!))
    this.#order = new ModeOrder(Math.max(...columns.map(({ rank }) => rank)), isLess)
  }

  clear(): void {
    this.#table.clear()
  }

  add(value: number): void {
    const slot = this.#table.slotOf(value)
    const { numbers } = this.#table
    numbers[slot] = numbers[slot]! + 1
  }

  remove(value: number): void {
    const slot = this.#table.slotOf(value)
    const { numbers } = this.#table
    numbers[slot] = numbers[slot]! - 1
  }

  answer(row: number): void {
    this.#order.clear()
    this.#table.each((value, count) => this.#order.offer(value, count))
    for (const { values, rank } of this.#columns) values[row] = this.#order.at(rank) ?? Number.NaN
  }
}
