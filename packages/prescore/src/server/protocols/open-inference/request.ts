/** An inference request: JSON, perhaps with raw tensors behind it, read against what the subject takes. */
import { PrescoreError, suggestion } from '../../../base/index.ts'
import type { Call, Parameters, Subject } from '../subject.ts'
import { checkShape, elementsOf, fitted, flatten, type NamedTensor, refused, type TensorSpec, textOf, widened } from '../tensors.ts'
import { parseTolerantJson } from '../tolerant-json.ts'
import { readElements, readText } from './binary.ts'
import { DATATYPES, datatypeOf } from './datatypes.ts'

export interface InferRequest {
  readonly id: string | undefined
  readonly call: Omit<Call, 'caller'>
  /** Outputs that are to be sent as raw bytes. */
  readonly binary: ReadonlySet<string>
}

type Members = Readonly<Record<string, unknown>>

/** @param jsonBytes the header `Inference-Header-Content-Length`; undefined: all is JSON; 0: all is the one input's bytes. */
export function readRequest(subject: Subject, body: Buffer, jsonBytes: number | undefined): InferRequest {
  if (jsonBytes === 0) return rawRequest(subject, body)
  const root = members(jsonBytes === undefined ? wholeJson(body) : parseTolerantJson(body.subarray(0, jsonBytes)), 'the body')
  if (root.id !== undefined && typeof root.id !== 'string') throw refused('`id`', textOf(root.id), 'a text')
  const { binary_data_output: isBinary = false, ...parameters } = parametersOf(root.parameters, '`parameters`')
  if (typeof isBinary !== 'boolean') throw refused('parameter `binary_data_output`', textOf(isBinary), 'true or false')
  const tail = new Tail(body, jsonBytes ?? body.length)
  const inputs = readInputs(subject, root.inputs, tail)
  tail.end()
  const { outputs, binary } = readOutputs(subject, root.outputs, isBinary)
  return { id: root.id, call: { inputs, outputs, parameters }, binary }
}

/** A body without a word of raw tensors, which is all JSON. */
function wholeJson(body: Buffer): unknown {
  try {
    return parseTolerantJson(body)
  } catch (error) {
    if (!(error instanceof PrescoreError) || !error.details.found?.includes('after JSON')) throw error
    const fix = 'Raw tensors behind the JSON need the header Inference-Header-Content-Length, with the bytes of the JSON.'
    throw new PrescoreError(error.code, { ...error.details, fix })
  }
}

/** The raw tensors behind the JSON, taken in the order of the inputs. */
class Tail {
  readonly #body: Buffer
  #at: number

  constructor(body: Buffer, at: number) {
    this.#body = body
    this.#at = at
  }

  take(size: unknown, where: string): Buffer {
    const left = this.#body.length - this.#at
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > left)
      throw refused(`${where}, binary_data_size`, textOf(size), `a whole number, at most the ${left} bytes that follow the JSON`)
    this.#at += size
    return this.#body.subarray(this.#at - size, this.#at)
  }

  end(): void {
    const left = this.#body.length - this.#at
    if (left > 0) throw refused('the body', `${left} bytes that no input takes`, 'as many as the inputs say')
  }
}

function readInputs(subject: Subject, value: unknown, tail: Tail): ReadonlyMap<string, NamedTensor> {
  if (!Array.isArray(value)) throw refused('`inputs`', textOf(value), 'a list of tensors')
  const inputs = new Map<string, NamedTensor>()
  for (const [i, each] of value.entries()) {
    const input = members(each, `input ${i}`)
    const spec = specOf(subject.inputs, input.name, `input ${i}`)
    if (inputs.has(spec.name)) throw refused(`input \`${spec.name}\``, 'it twice', 'it once')
    inputs.set(spec.name, readInput(spec, input, tail))
  }
  const missing = subject.inputs.find(({ name }) => !inputs.has(name) && !subject.optional.has(name))
  if (missing !== undefined)
    throw refused('`inputs`', `no \`${missing.name}\``, `all of ${subject.inputs.map(({ name }) => name).join(', ')}`)
  return inputs
}

