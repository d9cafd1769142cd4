/**
 * Row groups of Parquet files, each made by itself, in any thread: their bytes are final, so that a file is put together by writing one
 * after the other, as `grouped.ts` does.
 */
import { open } from 'node:fs/promises'
import { type Chunk, type Column, isStringColumn, type StringColumn } from '../expressions/index.ts'
import { dataPage, dictionaryPage, ENCODINGS, type Page, packedCodes } from './pages.ts'
import { codedTexts, type PlainValues, plainBooleans, plainIntegers, plainNumbers } from './plain.ts'

import { type StoredColumns, type StoredKind, writable } from './write.ts'

/** A column of a row group. Plain data. */
export interface ColumnChunk {
  /** Sizes of its pages; of the dictionary's: 0 where there is none. */
  readonly dictionarySize: number
  readonly size: number
  readonly uncompressed: number
  readonly missing: number
  readonly least: Uint8Array | undefined
  readonly greatest: Uint8Array | undefined
}

/** The columns' bytes follow each other. Plain data. */
export interface RowGroup {
  readonly rows: number
  readonly columns: readonly ColumnChunk[]
}

/**
 * Writes the bytes of a group to a file of their own. Missing values become NULL; timestamps are instants in UTC; durations are seconds.
 * A column is one page: groups of much more than 100,000 rows are better divided.
 * @throws PrescoreError `file_unwritable`, `invalid_text`
 */
export async function writeRowGroup(file: string, kinds: StoredColumns, { rows, columns }: Chunk): Promise<RowGroup> {
  const chunks: ColumnChunk[] = []
  await writable(file, async () => {
    const handle = await open(file, 'wx')
    try {
      for (const [name, kind] of Object.entries(kinds)) {
        const { chunk, bytes } = columnChunk(columns.get(name) as Column, kind, rows)
        chunks.push(chunk)
        await handle.writeFile(bytes)
      }
    } finally {
      await handle.close()
    }
  })
  return { rows, columns: chunks }
}

interface Written {
  readonly chunk: ColumnChunk
  readonly bytes: Uint8Array
}

function columnChunk(column: Column, kind: StoredKind, rows: number): Written {
  if (isStringColumn(column)) return textChunk(column, rows)
  const values = plainValues({ ...column, values: column.values.subarray(0, rows) }, kind)
  return written(values, undefined, dataPage(rows, values.present, ENCODINGS.plain, [values.bytes]))
}

function plainValues(column: Exclude<Column, StringColumn>, kind: StoredKind): PlainValues {
  if (kind === 'boolean') return plainBooleans(column.values)
  if (kind === 'int64' || kind === 'timestamp') return plainIntegers(column)
  return plainNumbers(column.values, kind === 'duration' ? 1_000_000 : 1, kind === 'float32')
}

function textChunk({ codes, dictionary }: StringColumn, rows: number): Written {
  const texts = codedTexts(codes.subarray(0, rows), dictionary)
  const data = dataPage(rows, texts.present, ENCODINGS.dictionary, packedCodes(texts.codes, texts.dictionary.length))
  return written(texts, dictionaryPage(texts.dictionary), data)
}

function written(
  { missing, least, greatest }: Pick<PlainValues, 'missing' | 'least' | 'greatest'>,
  dictionary: Page | undefined,
  data: Page,
): Written {
  const pages = dictionary === undefined ? [data] : [dictionary, data]
  const bytes = Buffer.concat(pages.flatMap(page => [page.header, page.body]))
  const uncompressed = pages.reduce((sum, page) => sum + page.header.length + page.uncompressed, 0)
  const dictionarySize = dictionary === undefined ? 0 : dictionary.header.length + dictionary.body.length
  return { chunk: { dictionarySize, size: bytes.length, uncompressed, missing, least, greatest }, bytes }
}
