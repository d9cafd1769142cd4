import type { ModelDefinition } from '../../project/index.ts'
import type { Runtime } from '../runtime.ts'
import { func } from './func.ts'
import { onnx } from './onnx.ts'
import { openInference } from './open-inference.ts'
import { tfServing } from './tf-serving.ts'
import { trees } from './trees.ts'

export { loadTrees } from './trees.ts'

/** Every runtime, by the name that a model's definition carries. */
export const RUNTIMES: Readonly<Record<ModelDefinition['runtime'], Runtime>> = Object.freeze({
  func,
  onnx,
  openInference,
  tfServing,
  trees,
})
