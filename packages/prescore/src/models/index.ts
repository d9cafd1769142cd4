export { checkModel } from './check.ts'
export type { RuntimeChoice } from './choose-runtime.ts'
export type { ExpectedMatch } from './expected-rows.ts'
export { inspectDefinition, inspectModel, modelBytes, openModel } from './model.ts'
export { hasOnnxRuntime, ONNX_RUNTIME_INSTALL } from './onnx/library.ts'
export { type ModelProof, proveModel } from './prove.ts'
export {
  arrayOf,
  type FloatType,
  type Matrix,
  type ModelRunner,
  type ModelSignature,
  type Runtime,
  type TensorSignature,
} from './runtime.ts'
export { serveModel } from './serve.ts'
export type { ServingOptions } from './serving/serve.ts'
export type { LeavingSignal, ScoreOptions, ServedModel, ServingStats } from './serving/served-model.ts'
export { TENSOR_ARRAYS, type Tensor, type TensorData, type TensorType } from './tensors/tensor.ts'
export { openTensorModel } from './tensors/tensor-model.ts'
export type { TensorModel, TensorSpec } from './tensors/types.ts'
export { VALUE_BYTES_MAX, valueText, writeValueText } from './value-text.ts'
