/** Names of element types in the protocol. FP16 and BF16 have none of ours: no model here takes them. */
import type { TensorType } from '../../../models/index.ts'

export const DATATYPES = Object.freeze({
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} satisfies Readonly<Record<string, TensorType>>)

const NAMES = Object.fromEntries(Object.entries(DATATYPES).map(([name, type]) => [type, name])) as Readonly<Record<TensorType, string>>

export function datatypeOf(type: TensorType): string {
  return NAMES[type]
}
