/** Scores rows: blocks of them through the kernel, then the sums of each. */
import type { Matrix } from '../runtime.ts'
import type { Finish } from './finish.ts'
import { type Kernel, kernelOf } from './kernel.ts'
import type { KernelShape } from './kernel-layout.ts'
import { LANES } from './ranks.ts'

/** Rows that the kernel has room for. */
export const BLOCK_ROWS = 64
/** Fewer rows are walked one by one: together they take as long as `LANES`. */
const TOGETHER_ROWS_MIN = 5

export type OnSums = (sums: Matrix, at: number, row: number) => void

export class Walker {
  readonly #kernel: Kernel
  readonly #features: number
  readonly #targets: number
  readonly #finish: Finish

  /** @throws Unsupported */
  constructor(shape: KernelShape, finish: Finish) {
    this.#kernel = kernelOf(shape)
    this.#features = shape.features
    this.#targets = shape.targets
    this.#finish = finish
  }

  /**
   * Outputs of `rows` rows, from row `from` of the matrix, into `out` from row `to`.
   * @param onSums told of each row of `out`, and of its sums as `Finish` leaves them.
   */
  run(matrix: Matrix, from: number, rows: number, out: Float32Array, to: number, onSums?: OnSums): void {
    const { sums } = this.#kernel
    for (let row = 0; row < rows; ) {
      const count = blockOf(rows - row)
      if (count === 1) this.#one(matrix, from + row)
      else this.#some(matrix, from + row, count)
      for (let i = 0; i < count; i++) {
        this.#finish(sums, i * this.#targets, out, (to + row + i) * this.#targets)
        onSums?.(sums, i * this.#targets, to + row + i)
      }
      row += count
    }
  }

  #one(matrix: Matrix, row: number): void {
    const { values, sums } = this.#kernel
    const first = row * this.#features
    // For so few values, a loop is quicker than a call that copies.
    for (let i = 0; i < this.#features; i++) values[i] = matrix[first + i]!
    for (let i = 0; i < this.#targets; i++) sums[i] = 0
    this.#kernel.one()
  }

  #some(matrix: Matrix, row: number, rows: number): void {
    const { values, sums } = this.#kernel
    values.set(matrix.subarray(row * this.#features, (row + rows) * this.#features))
    sums.fill(0)
    this.#kernel.some(rows)
  }
}

/** How many of the rows that are left to take next. */
function blockOf(rows: number): number {
  if (rows >= BLOCK_ROWS) return BLOCK_ROWS
  const beyond = rows % LANES
  if (beyond >= TOGETHER_ROWS_MIN) return rows
  return rows > beyond ? rows - beyond : 1
}
