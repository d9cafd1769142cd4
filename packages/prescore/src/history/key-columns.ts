/** Numbered keys as columns again. */
import type { Column } from '../expressions/index.ts'
import type { FeatureGroupDefinition, KeyColumns } from '../project/index.ts'
import type { KeyIndex } from './key-index.ts'

/** The columns of these keys, in the entity's order. */
export function keyColumns(index: KeyIndex, entity: KeyColumns, numbers: Int32Array): readonly (readonly [string, Column])[] {
  const columns = index.columnsOf(numbers)
  return Object.keys(entity).map((name, i) => [name, columns[i] as Column] as const)
}

/** The source's columns that make the key of a group, in the entity's order. */
export function sourceKeyColumns({ entity, by }: FeatureGroupDefinition): readonly string[] {
  return Object.keys(entity).map(name => by[name] ?? name)
}
