/**
 * The feature vector of one request. What is a mere reference is copied; everything else is the expression that a batch evaluates,
 * over a chunk of one row.
 */
import { PrescoreError } from '../base/index.ts'
import { compile, type ExpressionNode, numberValues, type Scope } from '../expressions/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import type { RequestRow } from './request-row.ts'

const SECOND_US = 1_000_000
/** Vectors that are kept lie together in so many rows: a view costs a fraction of an array of its own. */
const KEPT_ROWS = 64

export class RequestVector {
  readonly names: readonly string[]
  /** The numbers before they are rounded to the model's input: those of the last request. */
  readonly values: Float64Array
  readonly #row: RequestRow
  /** Of a mere reference: where its number stands in the row. Of all else −1. */
  readonly #places: Int32Array
  readonly #computed: readonly (() => number)[]
  readonly #where: string
  #kept = new Float64Array(0)
  #keptTo = 0

  /** @throws PrescoreError `project_invalid` */
  constructor({ name, features }: PredictionDefinition, scope: Scope, row: RequestRow) {
    this.#where = `predictions.${name}.features`
    this.#row = row
    this.names = features.map(each => each.name)
    this.values = new Float64Array(features.length)
    this.#places = Int32Array.from(features, ({ expression }) => placeOf(expression, row))
    this.#computed = features.map(({ name: feature, expression }) => computed(expression, scope, row, `${this.#where}.${feature}`))
  }

  /**
   * Puts the vector of what the row holds into `out`.
   * @throws PrescoreError `lossy_cast`, `function_failed`, `feature_out_of_range`
   */
  fill(out: Float32Array | Float64Array): void {
    const { numbers } = this.#row
    for (let i = 0; i < this.#places.length; i++) {
      const at = this.#places[i]!
      const found = at < 0 ? this.#computed[i]!() : numbers[at]!
      // Every missing one is the same NaN.
      const value = found !== found ? Number.NaN : found
      this.values[i] = value
      out[i] = value
      if (Math.abs(out[i]!) === Number.POSITIVE_INFINITY && Math.abs(value) !== Number.POSITIVE_INFINITY)
        throw new PrescoreError('feature_out_of_range', { where: `${this.#where}.${this.names[i]}`, found: String(value) })
    }
  }

  /** The numbers of the last request, to keep. */
  copy(): Float64Array {
    const { length } = this.values
    if (this.#keptTo + length > this.#kept.length) {
      this.#kept = new Float64Array(KEPT_ROWS * length)
      this.#keptTo = 0
    }
    const from = this.#keptTo
    this.#keptTo += length
    const kept = this.#kept.subarray(from, this.#keptTo)
    for (let i = 0; i < length; i++) kept[i] = this.values[i]!
    return kept
  }
}

/** An int64 may have lost digits, and a duration is to be divided: they are left to the general way. */
function placeOf(expression: ExpressionNode, row: RequestRow): number {
  const slot = 'ref' in expression ? row.slot(expression.ref) : undefined
  return slot === undefined || slot.type.kind === 'int64' || slot.type.kind === 'duration' ? -1 : slot.at
}

/** Durations in seconds. */
function computed(expression: ExpressionNode, scope: Scope, row: RequestRow, where: string): () => number {
  const evaluate = compile(expression, scope, where)
  const divisor = evaluate.type.kind === 'duration' ? SECOND_US : 1
  return () => numberValues(evaluate(row.chunk), where, 1)[0]! / divisor
}
