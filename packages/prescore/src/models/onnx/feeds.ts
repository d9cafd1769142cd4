import type { Tensor } from 'onnxruntime-node'
import { PrescoreError } from '../../base/index.ts'
import type { BoundColumn, InputBinding } from '../bind-inputs.ts'
import { arrayOf, type FloatType, type Matrix } from '../runtime.ts'

export type TensorClass = typeof Tensor
export type Feeds = Readonly<Record<string, Tensor>>

/** Some rows of a matrix, to be fed as `fedRows` rows: the ones that are not there are zeros. */
export interface Slice {
  readonly matrix: Matrix
  readonly features: number
  readonly from: number
  readonly count: number
  readonly fedRows: number
  /** Sums along a row depend on the alignment of what they read: then it must be that of an array of its own each time. */
  readonly copied: boolean
}

/** The matrix that holds every feature in the precision that its input takes. */
export function inputTypeOf(input: InputBinding): FloatType {
  if (input.kind === 'matrix') return input.type
  return input.columns.every(({ type }) => type === 'float32') ? 'float32' : 'float64'
}

/** @throws PrescoreError `lossy_cast` for a value that an int64 input cannot take. */
export function makeFeeds(Tensor: TensorClass, input: InputBinding, slice: Slice): Feeds {
  if (input.kind === 'matrix') return { [input.name]: matrixTensor(Tensor, input.type, slice) }
  return Object.fromEntries(input.columns.map(column => [column.name, columnTensor(Tensor, column, slice)]))
}

function matrixTensor(Tensor: TensorClass, type: FloatType, { matrix, features, from, count, fedRows, copied }: Slice): Tensor {
  const given = matrix.subarray(from * features, (from + count) * features)
  const shape = [fedRows, features]
  if (count === fedRows && !copied) return new Tensor(type, given, shape)
  const copy = arrayOf(type, fedRows * features)
  copy.set(given)
  return new Tensor(type, copy, shape)
}

function columnTensor(Tensor: TensorClass, column: BoundColumn, slice: Slice): Tensor {
  const shape = column.rank === 1 ? [slice.fedRows] : [slice.fedRows, 1]
  if (column.type === 'int64') return new Tensor('int64', wholeValues(column, slice), shape)
  const { matrix, features, from, count, fedRows } = slice
  const values = arrayOf(column.type, fedRows)
  for (let i = 0; i < count; i++) values[i] = matrix[(from + i) * features + column.feature] as number
  return new Tensor(column.type, values, shape)
}

function wholeValues({ name, feature }: BoundColumn, { matrix, features, from, count, fedRows }: Slice): BigInt64Array {
  const values = new BigInt64Array(fedRows)
  for (let i = 0; i < count; i++) {
    const value = matrix[(from + i) * features + feature] as number
    if (!Number.isSafeInteger(value)) {
      throw new PrescoreError('lossy_cast', {
        where: `feature \`${name}\`, row ${from + i}`,
        found: String(value),
        expected: 'a whole number within ±2^53, for the model takes int64',
        fix: 'Declare a default for the feature, round it, or export the model with a float32 input.',
      })
    }
    values[i] = BigInt(value)
  }
  return values
}
