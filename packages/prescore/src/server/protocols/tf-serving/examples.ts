/** Classify and regress: examples of features, one object a row; labels and scores, or a number, for each. */
import { type ErrorCode, PrescoreError } from '../../../base/index.ts'
import type { Call, Subject } from '../subject.ts'
import { type NamedTensor, type TensorSpec, textOf } from '../tensors.ts'
import { Decimal, isBase64, isObject, type Members, servingError } from './document.ts'
import { tensorOf } from './predict.ts'
import { decimalText } from './response.ts'

export type ExampleMethod = 'classify' | 'regress'

/** @throws PrescoreError `invalid_request` */
export function readExamples(subject: Subject, { context, examples }: Members): Call['inputs'] {
  if (examples === undefined) throw servingError('invalid_request', "key 'examples' is expected and was not found")
  if (!Array.isArray(examples))
    throw servingError('invalid_request', `Expecting 'examples' value to be an list/array, found ${textOf(examples)}`)
  if (examples.length === 0) throw servingError('invalid_request', "'examples' value is an empty array")
  const shared = context === undefined ? {} : checkExample(context, "'context'")
  const rows = examples.map(example => ({ ...shared, ...checkExample(example, 'Example') }) as Members)
  const names = Object.keys(rows[0] as Members)
  for (const [i, row] of rows.entries()) {
    const wrong = [...Object.keys(row), ...names].find(name => !names.includes(name) || !Object.hasOwn(row, name))
    if (wrong !== undefined) throw servingError('invalid_request', `Example ${i}: Feature: ${wrong.slice(0, 100)} is not in every example`)
  }
  const unknown = names.find(name => !subject.inputs.some(spec => spec.name === name))
  if (unknown !== undefined)
    throw servingError(
      'invalid_request',
      `Feature: ${unknown.slice(0, 100)} is none of ${subject.inputs.map(({ name }) => name).join(', ')}`,
    )
  const missing = subject.inputs.find(({ name }) => !names.includes(name) && !subject.optional.has(name))
  if (missing !== undefined)
    throw servingError('invalid_request', `Feature: ${missing.name} (data type: ${missing.type}) is required but could not be found.`)
  const specs = subject.inputs.filter(({ name }) => names.includes(name))
  return new Map(
    specs.map(spec => [
      spec.name,
      tensorOf(
        spec,
        rows.map(row => valueOf(row[spec.name], spec)),
        `examples, ${spec.name}`,
      ),
    ]),
  )
}

/** Each feature a value, or a list of values of one kind. */
function checkExample(example: unknown, what: string): Members {
  if (!isObject(example)) throw servingError('invalid_request', `${what} must be JSON object but got JSON ${textOf(example)}`)
  for (const [name, feature] of Object.entries(example)) {
    const values = Array.isArray(feature) ? feature : [feature]
    if (new Set(values.map(value => kindOf(name, value))).size > 1)
      throw servingError(
        'invalid_request',
        `Unexpected element type in feature: ${name.slice(0, 100)} expecting type: ${kindOf(name, values[0])}`,
      )
  }
  return example
}

function kindOf(name: string, value: unknown): string {
  if (value instanceof Decimal) return 'float'
  if (typeof value === 'string' || isBase64(value)) return 'bytes'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return 'int64'
  throw servingError('invalid_request', `Feature: ${name.slice(0, 100)} has element with unexpected JSON type: ${textOf(value)}`)
}

/** A feature of one value is a list of it where the input has an axis for that; truths are 0 and 1 where numbers are wanted. */
function valueOf(feature: unknown, { shape, type }: TensorSpec): unknown {
  const values = (Array.isArray(feature) ? feature : [feature]).map(value =>
    typeof value === 'boolean' && type !== 'bool' ? Number(value) : value,
  )
  return shape.length === 1 && values.length === 1 ? values[0] : values
}

/** The output that holds the scores of classes, or the one number. @throws PrescoreError `invalid_request` where there is none */
export function resultOutput({ name, outputs }: Subject, method: ExampleMethod): string {
  const fits = ({ type, shape }: TensorSpec) => {
    const isFloat = type === 'float32' || type === 'float64'
    return isFloat && (method === 'classify' ? shape.length === 2 : shape.length === 1 || shape[1] === 1)
  }
  // A prediction's own value may be either: what comes will tell.
  const found = outputs.find(output => output.name === 'value') ?? outputs.find(fits)
  if (found !== undefined) return found.name
  throw servingError('invalid_request', `Serving signature name: "${method}" not found in signature def of ${name}`)
}

export function resultsJson(method: ExampleMethod, { shape, data, type }: NamedTensor): string {
  const width = shape.length === 1 ? 1 : (shape[1] as number)
  const isList = shape.length > 1 && width !== 1
  if (isList !== (method === 'classify'))
    throw servingError(
      'invalid_request',
      `Expected ${method === 'classify' ? 'scores of classes' : 'one number'}, but the value is ${isList ? 'a list' : 'a number'}`,
    )
  const text = (i: number) => decimalText(data[i] as number, type as 'float64')
  if (method === 'regress') return `{"results":[${Array.from(data as Float64Array, (_, i) => text(i)).join(',')}]}`
  const rows = Array.from(
    { length: shape[0] as number },
    (_, row) => `[${Array.from({ length: width }, (_, i) => `["${i}",${text(row * width + i)}]`).join(',')}]`,
  )
  return `{"results":[${rows.join(',')}]}`
}

/** Where nothing tells why a row has no value, the first that has none fails the request. */
export function refuseFailedRows(outputs: readonly NamedTensor[]): void {
  const [source, reason, message] = ['source', 'reason', 'message'].map(name => outputs.find(output => output.name === name)?.data)
  const row = (source as readonly string[] | undefined)?.indexOf('') ?? -1
  if (row < 0) return
  throw Object.assign(new PrescoreError(reason?.[row] as ErrorCode), { message: `row ${row}: ${message?.[row]}` })
}
