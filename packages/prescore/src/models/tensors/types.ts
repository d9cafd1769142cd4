/** What serves a model as it is. */
import type { TensorSignature } from '../runtime.ts'
import type { Tensor, TensorType } from './tensor.ts'

/** Of an input or output that can be passed. */
export interface TensorSpec extends TensorSignature {
  readonly type: TensorType
}

export interface TensorModel {
  readonly inputs: readonly TensorSpec[]
  /** Tensors only: sequences and maps are left out. */
  readonly outputs: readonly TensorSpec[]
  /**
   * @param inputs one for each input, of its type and shape.
   * @param outputs names of those that are wanted.
   * @throws PrescoreError `invalid_input` where the model refuses the tensors, `model_failed` after it was closed
   */
  run(inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<ReadonlyMap<string, Tensor>>
  /** Lets calls under way finish, then frees the model; may be called again. */
  close(): Promise<void>
}
