import type { InferenceSession } from 'onnxruntime-node'
import { PrescoreError } from '../../base/index.ts'
import type { InputBinding } from '../bind-inputs.ts'
import type { ChosenOutput } from '../choose-output.ts'
import { arrayOf, type FloatType, type Matrix, type ModelRunner } from '../runtime.ts'
import { inputTypeOf, makeFeeds, type TensorClass } from './feeds.ts'
import type { CallShape } from './operators.ts'

/** A session, with how features go in, what comes out, and how many rows a call may take. */
export interface LoadedModel {
  readonly file: string
  readonly session: InferenceSession
  readonly Tensor: TensorClass
  readonly features: number
  readonly input: InputBinding
  readonly output: ChosenOutput
  /** The one element of each row that is wanted. */
  readonly index: number | undefined
  readonly call: CallShape
}

export class OnnxRunner implements ModelRunner {
  readonly inputType: FloatType
  readonly outputType: FloatType
  readonly width: number
  readonly wholeFeatures: readonly number[]
  readonly #model: LoadedModel
  /** Values in a row of the output tensor, of which the index may choose one. */
  readonly #tensorWidth: number
  #closed = false

  constructor(model: LoadedModel, tensorWidth: number) {
    const { input, output, index } = model
    this.#model = model
    this.#tensorWidth = tensorWidth
    this.inputType = inputTypeOf(input)
    this.outputType = output.type
    this.width = index === undefined ? tensorWidth : 1
    this.wholeFeatures = input.kind === 'matrix' ? [] : input.columns.filter(({ type }) => type === 'int64').map(({ feature }) => feature)
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    this.#check(matrix, rows)
    const result = arrayOf(this.outputType, rows * this.width)
    for (let from = 0; from < rows; from += this.#model.call.rowsMax) {
      const count = Math.min(this.#model.call.rowsMax, rows - from)
      this.#take(await callModel(this.#model, matrix, from, count), count, result, from)
    }
    return result
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#model.session.release()
  }

  #take(data: Matrix, count: number, result: Matrix, from: number): void {
    const { index } = this.#model
    if (data.length < count * this.#tensorWidth) throw failed(this.#model.file, `${data.length} values for ${count} rows`)
    if (index === undefined) result.set(data.subarray(0, count * this.#tensorWidth), from * this.width)
    else for (let i = 0; i < count; i++) result[from + i] = data[i * this.#tensorWidth + index] as number
  }

  #check(matrix: Matrix, rows: number): void {
    if (this.#closed) throw failed(this.#model.file, 'the model is closed')
    const { features } = this.#model
    const type = matrix instanceof Float32Array ? 'float32' : 'float64'
    if (type === this.inputType && Number.isSafeInteger(rows) && rows >= 0 && matrix.length === rows * features) return
    throw new PrescoreError('invalid_value', {
      where: `matrix for ${this.#model.file}`,
      found: `${matrix.length} ${type} values for ${rows} rows`,
      expected: `${features} ${this.inputType} values a row`,
    })
  }
}

/** One call of the model; its output may have more rows than the count. @throws PrescoreError `model_failed`, `lossy_cast` */
export async function callModel(model: LoadedModel, matrix: Matrix, from: number, count: number): Promise<Matrix> {
  const { session, Tensor, input, output, features, call } = model
  const fedRows = Math.ceil(count / call.multipleOf) * call.multipleOf
  const feeds = makeFeeds(Tensor, input, { matrix, features, from, count, fedRows, copied: call.rowsMax === 1 })
  try {
    const results = await session.run(feeds, [output.name])
    return results[output.name]?.data as Matrix
  } catch (cause) {
    throw failed(model.file, messageOf(cause), cause)
  }
}

/** What the runtime says, in its first line and without the place in its own sources. */
export function messageOf(cause: unknown): string {
  const [line] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  return (line as string).replace(/^\/\S+:\d+ .*?\) (?=[A-Z])/, '').replace(/\.$/, '')
}

function failed(file: string, found: string, cause?: unknown): PrescoreError {
  return new PrescoreError('model_failed', { where: file, found, cause })
}
