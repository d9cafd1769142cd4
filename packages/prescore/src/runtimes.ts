/**
 * `prescore/runtimes`: model files by the runtimes that releases use, for programs that have feature vectors of their own. A row has the
 * same bits here as in batches and live answers.
 */
import {
  inspectModel as inspect,
  type ModelRunner,
  type ModelSignature,
  openModel as open,
  type ServedModel,
  type ServingOptions,
  serveModel as serve,
} from './models/index.ts'
import { type ModelDefinition, onnx } from './project/index.ts'

export { PrescoreError } from './base/index.ts'
export type {
  FloatType,
  Matrix,
  ModelRunner,
  ModelSignature,
  ScoreOptions,
  ServedModel,
  ServingOptions,
  ServingStats,
  TensorSignature,
} from './models/index.ts'

/** A model file, and how it is to be fed and read. */
export interface ModelRequest {
  /** An ONNX file. */
  readonly file: string
  /** Names of the features, in the order of the model's input. */
  readonly features: readonly string[]
  /** As of `onnx` in a project file: the output's name, with `[1]` for an element of each row. Absent: the only one. */
  readonly output?: string
  /**
   * `onnx` (when absent) runs every model and needs the package `onnxruntime-node`. `trees` runs tree ensembles without it: in a release
   * it is chosen where it was found to give the same bits.
   */
  readonly runtime?: 'onnx' | 'trees'
}

/** What the model in the file takes and gives, read without loading it. @throws PrescoreError `model_unreadable` */
export function inspectModel(file: string): Promise<ModelSignature> {
  return inspect(file)
}

/**
 * Loads a model, for many rows in a call. Close it when done.
 * @throws PrescoreError `model_unreadable`, `model_mismatch`, `model_output`, `package_missing`, `not_supported` (no trees)
 */
export function openModel(request: ModelRequest): Promise<ModelRunner> {
  return open(request.file, definitionOf(request), request.features)
}

/**
 * Loads a model, for requests of one row: what piles up is scored in one call, and a slow model computes in worker processes. Close it
 * when done.
 * @throws PrescoreError as {@link openModel}
 */
export function serveModel(request: ModelRequest, options: ServingOptions = {}): Promise<ServedModel> {
  return serve(request.file, definitionOf(request), request.features, options)
}

function definitionOf({ file, output, runtime = 'onnx' }: ModelRequest): ModelDefinition {
  return { ...onnx(file, output === undefined ? {} : { output }), runtime }
}
