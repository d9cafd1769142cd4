/** Rows as the texts that the server sends, and the declared columns that they become: the same bits, whoever asked for them. */
import { PrescoreError } from '../../base/index.ts'
import type { Column } from '../../expressions/index.ts'
import type { ColumnKind } from '../../project/index.ts'
import { type DataTypes, nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { askedFor, columnOf, type Texts } from './columns.ts'

/** A row's cells in the order of the declared columns; null: missing. */
export type TextRow = (string | null)[]

/** What a query is told so that it gives {@link TextRow}s. */
export const AS_TEXTS = { rowMode: 'array' as const, types: { getTypeParser: () => (text: string) => text } }

/** What a session must have set: texts mean what they are read as. */
export const TEXT_SETTINGS: readonly string[] = ["timezone = 'UTC'", "datestyle = 'ISO'", 'extra_float_digits = 3']

/** The declared columns as they are asked for. @param types by the names that columns have in the database. */
export function itemsOf({ definition }: SourceAt, types: DataTypes): string[] {
  return Object.entries(definition.columns).map(([name, kind]) => askedFor(kind, nameIn(definition, name), types))
}

/** @param read rows before these. @throws PrescoreError `time_out_of_range` */
export function takenColumns(source: SourceAt, rows: readonly TextRow[], read: number): ReadonlyMap<string, Column> {
  return new Map(Object.entries(source.definition.columns).map((column, i) => [column[0], taken(source, column, i, rows, read)]))
}

function taken(
  { name: source, definition }: SourceAt,
  [name, kind]: readonly [string, ColumnKind],
  at: number,
  rows: readonly TextRow[],
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
