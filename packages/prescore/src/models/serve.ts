import type { ModelDefinition } from '../project/index.ts'
import { serveRemote } from './remote/serve.ts'
import { type ServingOptions, serveModel as serveLocal } from './serving/serve.ts'
import type { ServedModel } from './serving/served-model.ts'

/** Opens the model of a file for serving, wherever it computes. @throws PrescoreError what opening it throws */
export function serveModel(
  file: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
  options?: ServingOptions,
): Promise<ServedModel> {
  return definition.remote === undefined ? serveLocal(file, definition, featureNames, options) : serveRemote(file, definition, featureNames)
}
