/** A tree ensemble served as it is: its scores and labels without ONNX Runtime, and the same. */
import { setImmediate as turn } from 'node:timers/promises'
import { PrescoreError } from '../../base/index.ts'
import type { FloatType, Matrix, ModelSignature } from '../runtime.ts'
import { type Ensemble, readEnsemble } from '../trees/ensemble.ts'
import { Unsupported } from '../trees/unsupported.ts'
import type { Tensor } from './tensor.ts'
import type { TensorModel, TensorSpec } from './types.ts'

/** Rows after which the event loop gets its turn: a millisecond or two. */
const ROWS_AT_ONCE = 1_024

interface Passed extends Pick<ModelSignature, 'operators'> {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/** Undefined: it has inputs or outputs that only ONNX Runtime knows how to take or give. */
export function treeTensorModel(file: string, bytes: Buffer, { operators, inputs, outputs }: Passed): TensorModel | undefined {
  const [input, ...others] = inputs
  const features = input?.shape?.length === 2 ? input.shape[1] : undefined
  const scores = outputs.find(({ type }) => type === 'float32' || type === 'float64')
  const label = outputs.find(({ type }) => type === 'int64')
  if (input === undefined || others.length > 0 || !isFloat(input) || typeof features !== 'number') return undefined
  if (scores === undefined || outputs.some(each => each !== scores && each !== label)) return undefined
  const wanted = { operators, input, output: scores.name, features, ...(label === undefined ? {} : { label: label.name }) }
  try {
    return new TreeTensorModel(file, readEnsemble(bytes, wanted), input, features, outputs)
  } catch (error) {
    if (error instanceof Unsupported) return undefined
    throw error
  }
}

function isFloat(spec: TensorSpec): spec is TensorSpec & { readonly type: FloatType } {
  return spec.type === 'float32' || spec.type === 'float64'
}

class TreeTensorModel implements TensorModel {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  readonly #file: string
  readonly #ensemble: Ensemble
  readonly #input: TensorSpec
  readonly #features: number
  #isClosed = false

  constructor(file: string, ensemble: Ensemble, input: TensorSpec, features: number, outputs: readonly TensorSpec[]) {
    this.#file = file
    this.#ensemble = ensemble
    this.#input = input
    this.#features = features
    this.inputs = [input]
    this.outputs = outputs
  }

  async run(inputs: ReadonlyMap<string, Tensor>, outputs: readonly string[]): Promise<ReadonlyMap<string, Tensor>> {
    if (this.#isClosed) throw new PrescoreError('model_failed', { where: this.#file, found: 'a model that was closed' })
    const { matrix, rows } = this.#matrixOf(inputs.get(this.#input.name))
    const { walker, targets, labels } = this.#ensemble
    const scores = new Float32Array(rows * targets)
    const classes = new BigInt64Array(labels === undefined ? 0 : rows)
    const onSums =
      labels === undefined
        ? undefined
        : (sums: Matrix, at: number, row: number) => {
            classes[row] = labels.values[labels.classOf(sums, at)] as bigint
          }
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      if (from > 0) await turn()
      walker.run(matrix, from, Math.min(ROWS_AT_ONCE, rows - from), scores, from, onSums)
    }
    return new Map(outputs.map(name => [name, this.#given(name, rows, scores, classes)]))
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #matrixOf(tensor: Tensor | undefined): { readonly matrix: Matrix; readonly rows: number } {
    const { name, type } = this.#input
    const [rows, features, ...more] = tensor?.shape ?? []
    const isFitting = tensor?.type === type && rows !== undefined && features === this.#features && more.length === 0
    if (isFitting) return { matrix: tensor.data as Matrix, rows }
    throw new PrescoreError('invalid_input', {
      where: 'the tensors',
      found: tensor === undefined ? `no \`${name}\`` : `\`${name}\` of ${tensor.type} and shape [${tensor.shape}]`,
      expected: `${type} of shape [rows, ${this.#features}]`,
    })
  }

  #given(name: string, rows: number, scores: Float32Array, classes: BigInt64Array): Tensor {
    const type = this.outputs.find(output => output.name === name)?.type
    if (type === 'int64') return { type, shape: [rows], data: classes }
    const shape = [rows, this.#ensemble.targets]
    return type === 'float64' ? { type, shape, data: Float64Array.from(scores) } : { type: 'float32', shape, data: scores }
  }
}
