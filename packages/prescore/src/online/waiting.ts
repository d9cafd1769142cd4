/**
 * Events that were applied and wait to be put to those of their keys: until the key is read, or all are stored. So a key is read
 * and written once, however many events it gets meanwhile.
 */
import { sortRows } from '../features/index.ts'
import { NO_KEY } from '../history/index.ts'
import type { Key } from '../project/index.ts'
import { Integers } from './arrays.ts'
import type { RowsOfKey } from './growth.ts'
import type { Intake, Prepared } from './intake.ts'

export class Waiting {
  readonly #intake: Intake
  /** By key: one more than the row that came last; 0: none waits. */
  readonly #last = new Integers()
  /** By row: one more than the row of the same key that came before; 0: there is none that waits. */
  readonly #before = new Integers()
  #rows = new Int32Array(64)

  constructor(intake: Intake) {
    this.#intake = intake
  }

  /** How many events have come, with those that wait no more. */
  get events(): number {
    return this.#intake.size
  }

  /** How many keys have had events. */
  get keys(): number {
    return this.#last.length
  }

  /** @throws PrescoreError `lossy_cast`, `function_failed` */
  prepare(chunk: Prepared['chunk']): Prepared {
    return this.#intake.prepare(chunk)
  }

  add(prepared: Prepared, wants: (row: number) => boolean): void {
    const intake = this.#intake
    intake.add(prepared, wants)
    while (this.#last.length < intake.keys) this.#last.push(0)
    for (let row = this.#before.length; row < intake.size; row++) {
      const key = intake.keyOf(row)
      this.#before.push(key === NO_KEY ? 0 : this.#last.at(key))
      if (key !== NO_KEY) this.#last.set(key, row + 1)
    }
  }

  /** The number of a key that has had events, else {@link NO_KEY}. */
  numberOf(key: Key): number {
    return this.#intake.size === 0 ? NO_KEY : this.#intake.numberOf(key)
  }

  has(number: number): boolean {
    return this.#last.at(number) > 0
  }

  keyOf(number: number): Key {
    return this.#intake.valuesOf(number)
  }

  /** The bytes of a key. Undefined where no request can ask for it. */
  bytesOf(number: number): Buffer | undefined {
    return this.#intake.bytesOf(number)
  }

  /** Takes out the events of a key that {@link has} some, in order of their times; valid until the next call. */
  take(number: number): RowsOfKey {
    let count = 0
    for (let next = this.#last.at(number); next > 0; next = this.#before.at(next - 1)) {
      if (count === this.#rows.length) this.#grow()
      this.#rows[count++] = next - 1
    }
    this.#last.set(number, 0)
    const batch = this.#intake.batch
    if (count > 1) this.#order(count, batch.timesUs)
    return { batch, rows: this.#rows, from: 0, end: count }
  }

  /** They were met from the last to the first. */
  #order(count: number, timesUs: Float64Array): void {
    const rows = this.#rows.subarray(0, count).reverse()
    if (!isSorted(rows, timesUs)) sortRows({ rows, starts: Int32Array.of(0, count) }, timesUs)
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#rows.length)
    grown.set(this.#rows)
    this.#rows = grown
  }
}

function isSorted(rows: Int32Array, timesUs: Float64Array): boolean {
  for (let i = 1; i < rows.length; i++) if (timesUs[rows[i - 1]!]! > timesUs[rows[i]!]!) return false
  return true
}