function readInput(spec: TensorSpec, { shape: given, datatype, parameters, data }: Members, tail: Tail): NamedTensor {
  const where = `input \`${spec.name}\``
  const { shape, count } = checkShape(given, where)
  const type =
    typeof datatype === 'string' && Object.hasOwn(DATATYPES, datatype) ? DATATYPES[datatype as keyof typeof DATATYPES] : undefined
  if (type === undefined) throw refused(`${where}, datatype`, textOf(datatype), datatypeOf(spec.type))
  const size = parametersOf(parameters, `${where}, parameters`).binary_data_size
  if (size !== undefined && data !== undefined) throw refused(where, '`data` beside `binary_data_size`', 'one of them')
  const elements =
    size === undefined
      ? elementsOf(type, flatten(data, shape, count, where), where)
      : readElements(type, tail.take(size, where), count, where)
  const tensor = widened({ type, shape, data: elements }, spec.type)
  if (tensor === undefined) throw refused(`${where}, datatype`, String(datatype), `${datatypeOf(spec.type)}, or values that it holds`)
  return { name: spec.name, ...tensor, shape: fitted(spec, shape) }
}

function readOutputs({ outputs }: Subject, value: unknown, isBinary: boolean): { outputs: readonly string[]; binary: ReadonlySet<string> } {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    const names = outputs.map(({ name }) => name)
    return { outputs: names, binary: new Set(isBinary ? names : []) }
  }
  if (!Array.isArray(value)) throw refused('`outputs`', textOf(value), 'a list of outputs')
  const wanted = new Map<string, boolean>()
  for (const [i, each] of value.entries()) {
    const output = members(each, `output ${i}`)
    const { name } = specOf(outputs, output.name, `output ${i}`)
    if (wanted.has(name)) throw refused(`output \`${name}\``, 'it twice', 'it once')
    const { binary_data: own = isBinary, ...others } = parametersOf(output.parameters, `output \`${name}\`, parameters`)
    const [other] = Object.keys(others)
    if (other !== undefined) throw refused(`output \`${name}\``, `the parameter \`${other}\``, '`binary_data`, or none')
    if (typeof own !== 'boolean') throw refused(`output \`${name}\`, binary_data`, textOf(own), 'true or false')
    wanted.set(name, own)
  }
  return { outputs: [...wanted.keys()], binary: new Set([...wanted].filter(([, own]) => own).map(([name]) => name)) }
}

/** The body is the one input of one row: its elements, or one text without a length. */
function rawRequest({ inputs, outputs }: Subject, body: Buffer): InferRequest {
  const [spec, ...others] = inputs
  const open = spec?.shape.filter(length => length === -1).length ?? 0
  if (spec === undefined || others.length > 0 || open > 1)
    throw refused('the body', 'raw bytes', 'JSON: only one input with at most one open length can come without')
  const names = outputs.map(({ name }) => name)
  const where = `input \`${spec.name}\``
  return {
    id: undefined,
    call: { inputs: new Map([[spec.name, rawTensor(spec, body, where)]]), outputs: names, parameters: {} },
    binary: new Set(names),
  }
}

function rawTensor(spec: TensorSpec, body: Buffer, where: string): NamedTensor {
  const { name, type } = spec
  const fixed = spec.shape.filter(length => length !== -1).reduce((product, length) => product * length, 1)
  if (type === 'string') {
    const shape = spec.shape.map(length => (length === -1 ? 1 : length))
    if (fixed !== 1) throw refused(where, 'raw bytes', 'JSON: only one text can come without')
    return { name, type, shape, data: [readText(body, where)] }
  }
  const width = type === 'bool' || type.endsWith('int8') ? 1 : Number(/\d+$/.exec(type)?.[0]) / 8
  const rowBytes = width * fixed
  const rows = spec.shape.includes(-1) ? body.length / rowBytes : 1
  if (!Number.isSafeInteger(rows)) throw refused(where, `${body.length} bytes`, `whole rows of ${rowBytes}`)
  const shape = spec.shape.map(length => (length === -1 ? rows : length))
  return { name, type, shape, data: readElements(type, body, rows * fixed, where) }
}

function specOf(specs: readonly TensorSpec[], name: unknown, where: string): TensorSpec {
  const spec = specs.find(each => each.name === name)
  if (spec !== undefined) return spec
  const names = specs.map(each => each.name)
  if (typeof name !== 'string') throw refused(`${where}, name`, textOf(name), `one of ${names.join(', ')}`)
  throw new PrescoreError('invalid_request', { where: `${where}, name`, found: textOf(name), fix: suggestion(name, names) })
}

function members(value: unknown, where: string): Members {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Members
  throw refused(where, textOf(value), 'an object')
}

/** A flat map of texts, numbers and truths. */
function parametersOf(value: unknown, where: string): Parameters {
  if (value === undefined) return {}
  const given = members(value, where)
  for (const [name, each] of Object.entries(given)) {
    if (!['string', 'number', 'boolean', 'bigint'].includes(typeof each))
      throw refused(`${where}, \`${name.slice(0, 40)}\``, textOf(each), 'a text, a number or a truth')
  }
  return given as Parameters
}
