/** The rows that a source names in its database, and which columns they have. */
import type { ClientBase } from 'pg'
import { identifier } from '../../parquet/index.ts'
import type { PostgresRowsDefinition } from '../../project/index.ts'
import { type DataTypes, nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { typeCalled } from './columns.ts'

/** The FROM item of the rows. */
export function rowsOf({ table, query }: PostgresRowsDefinition): string {
  if (table !== undefined) return table.split('.').map(identifier).join('.')
  return `(${(query as string).trim().replace(/;$/, '')}\n) AS prescore_query`
}

/** A column as the database has it. */
export interface DescribedColumn {
  readonly name: string
  /** As the database writes it. */
  readonly type: string
  readonly isEnum: boolean
}

/** The columns that there are. */
export async function describeColumns(client: ClientBase, from: PostgresRowsDefinition): Promise<readonly DescribedColumn[]> {
  const { fields } = await client.query({ text: `SELECT * FROM ${rowsOf(from)} LIMIT 0`, rowMode: 'array' })
  const { rows } = await client.query(
    `SELECT format_type(asked.type, asked.modifier) AS type, t.typtype = 'e' AS is_enum
     FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS asked(type, modifier, place) JOIN pg_type t ON t.oid = asked.type ORDER BY place`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  )
  return fields.map(({ name }, i) => ({ name, type: rows[i].type, isEnum: rows[i].is_enum }))
}

/** What the types of columns are called where files are read, by the names that they have in the database. */
export function typesOf(columns: readonly DescribedColumn[]): DataTypes {
  return new Map(columns.map(({ name, type, isEnum }) => [name, typeCalled(type, isEnum)]))
}

/** By the names of the declaration; columns that are not declared keep their own. */
export function named({ definition }: SourceAt, types: DataTypes): DataTypes {
  const called = Object.keys(definition.names ?? {}).map(name => [name, nameIn(definition, name)] as const)
  const others = [...types].filter(([name]) => !called.some(([, other]) => other === name))
  return new Map([...others, ...called.flatMap(([name, other]) => (types.has(other) ? [[name, types.get(other) as string] as const] : []))])
}
