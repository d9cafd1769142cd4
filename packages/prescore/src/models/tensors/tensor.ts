/** Tensors by name: what a caller passes who brings a model's own inputs. */

/** Element types as model signatures name them. Half floats are not among them: no array holds them. */
export type TensorType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'string'

/** Numbers in the array of their type; truths as 0 and 1 in a Uint8Array; texts as strings. */
export type TensorData =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  | readonly string[]

export interface Tensor {
  readonly type: TensorType
  readonly shape: readonly number[]
  /** Row-major; as long as the product of the shape. */
  readonly data: TensorData
}

/** The array for so many elements. */
export const TENSOR_ARRAYS = Object.freeze({
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float32: Float32Array,
  float64: Float64Array,
}) satisfies Readonly<Record<Exclude<TensorType, 'string'>, unknown>>

export function isTensorType(type: string): type is TensorType {
  return type === 'string' || Object.hasOwn(TENSOR_ARRAYS, type)
}
