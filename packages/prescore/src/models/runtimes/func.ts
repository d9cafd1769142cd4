/** A model that is a pure function of the features, made again from its text wherever it runs. */
import { readFile } from 'node:fs/promises'
import { PrescoreError } from '../../base/index.ts'
import { makeFunction } from '../../expressions/index.ts'
import type { ModelDefinition } from '../../project/index.ts'
import type { Matrix, ModelRunner, ModelSignature, Runtime } from '../runtime.ts'

/** What a release holds of it. */
interface FunctionFile {
  readonly format: 1
  readonly runtime: 'func'
  readonly source: string
}

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'features', type: 'float64', shape: [null, null] }],
  outputs: [{ name: 'value', type: 'float64', shape: null }],
  metadata: {},
  operators: [],
}

export const func: Runtime = Object.freeze({
  inspect: async (file: string) => {
    await readFunction(file)
    return SIGNATURE
  },
  open: async (file: string, definition: ModelDefinition, featureNames: readonly string[]) =>
    new FunctionRunner(file, await readFunction(file), featureNames, definition.index),
  withoutFile: {
    inspect: async ({ source }: ModelDefinition) => {
      makeFunction(source ?? '')
      return SIGNATURE
    },
    freeze: async ({ source = '' }: ModelDefinition) =>
      Buffer.from(`${JSON.stringify({ format: 1, runtime: 'func', source } satisfies FunctionFile)}\n`),
  },
})

type Call = (features: Record<string, number>) => unknown

async function readFunction(file: string): Promise<Call> {
  try {
    const { format, runtime, source } = JSON.parse(await readFile(file, 'utf8')) as Partial<FunctionFile>
    if (format === 1 && runtime === 'func' && typeof source === 'string') return makeFunction(source)
  } catch (cause) {
    throw new PrescoreError('model_unreadable', { where: file, found: (cause as Error).message, expected: 'a function', cause })
  }
  throw new PrescoreError('model_unreadable', { where: file, found: 'something else', expected: 'a function' })
}

class FunctionRunner implements ModelRunner {
  readonly inputType = 'float64'
  readonly outputType = 'float64'
  readonly width: number
  readonly wholeFeatures: readonly number[] = []
  readonly #file: string
  readonly #call: Call
  readonly #names: readonly string[]
  readonly #index: number | undefined
  #closed = false

  /** It is called with zeros once: every row gives as many values as that. @throws PrescoreError `model_output` */
  constructor(file: string, call: Call, names: readonly string[], index: number | undefined) {
    this.#file = file
    this.#call = call
    this.#names = names
    this.#index = index
    const { length } = this.#valuesOf(new Float64Array(names.length), 0)
    if (length === 0 || (index !== undefined && index >= length))
      throw new PrescoreError('model_output', { where: file, found: `${length} values`, expected: 'the element that is wanted' })
    this.width = index === undefined ? length : 1
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    return this.runNow(matrix, rows)
  }

  runNow(matrix: Matrix, rows: number): Matrix {
    this.#check(matrix, rows)
    const result = new Float64Array(rows * this.width)
    for (let row = 0; row < rows; row++) {
      const values = this.#valuesOf(matrix, row)
      if (this.#index !== undefined) result[row] = values[this.#index] as number
      else if (values.length === this.width) result.set(values, row * this.width)
      else throw this.#failed(`${values.length} values`, `${this.width}, as for other rows`)
    }
    return result
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #valuesOf(matrix: Matrix, row: number): readonly number[] {
    const from = row * this.#names.length
    const features = Object.fromEntries(this.#names.map((name, i) => [name, matrix[from + i] as number]))
    const value = this.#called(features)
    const values = Array.isArray(value) ? (value as unknown[]) : [value]
    if (values.every(each => typeof each === 'number')) return values
    throw this.#failed(`a function that returned ${typeof values.find(each => typeof each !== 'number')}`, 'numbers')
  }

  #called(features: Record<string, number>): unknown {
    try {
      return this.#call(features)
    } catch (error) {
      throw this.#failed(String(error), 'a value for every row')
    }
  }

  #check(matrix: Matrix, rows: number): void {
    if (this.#closed) throw this.#failed('the model is closed')
    const features = this.#names.length
    if (matrix instanceof Float64Array && Number.isSafeInteger(rows) && rows >= 0 && matrix.length === rows * features) return
    const found = `${matrix.length} ${matrix instanceof Float32Array ? 'float32' : 'float64'} values for ${rows} rows`
    throw new PrescoreError('invalid_value', { where: `matrix for ${this.#file}`, found, expected: `${features} float64 values a row` })
  }

  #failed(found: string, expected?: string): PrescoreError {
    return new PrescoreError('model_failed', { where: this.#file, found, ...(expected === undefined ? {} : { expected }) })
  }
}
