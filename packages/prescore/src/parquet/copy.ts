/** The rows of a query as a file that others read: whole or not at all, in the query's order, streamed by the database. */
import { open, stat } from 'node:fs/promises'
import { type Database, literal } from './database.ts'
import { removed, temporaryFor } from './temporary.ts'
import { settle, writable } from './write.ts'

export type CopyFormat = 'parquet' | 'csv' | 'ndjson'

const OPTIONS: Readonly<Record<CopyFormat, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd',
  csv: 'FORMAT csv, HEADER true',
  ndjson: 'FORMAT json, ARRAY false',
}

/**
 * @returns the file's bytes. @throws PrescoreError `file_unwritable`; on any failure `file` is as it was before
 */
export async function copyTo(database: Database, query: string, file: string, format: CopyFormat): Promise<number> {
  const temporary = temporaryFor(file)
  try {
    await writable(file, async () => {
      await (await open(temporary, 'wx')).close()
      await database.withConnection(connection => connection.run(`COPY (${query}) TO ${literal(temporary)} (${OPTIONS[format]})`))
      await settle(temporary, file)
    })
  } catch (error) {
    removed(temporary)
    throw error
  }
  return (await stat(file)).size
}
