/** A remote model as a runner: rows go in requests of a stated size, several at once, and come back in order. */
import { PrescoreError } from '../../base/index.ts'
import type { ModelDefinition, RemoteModelDefinition } from '../../project/index.ts'
import { bindInputs, type Decision, type InputBinding } from '../bind-inputs.ts'
import { chooseOutput } from '../choose-output.ts'
import { inputTypeOf, makeFeeds, type TensorClass } from '../onnx/feeds.ts'
import { arrayOf, type FloatType, type Matrix, type ModelRunner, type TensorSignature } from '../runtime.ts'
import type { Tensor } from '../tensors/tensor.ts'
import type { RemoteClient, RemoteFacts } from './client.ts'

/** Requests of one call at once. */
const PARALLEL = 4

/** What `makeFeeds` makes: here it goes on the wire as it is. */
class PlainTensor implements Tensor {
  readonly type: Tensor['type']
  readonly shape: readonly number[]
  readonly data: Tensor['data']

  constructor(type: Tensor['type'], data: Tensor['data'], shape: readonly number[]) {
    this.type = type
    this.data = data
    this.shape = shape
  }
}

export class RemoteRunner implements ModelRunner {
  readonly inputType: FloatType
  readonly outputType: FloatType
  readonly wholeFeatures: readonly number[]
  readonly #client: RemoteClient
  readonly #version: string | undefined
  readonly #input: InputBinding
  readonly #output: TensorSignature
  readonly #features: number
  readonly #index: number | undefined
  readonly #rowsMax: number
  #tensorWidth = 0
  #closed = false

  private constructor(
    client: RemoteClient,
    { version, signature }: RemoteFacts,
    definition: ModelDefinition,
    featureNames: readonly string[],
  ) {
    this.#client = client
    this.#version = version
    this.#input = decided(bindInputs(signature.inputs, featureNames, client.where))
    const { name, type } = decided(chooseOutput(signature.outputs, definition, client.where))
    this.#output = { name, type, shape: null }
    this.#features = featureNames.length
    this.#index = definition.index
    this.#rowsMax = this.#input.fixedRows ?? (definition.remote as RemoteModelDefinition).rowsPerRequest
    this.inputType = inputTypeOf(this.#input)
    this.outputType = type
    this.wholeFeatures =
      this.#input.kind === 'matrix' ? [] : this.#input.columns.filter(column => column.type === 'int64').map(({ feature }) => feature)
  }

  /** Asks for one row and for two, and learns the width of the output from what comes. @throws PrescoreError `model_mismatch`, `model_output`, … */
  static async open(
    client: RemoteClient,
    facts: RemoteFacts,
    definition: ModelDefinition,
    featureNames: readonly string[],
  ): Promise<RemoteRunner> {
    const runner = new RemoteRunner(client, facts, definition, featureNames)
    const lengthOf = async (rows: number) => (await runner.#ask(arrayOf(runner.inputType, rows * featureNames.length), 0, rows)).length
    const fixed = runner.#input.fixedRows ?? 1
    const width = (await lengthOf(1)) / fixed
    const rows = runner.#rowsMax === 1 ? 1 : 2
    const length = await lengthOf(rows)
    if (!Number.isInteger(width) || width < 1 || length !== width * Math.max(rows, runner.#input.fixedRows ?? 0))
      throw runner.#mismatch(`${length} values for ${rows} rows`, 'the same number of values for each row')
    if (runner.#index !== undefined && runner.#index >= width)
      throw runner.#mismatch(`no element [${runner.#index}] in rows of ${width}`, `an element from [0] to [${width - 1}]`)
    runner.#tensorWidth = width
    return runner
  }

  get width(): number {
    return this.#index === undefined ? this.#tensorWidth : 1
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    this.#check(matrix, rows)
    const result = arrayOf(this.outputType, rows * this.width)
    let next = 0
    const work = async () => {
      for (let from = next; from < rows; from = next) {
        next = from + this.#rowsMax
        await this.#runPart(matrix, from, Math.min(this.#rowsMax, rows - from), result)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, work))
    return result
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#client.close()
  }

  async #runPart(matrix: Matrix, from: number, count: number, result: Matrix): Promise<void> {
    const values = await this.#ask(matrix, from, count)
    const width = this.#tensorWidth
    if (values.length < count * width)
      throw new PrescoreError('model_failed', { where: this.#client.where, found: `${values.length} values for ${count} rows` })
    const index = this.#index
    for (let i = 0; i < count * this.width; i++)
      result[from * this.width + i] = (index === undefined ? values[i] : values[i * width + index]) as number
  }

  /** The output's values for some rows; of a model that takes a fixed number of rows, those of the rest too. */
  #ask(matrix: Matrix, from: number, count: number): Promise<ArrayLike<number>> {
    const fedRows = this.#input.fixedRows ?? count
    const slice = { matrix, features: this.#features, from, count, fedRows, copied: false }
    const feeds = makeFeeds(PlainTensor as unknown as TensorClass, this.#input, slice) as unknown as Readonly<Record<string, Tensor>>
    return this.#client.infer(this.#version, new Map(Object.entries(feeds)), this.#output)
  }

  #check(matrix: Matrix, rows: number): void {
    const { where } = this.#client
    if (this.#closed) throw new PrescoreError('model_failed', { where, found: 'the model is closed' })
    const type = matrix instanceof Float32Array ? 'float32' : 'float64'
    if (type === this.inputType && Number.isSafeInteger(rows) && rows >= 0 && matrix.length === rows * this.#features) return
    throw new PrescoreError('invalid_value', {
      where: `matrix for ${where}`,
      found: `${matrix.length} ${type} values for ${rows} rows`,
      expected: `${this.#features} ${this.inputType} values a row`,
    })
  }

  #mismatch(found: string, expected: string): PrescoreError {
    return new PrescoreError('model_output', { where: `${this.#client.where}, output \`${this.#output.name}\``, found, expected })
  }
}

function decided<T>(decision: Decision<T>): T {
  if ('decided' in decision) return decision.decided
  const [first] = decision.problems
  throw new PrescoreError(first?.code ?? 'internal', { ...first, problems: decision.problems })
}
