/** Rows of a cursor, some at a time: as many as fit into a few megabytes, whatever their width. */
import type { Client } from 'pg'
import { PrescoreError } from '../../base/index.ts'
import type { Chunk, Column } from '../../expressions/index.ts'
import { identifier } from '../../parquet/index.ts'
import type { ColumnKind, PostgresRowsDefinition } from '../../project/index.ts'
import { type DataTypes, nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { askedFor, columnOf, type Texts, typeCalled } from './columns.ts'

/** Of one portion. */
const ROWS = { first: 1_000, most: 20_000 }
const BYTES = 4 << 20
const CURSOR = 'prescore_rows'
/** Values come as the texts that the server sends. */
const AS_TEXTS = { getTypeParser: () => (text: string) => text }

export interface Portion extends Chunk {
  /** Of the texts it came as. */
  readonly bytes: number
}

/** The FROM item of the rows. */
function rowsOf({ table, query }: PostgresRowsDefinition): string {
  if (table !== undefined) return table.split('.').map(identifier).join('.')
  return `(${(query as string).trim().replace(/;$/, '')}\n) AS prescore_query`
}

/** The columns that there are, and what their types are called where files are read. */
export async function describeRows(client: Client, from: PostgresRowsDefinition): Promise<DataTypes> {
  const { fields } = await client.query({ text: `SELECT * FROM ${rowsOf(from)} LIMIT 0`, rowMode: 'array' })
  const { rows } = await client.query(
    `SELECT format_type(asked.type, asked.modifier) AS type, t.typtype = 'e' AS is_enum
     FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS asked(type, modifier, place) JOIN pg_type t ON t.oid = asked.type ORDER BY place`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  )
  return new Map(fields.map(({ name }, i) => [name, typeCalled(rows[i].type, rows[i].is_enum)]))
}

/** Every row, as the columns of the declaration. @param types of the columns, by the names that they have in the database. */
export async function* readPortions(client: Client, source: SourceAt, types: DataTypes): AsyncGenerator<Portion> {
  const from = source.definition.from as PostgresRowsDefinition
  const columns = Object.entries(source.definition.columns)
  const items = columns.map(([name, kind]) => askedFor(kind, nameIn(source.definition, name), types))
  await client.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR SELECT ${items.join(', ')} FROM ${rowsOf(from)}`)
  let asked = ROWS.first
  for (let read = 0; ; ) {
    const text = `FETCH FORWARD ${asked} FROM ${CURSOR}`
    const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array', types: AS_TEXTS })
    if (rows.length === 0) break
    const bytes = rows.reduce((sum, row) => sum + row.reduce((all, cell) => all + (cell?.length ?? 0), 0), 0)
    yield {
      rows: rows.length,
      bytes,
      columns: new Map(columns.map((column, i) => [column[0], taken(source, column, i, rows, read)])),
    }
    read += rows.length
    asked = Math.max(1, Math.min(ROWS.most, Math.floor((BYTES * rows.length) / Math.max(bytes, 1))))
  }
  await client.query(`CLOSE ${CURSOR}`)
}

/** @param read rows before these. @throws PrescoreError `time_out_of_range` */
function taken(
  { name: source, definition }: SourceAt,
  [name, kind]: readonly [string, ColumnKind],
  at: number,
  rows: readonly (readonly (string | null)[])[],
  read: number,
): Column {
  const texts: Texts = rows.map(row => row[at] as string | null)
  const column = columnOf(kind, texts)
  if (!('row' in column)) return column
  const id = Object.keys(definition.columns).indexOf(definition.id ?? '')
  const row = id < 0 ? `row ${read + column.row + 1} of those read` : `the row with ${definition.id} ${rows[column.row]?.[id]}`
  throw new PrescoreError('time_out_of_range', {
    where: `sources.${source}, ${row}, column ${name}`,
    found: column.found,
    expected: 'a time between the years 1685 and 2255',
    fix: "Read it by a `query` that makes others missing, such as nullif(valid_to, 'infinity').",
  })
}
