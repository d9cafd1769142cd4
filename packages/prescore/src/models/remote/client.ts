/** What a runner needs of a model server, whatever it speaks. */
import type { ModelSignature, TensorSignature } from '../runtime.ts'
import type { Tensor } from '../tensors/tensor.ts'

/** What the server says of a model. */
export interface RemoteFacts {
  /** The one that is asked from now on; undefined: the server has none. */
  readonly version: string | undefined
  readonly signature: ModelSignature
}

export interface RemoteClient {
  /** For messages. */
  readonly where: string
  /**
   * @param version that was frozen; undefined: as the definition says, or the newest.
   * @throws PrescoreError `model_unavailable`, `model_unreadable` (no such model, or an answer that is none), `deadline_exceeded`
   */
  facts(version: string | undefined): Promise<RemoteFacts>
  /** One output for some inputs. @throws PrescoreError `model_failed`, `model_unavailable`, `deadline_exceeded` */
  infer(version: string | undefined, inputs: ReadonlyMap<string, Tensor>, output: TensorSignature): Promise<ArrayLike<number>>
  close(): void
}

/** A signature of tensors alone. */
export function signatureOf(inputs: readonly TensorSignature[], outputs: readonly TensorSignature[]): ModelSignature {
  return { inputs, outputs, metadata: {}, operators: [] }
}
