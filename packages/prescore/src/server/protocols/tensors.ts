/** Tensors of requests: their shapes, and their elements from JSON, each checked; no digit is lost and none is made up. */
import { PrescoreError } from '../../base/index.ts'
import { TENSOR_ARRAYS, type Tensor, type TensorData, type TensorType } from '../../models/index.ts'

export interface NamedTensor extends Tensor {
  readonly name: string
}

/** What an input takes, or an output gives. */
export interface TensorSpec {
  readonly name: string
  readonly type: TensorType
  /** -1: any length. */
  readonly shape: readonly number[]
}

const RANK_MAX = 8
const WHOLE_RANGES: Readonly<Partial<Record<TensorType, readonly [bigint, bigint]>>> = {
  int8: [-(2n ** 7n), 2n ** 7n - 1n],
  int16: [-(2n ** 15n), 2n ** 15n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint8: [0n, 2n ** 8n - 1n],
  uint16: [0n, 2n ** 16n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
}

/** An error of a request's tensors, by the name of the tensor. */
export function refused(where: string, found: string, expected: string): PrescoreError {
  return new PrescoreError('invalid_request', { where, found, expected })
}

/** The number of elements of a shape as JSON gives it. @throws PrescoreError `invalid_request` */
export function checkShape(shape: unknown, where: string): { readonly shape: readonly number[]; readonly count: number } {
  const isShape = Array.isArray(shape) && shape.length <= RANK_MAX && shape.every(length => Number.isSafeInteger(length) && length >= 0)
  const count = isShape ? (shape as number[]).reduce((product, length) => product * length, 1) : Number.NaN
  if (Number.isSafeInteger(count)) return { shape: shape as number[], count }
  throw refused(`${where}, shape`, textOf(shape), isShape ? 'fewer than 2^53 elements' : `at most ${RANK_MAX} whole numbers, none below 0`)
}

/** The shape as the specification has it, where it does: a last axis of one more is taken off. @throws PrescoreError `invalid_request` */
export function fitted({ name, shape: wanted }: TensorSpec, given: readonly number[]): readonly number[] {
  const shape = given.length === wanted.length + 1 && given.at(-1) === 1 ? given.slice(0, -1) : given
  if (shape.length === wanted.length && wanted.every((length, axis) => length === -1 || length === shape[axis])) return shape
  throw refused(`input \`${name}\`, shape`, `[${shape}]`, `[${wanted}]`)
}

/** The elements of nested or flat lists, row-major. @throws PrescoreError `invalid_request` */
export function flatten(data: unknown, shape: readonly number[], count: number, where: string): readonly unknown[] {
  if (!Array.isArray(data)) {
    if (shape.length === 0) return [data]
    throw refused(`${where}, data`, textOf(data), 'a list')
  }
  if (data.length === count && !Array.isArray(data[0])) return data
  const flat: unknown[] = []
  collect(data, shape, 0, flat, where)
  return flat
}

function collect(data: unknown, shape: readonly number[], axis: number, flat: unknown[], where: string): void {
  if (axis === shape.length) {
    flat.push(data)
    return
  }
  if (!Array.isArray(data) || data.length !== shape[axis]) {
    const found = Array.isArray(data) ? `a list of ${data.length}` : textOf(data)
    throw refused(`${where}, data at axis ${axis}`, found, `a list of ${shape[axis]}, as the shape [${shape}] says`)
  }
  for (const each of data) collect(each, shape, axis + 1, flat, where)
}

/**
 * Elements as JSON gives them, as elements of a type: whole numbers in range and without a fraction, floats as numbers (null is NaN),
 * truths, texts of valid Unicode. @throws PrescoreError `invalid_request` with the index of the first that is not
 */
export function elementsOf(type: TensorType, values: readonly unknown[], where: string): TensorData {
  if (type === 'string') return textsOf(values, where)
  if (type === 'float32' || type === 'float64') return floatsOf(type, values, where)
  if (type === 'bool') return Uint8Array.from(values, (value, i) => (isTruth(value, i, where) ? 1 : 0))
  if (type === 'int64' || type === 'uint64') {
    const large = new TENSOR_ARRAYS[type](values.length)
    for (let i = 0; i < values.length; i++) large[i] = wholeOf(type, values[i], i, where)
    return large
  }
  const small = new TENSOR_ARRAYS[type](values.length)
  for (let i = 0; i < values.length; i++) small[i] = Number(wholeOf(type, values[i], i, where))
  return small
}

function floatsOf(type: 'float32' | 'float64', values: readonly unknown[], where: string): TensorData {
  const floats = new TENSOR_ARRAYS[type](values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === 'number') floats[i] = value
    else if (value === null) floats[i] = Number.NaN
    else if (typeof value === 'bigint') floats[i] = Number(value)
    else throw refused(`${where}, element ${i}`, textOf(value), 'a number, or null for NaN')
  }
  return floats
}

function wholeOf(type: TensorType, value: unknown, i: number, where: string): bigint {
  const whole = typeof value === 'bigint' ? value : typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : undefined
  const [least, most] = WHOLE_RANGES[type] as readonly [bigint, bigint]
  if (whole !== undefined && whole >= least && whole <= most) return whole
  throw refused(`${where}, element ${i}`, textOf(value), `a whole number from ${least} to ${most}`)
}

function isTruth(value: unknown, i: number, where: string): boolean {
  if (typeof value === 'boolean') return value
  throw refused(`${where}, element ${i}`, textOf(value), 'true or false')
}

function textsOf(values: readonly unknown[], where: string): readonly string[] {
  values.forEach((value, i) => {
    if (typeof value !== 'string' || !value.isWellFormed())
      throw refused(`${where}, element ${i}`, textOf(value), 'a text of valid Unicode')
  })
  return values as readonly string[]
}

/** The tensor in a wider type that holds each of its values; undefined where there may be none. */
export function widened(tensor: Tensor, type: TensorType): Tensor | undefined {
  if (tensor.type === type) return tensor
  const { data, shape } = tensor
  if (type === 'float64' && tensor.type === 'float32') return { type, shape, data: Float64Array.from(data as Float32Array) }
  if (!(tensor.type in WHOLE_RANGES)) return undefined
  if (type !== 'int64' && type !== 'float64') return undefined
  const values = Array.from(data as ArrayLike<number | bigint>, BigInt)
  if (type === 'int64') return values.every(value => value < 2n ** 63n) ? { type, shape, data: BigInt64Array.from(values) } : undefined
  const floats = Float64Array.from(values, Number)
  return values.every((value, i) => BigInt(floats[i] as number) === value) ? { type, shape, data: floats } : undefined
}

/** A value of a request, short, as its errors show it. */
export function textOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.length > RANK_MAX ? `a list of ${value.length}` : `a list ${shortened(value)}`
  return shortened(value)
}

function shortened(value: unknown): string {
  const isDeep = value !== null && typeof value === 'object' && Object.values(value).some(each => each !== null && typeof each === 'object')
  if (isDeep) return Array.isArray(value) ? `of ${value.length} lists or objects` : 'an object'
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each))
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`
}
