/** Rows of a cursor, some at a time: as many as fit into a few megabytes, whatever their width. */
import type { Client } from 'pg'
import type { Chunk } from '../../expressions/index.ts'
import type { PostgresRowsDefinition } from '../../project/index.ts'
import type { DataTypes } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { rowsOf } from './describe.ts'
import { AS_TEXTS, itemsOf, type TextRow, takenColumns } from './text-rows.ts'

/** Of one portion. */
const ROWS = { first: 1_000, most: 20_000 }
const BYTES = 4 << 20
const CURSOR = 'prescore_rows'

export interface Portion extends Chunk {
  /** Of the texts it came as. */
  readonly bytes: number
}

/** Every row, as the columns of the declaration. @param types of the columns, by the names that they have in the database. */
export async function* readPortions(client: Client, source: SourceAt, types: DataTypes): AsyncGenerator<Portion> {
  const from = source.definition.from as PostgresRowsDefinition
  await client.query(`DECLARE ${CURSOR} NO SCROLL CURSOR FOR SELECT ${itemsOf(source, types).join(', ')} FROM ${rowsOf(from)}`)
  let asked = ROWS.first
  for (let read = 0; ; ) {
    const text = `FETCH FORWARD ${asked} FROM ${CURSOR}`
    const { rows } = await client.query<TextRow>({ text, ...AS_TEXTS })
    if (rows.length === 0) break
    const bytes = rows.reduce((sum, row) => sum + row.reduce((all, cell) => all + (cell?.length ?? 0), 0), 0)
    yield {
      rows: rows.length,
      bytes,
      columns: takenColumns(source, rows, read),
    }
    read += rows.length
    asked = Math.max(1, Math.min(ROWS.most, Math.floor((BYTES * rows.length) / Math.max(bytes, 1))))
  }
  await client.query(`CLOSE ${CURSOR}`)
}
