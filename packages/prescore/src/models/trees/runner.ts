import { setImmediate as turn } from 'node:timers/promises'
import { PrescoreError } from '../../base/index.ts'
import { arrayOf, type FloatType, type Matrix, type ModelRunner } from '../runtime.ts'
import type { Ensemble } from './ensemble.ts'

/** Rows after which the event loop gets its turn: some milliseconds. */
const ROWS_AT_ONCE = 1_024

const SCRATCH_ROWS = 64

export interface LoadedTrees {
  readonly file: string
  readonly ensemble: Ensemble
  readonly features: number
  readonly inputType: FloatType
  /** Of the output tensor: the trees give float32, a Cast behind them may make float64 of it. */
  readonly outputType: FloatType
  /** The one element of each row that is wanted. */
  readonly index: number | undefined
}

export class TreeRunner implements ModelRunner {
  readonly inputType: FloatType
  readonly outputType: FloatType
  readonly width: number
  readonly wholeFeatures: readonly number[] = []
  readonly #model: LoadedTrees
  /** All outputs of some rows, of which one is wanted, or in another type. */
  readonly #values: Float32Array
  #closed = false

  constructor(model: LoadedTrees) {
    this.#model = model
    this.#values = new Float32Array(SCRATCH_ROWS * model.ensemble.targets)
    this.inputType = model.inputType
    this.outputType = model.outputType
    this.width = model.index === undefined ? model.ensemble.targets : 1
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    this.#check(matrix, rows)
    const result = arrayOf(this.outputType, rows * this.width)
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      if (from > 0) await turn()
      if (this.#closed) throw this.#isClosed()
      this.#compute(matrix, from, Math.min(ROWS_AT_ONCE, rows - from), result)
    }
    return result
  }

  runNow(matrix: Matrix, rows: number): Matrix {
    this.#check(matrix, rows)
    const result = arrayOf(this.outputType, rows * this.width)
    this.#compute(matrix, 0, rows, result)
    return result
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #compute(matrix: Matrix, from: number, rows: number, result: Matrix): void {
    const { ensemble, index } = this.#model
    const { walker, targets } = ensemble
    if (index === undefined && result instanceof Float32Array) {
      walker.run(matrix, from, rows, result, from)
      return
    }
    const values = this.#values
    for (let done = 0; done < rows; done += SCRATCH_ROWS) {
      const count = Math.min(SCRATCH_ROWS, rows - done)
      walker.run(matrix, from + done, count, values, 0)
      if (index === undefined) for (let i = 0; i < count * targets; i++) result[(from + done) * targets + i] = values[i]!
      else for (let i = 0; i < count; i++) result[from + done + i] = values[i * targets + index]!
    }
  }

  #check(matrix: Matrix, rows: number): void {
    if (this.#closed) throw this.#isClosed()
    const { features, file } = this.#model
    const type = matrix instanceof Float32Array ? 'float32' : 'float64'
    if (type === this.inputType && Number.isSafeInteger(rows) && rows >= 0 && matrix.length === rows * features) return
    throw new PrescoreError('invalid_value', {
      where: `matrix for ${file}`,
      found: `${matrix.length} ${type} values for ${rows} rows`,
      expected: `${features} ${this.inputType} values a row`,
    })
  }

  #isClosed(): PrescoreError {
    return new PrescoreError('model_failed', { where: this.#model.file, found: 'the model is closed' })
  }
}
