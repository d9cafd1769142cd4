/** Columns written to a Parquet file by our own code: in the thread that has them, without a table between. */
import { type Chunk, sliceRows } from '../../expressions/index.ts'
import { removed, temporaryFor } from '../temporary.ts'
import { type StoredColumns, settle, writable } from '../write.ts'
import { GroupedFile } from './grouped.ts'

/** Where it is not told otherwise. */
const GROUP_ROWS = 122_880

/**
 * As `writeParquet` does it: missing values become NULL, timestamps are instants in UTC, durations are seconds. On any failure `file` is
 * as it was before, and nothing lies beside it.
 * @param chunks each is written before the next is asked for
 * @param groupRows whoever reads some rows of the file reads the groups that they are in
 * @throws PrescoreError `file_unwritable`, `invalid_text`
 */
export async function writeGroups(
  file: string,
  columns: StoredColumns,
  chunks: Iterable<Chunk> | AsyncIterable<Chunk>,
  groupRows = GROUP_ROWS,
): Promise<void> {
  const temporary = temporaryFor(file)
  try {
    const grouped = await GroupedFile.create(temporary, columns)
    try {
      for await (const chunk of chunks) for (const group of groupsOf(chunk, groupRows)) await grouped.write(group)
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

function* groupsOf(chunk: Chunk, groupRows: number): Generator<Chunk> {
  for (let from = 0; from < chunk.rows; from += groupRows) yield sliceOf(chunk, from, Math.min(chunk.rows, from + groupRows))
}

function sliceOf({ columns }: Chunk, from: number, to: number): Chunk {
  return { rows: to - from, columns: new Map([...columns].map(([name, column]) => [name, sliceRows(column, from, to)])) }
}
