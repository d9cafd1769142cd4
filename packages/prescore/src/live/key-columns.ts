/** One key as columns of one row, and what columns of one row hold. */
import { type Column, stringColumn } from '../expressions/index.ts'
import type { LiveValue } from '../online/index.ts'
import type { FeatureGroupDefinition, Key } from '../project/index.ts'

/** The columns of one key, in its entity's order; those of a key that is missing are missing. */
export function keyColumns({ entity }: FeatureGroupDefinition, key: Key | undefined): Column[] {
  return Object.entries(entity).map(([name, kind]) => {
    const value = key?.[name]
    if (kind === 'string') return stringColumn([value as string | undefined])
    const column = { type: { kind }, values: Float64Array.of(value === undefined ? Number.NaN : Number(value)) }
    return typeof value === 'bigint' ? { ...column, exact: BigInt64Array.of(value) } : column
  })
}

/** The value of a column's first row. */
export function valueOf(column: Column): LiveValue {
  if ('codes' in column) return column.codes[0]! < 0 ? undefined : column.dictionary[column.codes[0]!]
  return column.values[0]!
}
