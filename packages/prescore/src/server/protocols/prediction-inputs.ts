/** Elements of tensors as the values of key columns and request inputs that JSON would give. */
import type { Kind } from '../../expressions/index.ts'
import type { TensorData, TensorType } from '../../models/index.ts'

export type ReadElement = (data: TensorData, index: number) => unknown

/** Timestamps are texts with a zone, durations are seconds, as in JSON. */
export const INPUT_TYPES: Readonly<Record<Kind, TensorType>> = {
  string: 'string',
  int64: 'int64',
  float64: 'float64',
  boolean: 'bool',
  timestamp: 'string',
  duration: 'float64',
}

/** Tensors have no null: NaN is a missing number, and the empty text a missing time. */
export function reader(kind: Kind): ReadElement {
  return READERS[kind]
}

const number: ReadElement = (data, i) => {
  const value = data[i] as number
  return Number.isNaN(value) ? null : value
}

const READERS: Readonly<Record<Kind, ReadElement>> = {
  string: (data, i) => data[i],
  int64: (data, i) => {
    const value = data[i] as bigint
    const narrow = Number(value)
    return Number.isSafeInteger(narrow) ? narrow : value
  },
  float64: number,
  duration: number,
  boolean: (data, i) => data[i] === 1,
  timestamp: (data, i) => (data[i] === '' ? null : data[i]),
}
