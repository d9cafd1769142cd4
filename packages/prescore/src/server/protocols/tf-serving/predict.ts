/** Predict: tensors from rows (`instances`) or columns (`inputs`), and outputs in the same form. */
import type { Subject } from '../subject.ts'
import { fitted, flatten, type NamedTensor, type TensorSpec, textOf } from '../tensors.ts'
import { documentElements, isBase64, isObject, type Members, servingError, shapeOf } from './document.ts'

export type Form = 'row' | 'column'

export interface PredictRequest {
  readonly form: Form
  readonly inputs: ReadonlyMap<string, NamedTensor>
}

/** @throws PrescoreError `invalid_request` */
export function readPredict(subject: Subject, { instances, inputs }: Members): PredictRequest {
  if (instances !== undefined && inputs !== undefined)
    throw servingError('invalid_request', "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist")
  if (instances !== undefined) return { form: 'row', inputs: readRows(subject, instances) }
  if (inputs !== undefined) return { form: 'column', inputs: readColumns(subject, inputs) }
  throw servingError('invalid_request', "Missing 'inputs' or 'instances' key")
}

function readRows(subject: Subject, instances: unknown): ReadonlyMap<string, NamedTensor> {
  if (!Array.isArray(instances))
    throw servingError('invalid_request', `Excepting 'instances' to be an list/array, found ${textOf(instances)}`)
  if (instances.length === 0) throw servingError('invalid_request', "No values in 'instances' array")
  if (!isRow(instances[0])) return plainRows(subject, instances)
  const names = Object.keys(instances[0] as Members)
  for (const [i, row] of instances.entries()) checkRow(subject, row, i, names)
  return new Map(
    subject.inputs
      .filter(({ name }) => names.includes(name))
      .map(spec => [
        spec.name,
        tensorOf(
          spec,
          instances.map(row => (row as Members)[spec.name]),
          `instances, ${spec.name}`,
        ),
      ]),
  )
}

function isRow(value: unknown): boolean {
  return isObject(value) && !isBase64(value)
}

function plainRows({ inputs }: Subject, instances: readonly unknown[]): ReadonlyMap<string, NamedTensor> {
  const [spec, ...others] = inputs
  if (spec === undefined || others.length > 0)
    throw servingError(
      'invalid_request',
      `instances is a plain list, but expecting list of objects as multiple input tensors required: ${namesOf(inputs)}`,
    )
  const at = instances.findIndex(isRow)
  if (at >= 0) throw servingError('invalid_request', `Expecting value/list but got object at item ${at} of input list`)
  return new Map([[spec.name, tensorOf(spec, instances, 'instances')]])
}

/** Every row has the names of the first, all that must be there, and no others. */
function checkRow(subject: Subject, row: unknown, i: number, names: readonly string[]): void {
  if (!isRow(row)) throw servingError('invalid_request', `Expecting object but got list at item ${i} of input list`)
  const wrong = (name: string, what: string) =>
    servingError('invalid_request', `Failed to process element: ${i} key: ${name.slice(0, 100)} of 'instances' list. Error: ${what}`)
  for (const name of Object.keys(row as Members)) {
    if (!subject.inputs.some(spec => spec.name === name))
      throw wrong(name, `JSON object: does not have named input, expecting ${namesOf(subject.inputs)}`)
    if (!names.includes(name)) throw wrong(name, 'the rows before do not have it')
  }
  const missing = [...names, ...required(subject)].find(name => !Object.hasOwn(row as Members, name))
  if (missing !== undefined) throw wrong(missing, 'it is missing')
}

/** Extra members are not looked at, as in TensorFlow Serving. */
function readColumns(subject: Subject, inputs: unknown): ReadonlyMap<string, NamedTensor> {
  if (!isRow(inputs)) {
    const [spec, ...others] = subject.inputs
    if (spec === undefined || others.length > 0)
      throw servingError(
        'invalid_request',
        `inputs is a plain value/list, but expecting an object as multiple input tensors required: ${namesOf(subject.inputs)}`,
      )
    return new Map([[spec.name, tensorOf(spec, inputs, 'inputs')]])
  }
  const given = inputs as Members
  const missing = required(subject).find(name => !Object.hasOwn(given, name))
  if (missing !== undefined) throw servingError('invalid_request', `Missing named input: ${missing} in 'inputs' object.`)
  const specs = subject.inputs.filter(({ name }) => Object.hasOwn(given, name))
  return new Map(specs.map(spec => [spec.name, tensorOf(spec, given[spec.name], `inputs, ${spec.name}`)]))
}

export function tensorOf(spec: TensorSpec, value: unknown, where: string): NamedTensor {
  const shape = shapeOf(value)
  const count = shape.reduce((product, length) => product * length, 1)
  const data = documentElements(spec.type, flatten(value, shape, count, where), where)
  return { name: spec.name, type: spec.type, shape: fitted(spec, shape), data }
}

function required({ inputs, optional }: Subject): readonly string[] {
  return inputs.map(({ name }) => name).filter(name => !optional.has(name))
}

function namesOf(specs: readonly TensorSpec[]): string {
  return specs.map(({ name }) => name).join(', ')
}
