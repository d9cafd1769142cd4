/**
 * Predictions over the rows of a table that have their features themselves: a key has one row, and all that is joined is that row. Then
 * nothing is to be gathered by key, and the vector of a row is there as soon as the row is read.
 */
import type { Chunk, Column } from '../expressions/index.ts'
import { compileSingleRow, picksOnly } from '../features/index.ts'
import {
  type JoinDefinition,
  type PredictionDefinition,
  type ProjectDefinition,
  rowScope,
  type SourceDefinition,
} from '../project/index.ts'
import { type Assembly, assemble } from './assembly.ts'
import { sourceKeyColumns } from './key-columns.ts'

/**
 * Of each column of the prediction's key the column of the table, by name; undefined: not all of its features are of own rows. That each
 * key has one row is for the caller to know.
 */
export function ownKeys(project: ProjectDefinition, prediction: PredictionDefinition): OwnKeys | undefined {
  const { entity = {}, joins, inputs } = prediction
  const [first, ...others] = Object.values(joins)
  if (first === undefined || Object.keys(inputs).length > 0) return undefined
  const { source } = first
  if (!isTimeless(project.sources[source]) || others.some(join => join.source !== source)) return undefined
  const columns = columnsByKey(first)
  const isWhole = Object.keys(entity).length === Object.keys(first.entity).length
  const agree = Object.values(joins).every(join => picksOnly(join) && isSame(columnsByKey(join), columns))
  return columns !== undefined && isWhole && agree ? { source, columns } : undefined
}

export interface OwnKeys {
  readonly source: string
  readonly columns: ReadonlyMap<string, string>
}

export interface OwnRows {
  readonly source: string
  /** The table's columns of the key, in the entity's order. */
  readonly keys: readonly string[]
  /** Columns of the table that are read, those of the key with them. */
  readonly columns: ReadonlySet<string>
  /** A column for each feature, before any rounding, of rows of the table with `row.*`. @throws PrescoreError `lossy_cast` */
  vector(rows: Chunk, asOfUs: number): readonly Float64Array[]
}

/** @param assembly of this prediction, for which there are {@link ownKeys} */
export function ownRows(
  project: ProjectDefinition,
  prediction: PredictionDefinition,
  assembly: Assembly = assemble(project, prediction),
): OwnRows {
  const { source, columns } = ownKeys(project, prediction) as OwnKeys
  const definition = project.sources[source] as SourceDefinition
  const groups = assembly.joins.map(
    ({ name, definition: group }) => [name, compileSingleRow(group, rowScope(definition), definition.zone, `sources.${source}`)] as const,
  )
  const keys = Object.keys(prediction.entity ?? {}).map(name => columns.get(name) as string)
  const features = (rows: Chunk) => new Map(groups.map(([name, group]) => [name, group.compute(rows)] as const))
  return {
    source,
    keys,
    columns: new Set([...keys, ...groups.flatMap(([, { columnsUsed }]) => [...columnsUsed])]),
    vector: (rows, asOfUs) => {
      const known = [...columns].map(([key, column]) => [`key.${key}`, rows.columns.get(`row.${column}`) as Column] as const)
      const asOf: Column = { type: { kind: 'timestamp' }, values: new Float64Array(rows.rows).fill(asOfUs) }
      return assembly.vector.columns(assembly.joined({ rows: rows.rows, columns: new Map([...known, ['asOf', asOf]]) }, features(rows)))
    },
  }
}

/** A table whose rows hold since ever. */
function isTimeless(source: SourceDefinition | undefined): boolean {
  return source?.type === 'table' && source.time === undefined && source.arrival === undefined
}

/** Undefined: the joined key is not the row's own. */
function columnsByKey(join: JoinDefinition): ReadonlyMap<string, string> | undefined {
  const columns = new Map<string, string>()
  for (const [i, name] of Object.keys(join.entity).entries()) {
    const node = join.key[name]
    if (node === undefined || !('ref' in node) || !node.ref.startsWith('key.')) return undefined
    columns.set(node.ref.slice('key.'.length), sourceKeyColumns(join)[i] as string)
  }
  return columns.size === Object.keys(join.entity).length ? columns : undefined
}

function isSame(a: ReadonlyMap<string, string> | undefined, b: ReadonlyMap<string, string> | undefined): boolean {
  return a !== undefined && a.size === b?.size && [...a].every(([name, column]) => b.get(name) === column)
}
