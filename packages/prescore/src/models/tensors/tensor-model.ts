/** A model served as it is: its own tensors in, its own tensors out, without features and without a chosen value. */
import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node'
import { PrescoreError } from '../../base/index.ts'
import { readModel } from '../onnx/file.ts'
import { onnxRuntime, SESSION_OPTIONS } from '../onnx/library.ts'
import { messageOf } from '../onnx/runner.ts'
import type { TensorSignature } from '../runtime.ts'
import { isTensorType, type Tensor, type TensorType } from './tensor.ts'
import { treeTensorModel } from './tree-tensor-model.ts'
import type { TensorModel, TensorSpec } from './types.ts'

/**
 * @param runtime the one that was chosen for the model: `trees` where all that it gives can be told without ONNX Runtime.
 * @throws PrescoreError `model_unreadable`, `not_supported` (an input of a type that cannot be passed)
 */
export async function openTensorModel(file: string, runtime: 'onnx' | 'trees' = 'onnx'): Promise<TensorModel> {
  const { bytes, signature } = await readModel(file)
  const refused = signature.inputs.find(({ type }) => !isTensorType(type))
  if (refused !== undefined)
    throw new PrescoreError('not_supported', {
      where: `${file}, input \`${refused.name}\``,
      found: refused.type,
      expected: 'a tensor of numbers or texts',
    })
  const [inputs, outputs] = [signature.inputs.filter(isPassable), signature.outputs.filter(isPassable)]
  const trees = runtime === 'trees' ? treeTensorModel(file, bytes, { ...signature, inputs, outputs }) : undefined
  return trees ?? openOnnx(file, bytes, inputs, outputs)
}

async function openOnnx(file: string, bytes: Buffer, inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): Promise<TensorModel> {
  const { InferenceSession, Tensor } = await onnxRuntime()
  const session = await InferenceSession.create(bytes, SESSION_OPTIONS).catch((cause: unknown) => {
    throw new PrescoreError('model_unreadable', {
      where: file,
      found: messageOf(cause),
      expected: 'a model that ONNX Runtime can load',
      cause,
    })
  })
  return new OnnxTensorModel(file, session, Tensor, inputs, outputs)
}

function isPassable(signature: TensorSignature): signature is TensorSpec {
  return isTensorType(signature.type)
}

class OnnxTensorModel implements TensorModel {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly #file: string
  readonly #session: InferenceSession
  readonly #Tensor: typeof OnnxTensor
  readonly #running = new Set<Promise<unknown>>()
  #closing: Promise<void> | undefined

  constructor(
    file: string,
    session: InferenceSession,
    tensor: typeof OnnxTensor,
    inputs: readonly TensorSpec[],
    outputs: readonly TensorSpec[],
  ) {
    this.#file = file
    this.#session = session
    this.#Tensor = tensor
    this.inputs = inputs
    this.outputs = outputs
  }

  async run(inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<ReadonlyMap<string, Tensor>> {
    if (this.#closing !== undefined) throw new PrescoreError('model_failed', { where: this.#file, found: 'a model that was closed' })
    const feeds = Object.fromEntries([...inputs].map(([name, tensor]) => [name, this.#passed(tensor)] as const))
    const running = this.#session.run(feeds, outputs)
    this.#running.add(running)
    try {
      const results = await running
      return new Map(outputs.map(name => [name, given(results[name] as OnnxTensor)]))
    } catch (cause) {
      throw new PrescoreError('invalid_input', {
        where: 'the tensors',
        found: messageOf(cause).slice(0, 300),
        expected: 'values that the model takes',
        cause,
      })
    } finally {
      this.#running.delete(running)
    }
  }

  close(): Promise<void> {
    this.#closing ??= Promise.allSettled(this.#running).then(() => this.#session.release())
    return this.#closing
  }

  #passed({ type, shape, data }: Tensor): OnnxTensor {
    return new this.#Tensor(type as 'float32', data as Float32Array, shape)
  }
}

function given({ type, dims, data }: OnnxTensor): Tensor {
  return { type: type as TensorType, shape: dims, data: data as Float32Array }
}
