/** Sums of values of any range, with infinities: one window at a time, each value added and taken back. */
import { ExactSum } from './exact-sum.ts'
import { type BitRange, squaresOf } from './sum.ts'
import { type SumColumns, writeSums } from './sum-columns.ts'
import type { Running } from './sweep.ts'

export class WideSums implements Running {
  readonly #columns: SumColumns
  readonly #sum: ExactSum
  readonly #squares: ExactSum
  readonly #withSquares: boolean
  #count = 0

  constructor(columns: SumColumns, range: BitRange) {
    this.#columns = columns
    this.#sum = new ExactSum(range)
    this.#squares = new ExactSum(squaresOf(range))
    this.#withSquares = columns.std !== undefined
  }

  clear(): void {
    this.#count = 0
    this.#sum.clear()
    this.#squares.clear()
  }

  add(value: number): void {
    this.#count++
    this.#sum.add(value)
    if (this.#withSquares) this.#squares.addSquare(value)
  }

  remove(value: number): void {
    this.#count--
    this.#sum.subtract(value)
    if (this.#withSquares) this.#squares.subtractSquare(value)
  }

  answer(row: number): void {
    writeSums(this.#columns, row, this.#count, this.#sum, this.#squares)
  }
}
