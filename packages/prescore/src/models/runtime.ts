/**
 * What a model takes and gives, and the seam that every runtime fills: one file in `runtimes/`, one line to register
 * it there, one call of the conformance suite.
 */
import type { ModelDefinition } from '../project/index.ts'

export type FloatType = 'float32' | 'float64'
export type Matrix = Float32Array | Float64Array

export interface TensorSignature {
  readonly name: string
  /** Of the elements: 'float32', 'float64', 'int64', 'string', …; or what else it is, such as 'sequence(map(int64, float32))'. */
  readonly type: string
  /** Length of each axis; null: variable. No shape at all: the model does not say. */
  readonly shape: readonly (number | null)[] | null
}

export interface ModelSignature {
  readonly inputs: readonly TensorSignature[]
  readonly outputs: readonly TensorSignature[]
  /** What the model's author wrote beside it; `features` and `feature_hash` are ours. */
  readonly metadata: Readonly<Record<string, string>>
  /** The distinct operators of its graph; those outside the standard sets with their domain. */
  readonly operators: readonly string[]
  readonly opset?: number
  readonly producer?: string
}

/**
 * A loaded model, warm. The bits of a row's output depend on nothing but the row: not on the rows beside it, their
 * number, or the call it came in.
 */
export interface ModelRunner {
  /** The kind of matrix that {@link run} takes. */
  readonly inputType: FloatType
  /** The kind of values that {@link run} gives: how they are to be printed. */
  readonly outputType: FloatType
  /** Values for each row: 1 for a number. */
  readonly width: number
  /** Positions of features that the model takes as int64: a row must hold a whole number within ±2^53 there. */
  readonly wholeFeatures: readonly number[]
  /**
   * @param matrix rows × features, row after row, NaN is missing; not to be changed until the promise settles.
   * @returns rows × width, row after row, in an array of its own.
   * @throws PrescoreError `lossy_cast` (a whole feature is not whole), `model_failed`, `invalid_value` (matrix and rows do not agree)
   */
  run(matrix: Matrix, rows: number): Promise<Matrix>
  /** The same, at once, where the runtime is able to: it throws what {@link run} rejects with. */
  runNow?(matrix: Matrix, rows: number): Matrix
  /** Frees the model; may be called again. A run after it is refused with `model_failed`. */
  close(): Promise<void>
}

export function arrayOf(type: FloatType, length: number): Matrix {
  return type === 'float32' ? new Float32Array(length) : new Float64Array(length)
}

export interface Runtime {
  /** Reads the signature without loading the model. @throws PrescoreError `model_unreadable` */
  inspect(file: string): Promise<ModelSignature>
  /**
   * Loads the model and warms it up before it resolves.
   * @throws PrescoreError `model_unreadable`, `model_mismatch`, `model_output`
   */
  open(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner>
  /** Of models that are no file (on servers, functions): what takes its place until a release is made. */
  readonly withoutFile?: {
    /** @throws PrescoreError `model_unavailable`, `model_unreadable`, `deadline_exceeded` */
    inspect(definition: ModelDefinition): Promise<ModelSignature>
    /** The bytes that tell the model, for the release: `open` takes them as its file. */
    freeze(definition: ModelDefinition, featureNames: readonly string[]): Promise<Buffer>
  }
}
