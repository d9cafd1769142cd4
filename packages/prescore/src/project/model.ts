import { checkSettings, PrescoreError, type Settings } from '../base/index.ts'
import { makeFunction } from '../expressions/index.ts'
import type { ModelDefinition, RemoteModelDefinition } from './types.ts'

interface OnnxOptions {
  readonly output?: string
}

const ONNX: Settings<OnnxOptions> = { output: 'optional' }

/**
 * An ONNX model. `output` names the output tensor; `'probabilities[1]'` takes the element 1 of each row.
 * The input is one tensor [rows, features], or one input for each feature by its name. Without `output`: the only one of
 * floats.
 * @error model_unreadable, model_mismatch, model_output
 */
export function onnx(file: string, options: OnnxOptions = {}): ModelDefinition {
  checkSettings(options, ONNX, 'onnx')
  return Object.freeze({ runtime: 'onnx', file, ...outputOf(options.output, `model ${file}`) })
}

export interface RemoteModelOptions {
  /**
   * `http://host:port`, or `env('NAME')`: with it, the address is in no release.
   * @error invalid_value, model_unavailable
   */
  readonly url: string | { readonly env: string }
  /** What the server calls it. */
  readonly model: string
  /**
   * Resolved when the release is made, and frozen.
   * @default the newest
   * @error model_unavailable, model_changed
   */
  readonly version?: string
  /**
   * The output tensor, or one element of its rows: `'probabilities[1]'`.
   * @default the only output of floats
   * @error invalid_value, model_output
   */
  readonly output?: string
  /**
   * Time for one request, retries included.
   * @default 2,000
   * @error invalid_value
   */
  readonly timeoutMs?: number
  /**
   * Rows in one request at most; 1 for models whose values depend on the rows beside.
   * @default 256
   * @error invalid_value
   */
  readonly rowsPerRequest?: number
}

const REMOTE: Settings<RemoteModelOptions> = {
  url: 'required',
  model: 'required',
  version: 'optional',
  output: 'optional',
  timeoutMs: 'optional',
  rowsPerRequest: 'optional',
}

/** A model on a server that speaks the Open Inference Protocol V2: Triton, KServe, MLServer. Otherwise as {@link onnx}. */
export function openInference(options: RemoteModelOptions): ModelDefinition {
  checkSettings(options, REMOTE, 'openInference')
  return remoteModel('openInference', options, {})
}

interface TfServingOptions extends RemoteModelOptions {
  /**
   * In place of a version: what the label means when the release is made.
   * @default none
   * @error invalid_value
   */
  readonly label?: string
  /**
   * The signature's name.
   * @default `serving_default`
   */
  readonly signature?: string
}

const TF_SERVING: Settings<TfServingOptions> = { ...REMOTE, label: 'optional', signature: 'optional' }

/** A model of TensorFlow Serving, over its REST API. Otherwise as {@link onnx}. */
export function tfServing(options: TfServingOptions): ModelDefinition {
  checkSettings(options, TF_SERVING, 'tfServing')
  const { label, signature = 'serving_default', version } = options
  if (label !== undefined && version !== undefined)
    throw new PrescoreError('invalid_value', { where: `model ${options.model}`, found: 'a version and a label', expected: 'one of them' })
  return remoteModel('tfServing', options, { signature, ...(label === undefined ? {} : { label }) })
}

interface FuncOptions {
  readonly run: (features: Readonly<Record<string, number>>) => number | readonly number[]
}

const FUNC: Settings<FuncOptions> = { run: 'required' }

/**
 * A plain function of the features by name, in doubles; NaN is missing. It gives a number, or as many numbers for every row. It must be
 * pure, as `fn` must: a release holds its text.
 * @error impure_function, value_not_finite
 */
export function func(options: FuncOptions): ModelDefinition {
  checkSettings(options, FUNC, 'func')
  const source = String(options.run)
  makeFunction(source)
  return Object.freeze({ runtime: 'func', file: '', source, output: 'value' })
}

function remoteModel(
  runtime: ModelDefinition['runtime'],
  { url, model, version, output, timeoutMs = 2_000, rowsPerRequest = 256 }: RemoteModelOptions,
  others: Pick<RemoteModelDefinition, 'label' | 'signature'>,
): ModelDefinition {
  const where = `model ${model}`
  if (typeof url === 'string' && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new PrescoreError('invalid_value', {
      where: `${where}, url`,
      found: JSON.stringify(url),
      expected: "an address such as 'http://host:8000'",
    })
  for (const [name, value] of Object.entries({ timeoutMs, rowsPerRequest }))
    if (!Number.isSafeInteger(value) || value < 1)
      throw new PrescoreError('invalid_value', {
        where: `${where}, ${name}`,
        found: String(value),
        expected: 'a whole number of at least 1',
      })
  const remote = { url, model, ...(version === undefined ? {} : { version }), ...others, timeoutMs, rowsPerRequest }
  return Object.freeze({ runtime, file: '', remote: Object.freeze(remote), ...outputOf(output, where) })
}

function outputOf(output: string | undefined, where: string): Pick<ModelDefinition, 'output' | 'index'> {
  const match = /^([^[\]]*)(?:\[(\d+)\])?$/.exec(output ?? '')
  if (match === null) {
    throw new PrescoreError('invalid_value', {
      where: `${where}, output`,
      found: JSON.stringify(output),
      expected: "a name such as 'probabilities' or 'probabilities[1]'",
    })
  }
  const index = match[2] === undefined ? {} : { index: Number(match[2]) }
  return { output: match[1] as string, ...index }
}
