/**
 * Row groups of Parquet files, each made by itself, in any thread: their bytes are final, so that a file is put together by writing one
 * after the other, as `grouped.ts` does.
 */
import type { FileHandle } from 'node:fs/promises'
import { type Chunk, type Column, isStringColumn, type StringColumn } from '../../expressions/index.ts'
import { opened, type StoredColumns, type StoredKind, writable } from '../write.ts'
import { distinctNumbers } from './distinct-numbers.ts'
import { dataPage, dictionaryPage, ENCODINGS, type Page, packedCodes } from './pages.ts'
import { bytesOf, codedTexts, type PlainValues, plainBooleans, plainIntegers, plainNumbers, plainTexts } from './plain.ts'

/** Bytes of columns that are written together. */
const WRITTEN_AT_ONCE = 1024 * 1024

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
export async function writeRowGroup(file: string, kinds: StoredColumns, chunk: Chunk): Promise<RowGroup> {
  const handle = await opened(file)
  try {
    return await writePages(file, handle, kinds, chunk)
  } finally {
    await handle.close()
  }
}

/** Columns that were written before, by what they are. */
export class ColumnsBefore {
  readonly #written = new WeakMap<Column, Written & { readonly rows: number; readonly kind: StoredKind }>()

  /** What is the same column as before, and not one that is like it, is not made again. */
  of(column: Column, kind: StoredKind, rows: number): Written {
    const before = this.#written.get(column)
    if (before !== undefined && before.rows === rows && before.kind === kind) return before
    const made = columnChunk(column, kind, rows)
    this.#written.set(column, { ...made, rows, kind })
    return made
  }
}

/** The same, at the end of a file that is open. @param before of this file: nobody changes a column that was written to it */
export async function writePages(
  file: string,
  handle: FileHandle,
  kinds: StoredColumns,
  { rows, columns }: Chunk,
  before?: ColumnsBefore,
): Promise<RowGroup> {
  const chunks: ColumnChunk[] = []
  let bytes: Uint8Array[] = []
  let size = 0
  const write = async () => {
    const written = Buffer.concat(bytes)
    bytes = []
    size = 0
    await writable(file, () => handle.writeFile(written))
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const column = columns.get(name) as Column
    const { chunk, pages } = before === undefined ? columnChunk(column, kind, rows) : before.of(column, kind, rows)
    chunks.push(chunk)
    for (const { header, body } of pages) bytes.push(header, body)
    size += chunk.size
    if (size >= WRITTEN_AT_ONCE) await write()
  }
  await write()
  return { rows, columns: chunks }
}

interface Written {
  readonly chunk: ColumnChunk
  readonly pages: readonly Page[]
}

function columnChunk(column: Column, kind: StoredKind, rows: number): Written {
  if (isStringColumn(column)) {
    const texts = codedTexts(column.codes.subarray(0, rows), column.dictionary)
    return coded(texts, rows, texts.codes, plainTexts(texts.dictionary), texts.dictionary.length)
  }
  const values = plainValues({ ...column, values: column.values.subarray(0, rows) }, kind)
  const distinct = values.words === undefined ? undefined : distinctNumbers(values.words)
  if (distinct !== undefined) return coded(values, rows, distinct.codes, bytesOf(distinct.words), distinct.words.length / 2)
  return written(values, [dataPage(rows, values.present, ENCODINGS.plain, [values.bytes])], 0)
}

function plainValues(column: Exclude<Column, StringColumn>, kind: StoredKind): PlainValues {
  if (kind === 'boolean') return plainBooleans(column.values)
  if (kind === 'int64' || kind === 'timestamp') return plainIntegers(column)
  return plainNumbers(column.values, kind === 'duration' ? 1_000_000 : 1, kind === 'float32')
}

type Facts = Pick<PlainValues, 'present' | 'missing' | 'least' | 'greatest'>

function coded(facts: Facts, rows: number, codes: Int32Array, dictionary: Uint8Array, distinct: number): Written {
  const first = dictionaryPage(dictionary, distinct)
  return written(facts, [first, dataPage(rows, facts.present, ENCODINGS.dictionary, packedCodes(codes, distinct))], sizeOf(first))
}

function written({ missing, least, greatest }: Facts, pages: readonly Page[], dictionarySize: number): Written {
  const size = pages.reduce((sum, page) => sum + sizeOf(page), 0)
  const uncompressed = pages.reduce((sum, page) => sum + page.header.length + page.uncompressed, 0)
  return { chunk: { dictionarySize, size, uncompressed, missing, least, greatest }, pages }
}

function sizeOf({ header, body }: Page): number {
  return header.length + body.length
}
