/** Columns that are at hand, written to a Parquet file by our own code: in the thread that has them, without a table between. */
import { type Chunk, sliceRows } from '../../expressions/index.ts'
import { removed, temporaryFor } from '../temporary.ts'
import { type StoredColumns, settle, writable } from '../write.ts'
import { GroupedFile } from './grouped.ts'

const GROUP_ROWS = 122_880

/**
 * As `writeParquet` does it: missing values become NULL, timestamps are instants in UTC, durations are seconds. On any failure `file` is
 * as it was before, and nothing lies beside it.
 * @throws PrescoreError `file_unwritable`, `invalid_text`
 */
export async function writeGroups(file: string, columns: StoredColumns, chunks: Iterable<Chunk>): Promise<void> {
  const temporary = temporaryFor(file)
  try {
    const grouped = await GroupedFile.create(temporary, columns)
    try {
      for (const chunk of chunks) for (const group of groupsOf(chunk)) await grouped.write(group)
      await grouped.finish({})
    } finally {
      await grouped.close()
    }
    await writable(file, () => settle(temporary, file))
  } catch (error) {
    removed(temporary)
    throw error
  }
}

function* groupsOf(chunk: Chunk): Generator<Chunk> {
  for (let from = 0; from < chunk.rows; from += GROUP_ROWS) yield sliceOf(chunk, from, Math.min(chunk.rows, from + GROUP_ROWS))
}

function sliceOf({ columns }: Chunk, from: number, to: number): Chunk {
  return { rows: to - from, columns: new Map([...columns].map(([name, column]) => [name, sliceRows(column, from, to)])) }
}
