/** The model over rows of requests: one bad row fails alone. */
import { type ErrorCode, PrescoreError } from '../base/index.ts'
import { arrayOf, type Matrix, type ModelRunner } from '../models/index.ts'
import type { Assembly } from './assembly.ts'

export interface ScoredRows {
  /** rows × width; what stands at a rejected row means nothing. */
  readonly values: Float64Array | Float32Array
  /** Why a row has no value. */
  readonly rejected: readonly (ErrorCode | undefined)[]
  /** Missing feature values, by feature. */
  readonly missing: Readonly<Record<string, number>>
}

/** Rows given to the model at once; between them progress is told. */
const SLICE_ROWS = 16_384

/**
 * @param columns the feature vector, a column for each feature.
 * @param refused why a row must not have a value, whatever the model says.
 */
export function scoreRows(
  assembly: Pick<Assembly, 'vector'>,
  model: ModelRunner,
  columns: readonly Float64Array[],
  rows: number,
  onRows: (rows: number) => void,
  refused?: readonly (ErrorCode | undefined)[],
): Promise<ScoredRows> {
  return new RowScorer(assembly, model).score(columns, rows, onRows, refused)
}

/** The same for whoever has some rows after the other: what they are put together in is used again. */
export class RowScorer {
  readonly #vector: Assembly['vector']
  readonly #model: ModelRunner
  #room: Matrix

  constructor({ vector }: Pick<Assembly, 'vector'>, model: ModelRunner) {
    this.#vector = vector
    this.#model = model
    this.#room = arrayOf(model.inputType, 0)
  }

  /** As {@link scoreRows}; one call at a time. */
  async score(
    columns: readonly Float64Array[],
    rows: number,
    onRows: (rows: number) => void,
    refused?: readonly (ErrorCode | undefined)[],
  ): Promise<ScoredRows> {
    const [vector, model] = [this.#vector, this.#model]
    const features = vector.names.length
    const most = Math.min(rows, SLICE_ROWS) * features
    if (this.#room.length < most) this.#room = arrayOf(model.inputType, most)
    const values = arrayOf(model.outputType, rows * model.width)
    const rejected: (ErrorCode | undefined)[] = new Array(rows).fill(undefined)
    for (let from = 0; from < rows; from += SLICE_ROWS) {
      const to = Math.min(rows, from + SLICE_ROWS)
      const { values: matrix, outOfRange } = vector.matrix(columns, from, to, model.inputType, this.#room)
      await runSlice(model, matrix, features, { from, at: 0, count: to - from }, values, rejected)
      outOfRange?.forEach((isOut, i) => {
        if (isOut === 1) rejected[from + i] = 'feature_out_of_range'
      })
      onRows(to - from)
    }
    for (let i = 0; i < rows; i++) {
      if (refused?.[i] !== undefined) rejected[i] = refused[i]
      else if (rejected[i] === undefined && !finite(values, i, model.width)) rejected[i] = 'value_not_finite'
    }
    return { values, rejected, missing: missingByFeature(columns, vector.names) }
  }
}

/** Rows of a matrix: `count` of them from `at` on, which are those of all from `from` on. */
interface Slice {
  readonly from: number
  readonly at: number
  readonly count: number
}

async function runSlice(
  model: ModelRunner,
  matrix: Float64Array | Float32Array,
  features: number,
  { from, at, count }: Slice,
  values: Float64Array | Float32Array,
  rejected: (ErrorCode | undefined)[],
): Promise<void> {
  try {
    values.set(await model.run(matrix.subarray(at * features, (at + count) * features), count), from * model.width)
  } catch (error) {
    // Of a server that cannot be asked, and not of a row: what is done is kept, and the run goes on when it is repeated.
    if (error instanceof PrescoreError && error.retryable) throw error
    if (count === 1) {
      rejected[from] = error instanceof PrescoreError ? error.code : 'model_failed'
      return
    }
    const half = count >> 1
    await runSlice(model, matrix, features, { from, at, count: half }, values, rejected)
    await runSlice(model, matrix, features, { from: from + half, at: at + half, count: count - half }, values, rejected)
  }
}

function finite(values: Float64Array | Float32Array, row: number, width: number): boolean {
  for (let at = row * width; at < (row + 1) * width; at++) if (!Number.isFinite(values[at])) return false
  return true
}

function missingByFeature(columns: readonly Float64Array[], names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, missingIn(columns[i] as Float64Array)]))
}

function missingIn(values: Float64Array): number {
  let missing = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value !== value) missing++
  }
  return missing
}

/** The columns of the values of a model that gives so many for a row, in order. */
export function valueNames(width: number): readonly string[] {
  return width === 1 ? ['value'] : Array.from({ length: width }, (_, i) => `value_${i}`)
}
