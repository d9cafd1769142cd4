/**
 * The feature vector of one request. What is a mere reference is copied; everything else is the expression that a batch evaluates,
 * over a chunk of one row.
 */
import { PrescoreError } from '../base/index.ts'
import { type Column, compile, type ExpressionNode, numberValues, type Scope } from '../expressions/index.ts'
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
  readonly #features: readonly ((row: RequestRow) => number)[]
  readonly #where: string
  #kept = new Float64Array(0)
  #keptTo = 0

  /** @throws PrescoreError `project_invalid` */
  constructor({ name, features }: PredictionDefinition, scope: Scope, row: RequestRow) {
    this.#where = `predictions.${name}.features`
    this.#row = row
    this.names = features.map(each => each.name)
    this.values = new Float64Array(features.length)
    this.#features = features.map(({ name: feature, expression }) => reader(expression, scope, row, `${this.#where}.${feature}`))
  }

  /**
   * Puts the vector of what the row holds into `out`.
   * @throws PrescoreError `lossy_cast`, `function_failed`, `feature_out_of_range`
   */
  fill(out: Float32Array | Float64Array): void {
    for (let i = 0; i < this.#features.length; i++) {
      const value = this.#features[i]!(this.#row)
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

function reader(expression: ExpressionNode, scope: Scope, row: RequestRow, where: string): (row: RequestRow) => number {
  const slot = 'ref' in expression ? row.slot(expression.ref) : undefined
  // An int64 may have lost digits: then the general way refuses it.
  if (slot !== undefined && slot.type.kind !== 'int64') return asNumber(() => slot.values[0]!, slot.type.kind === 'duration')
  const evaluate = compile(expression, scope, where)
  const isDuration = evaluate.type.kind === 'duration'
  let column: Column | undefined
  return asNumber(() => {
    column = evaluate(row.chunk)
    return numberValues(column, where, 1)[0]!
  }, isDuration)
}

/** Durations in seconds; every missing one the same NaN. */
function asNumber(read: () => number, isDuration: boolean): () => number {
  return () => {
    const value = read()
    return value !== value ? Number.NaN : isDuration ? value / SECOND_US : value
  }
}
