/** Numbered keys as columns again. */
import { type Column, type NumberColumn, stringColumn } from '../expressions/index.ts'
import type { FeatureGroupDefinition, KeyColumns } from '../project/index.ts'
import type { KeyIndex } from './key-index.ts'

/** The columns of these keys, in the entity's order. */
export function keyColumns(index: KeyIndex, entity: KeyColumns, numbers: Int32Array): readonly (readonly [string, Column])[] {
  const keys = Array.from(numbers, number => index.values(number))
  return Object.entries(entity).map(([name, kind]) => {
    if (kind === 'string') return [name, stringColumn(keys.map(key => key[name] as string))] as const
    const values = Float64Array.from(keys, key => Number(key[name]))
    const column: NumberColumn = { type: { kind: 'int64' }, values }
    const exact = keys.some(key => typeof key[name] === 'bigint')
    return [name, exact ? { ...column, exact: BigInt64Array.from(keys, key => BigInt(key[name] as number | bigint)) } : column] as const
  })
}

/** The source's columns that make the key of a group, in the entity's order. */
export function sourceKeyColumns({ entity, by }: FeatureGroupDefinition): readonly string[] {
  return Object.keys(entity).map(name => by[name] ?? name)
}
