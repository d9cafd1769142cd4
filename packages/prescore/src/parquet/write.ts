/** Writes columns to a Parquet file: whole or not at all. */
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api'
import { PrescoreError, unwritable } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type Kind, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { type Database, identifier, literal } from './database.ts'
import { duckdb } from './duckdb.ts'
import { forget, removed, temporaryFor } from './temporary.ts'
import type { Vector } from './vector.ts'

/** float32 stores doubles that are float32 values in half the room. */
export type StoredKind = Kind | 'float32'
export type StoredColumns = Readonly<Record<string, StoredKind>>
type Chunks = Iterable<Chunk> | AsyncIterable<Chunk>

export interface WriteOptions {
  /** Key-value pairs kept in the file's footer. */
  readonly metadata?: Readonly<Record<string, string>>
  /** `snappy` is quick, for files that are read once. */
  readonly compression?: 'zstd' | 'snappy'
}

function typeOf(kind: StoredKind): DuckDBType {
  const { BIGINT, BOOLEAN, DOUBLE, FLOAT, TIMESTAMPTZ, VARCHAR } = duckdb()
  const types = {
    int64: BIGINT,
    float64: DOUBLE,
    float32: FLOAT,
    boolean: BOOLEAN,
    string: VARCHAR,
    timestamp: TIMESTAMPTZ,
    duration: DOUBLE,
  }
  return types[kind]
}

/** DuckDB's own vector size. */
const CHUNK_ROWS = 2048

/**
 * Missing values become NULL; timestamps are instants in UTC; durations are seconds.
 * On any failure `file` is as it was before, and nothing lies beside it.
 *
 * @returns how many rows were written.
 * @throws PrescoreError `file_unwritable` (before the first chunk is asked for, where that can be told), `invalid_text`
 */
export async function writeParquet(
  database: Database,
  file: string,
  columns: StoredColumns,
  chunks: Chunks,
  { metadata = {}, compression = 'zstd' }: WriteOptions = {},
): Promise<number> {
  const temporary = temporaryFor(file)
  try {
    await writable(file, async () => (await open(temporary, 'wx')).close())
    return await database.withConnection(async connection => {
      const rows = await stage(connection, columns, chunks)
      await writable(file, async () => {
        await connection.run(`COPY staged TO ${literal(temporary)} (FORMAT parquet, COMPRESSION ${compression}${metadataOption(metadata)})`)
        await settle(temporary, file)
      })
      await connection.run('DROP TABLE staged')
      return rows
    })
  } catch (error) {
    removed(temporary)
    throw error
  }
}

/** A file that is new. @throws PrescoreError `file_unwritable` */
export async function opened(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'wx')
  } catch (error) {
    throw unwritable(file, error)
  }
}

export async function writable(file: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (error) {
    throw unwritable(file, error)
  }
}

export function metadataOption(metadata: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(metadata).map(([name, value]) => `${identifier(name)}: ${literal(value)}`)
  return pairs.length === 0 ? '' : `, KV_METADATA {${pairs.join(', ')}}`
}

/** Makes the bytes durable before the name is, so that a name never stands for a torn file. */
export async function settle(temporary: string, file: string): Promise<void> {
  await sync(temporary)
  await rename(temporary, file)
  forget(temporary)
  await sync(dirname(file))
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Puts the rows into the connection's own table `staged`. */
async function stage(connection: DuckDBConnection, columns: StoredColumns, chunks: Chunks): Promise<number> {
  const entries = Object.entries(columns)
  const types = entries.map(([, kind]) => typeOf(kind))
  await connection.run(`CREATE TEMP TABLE staged (${entries.map(([name, kind]) => `${identifier(name)} ${typeOf(kind)}`).join(', ')})`)
  const appender = await connection.createAppender('staged')
  let rows = 0
  try {
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.rows; from += CHUNK_ROWS) {
        const count = Math.min(CHUNK_ROWS, chunk.rows - from)
        const out = duckdb().DuckDBDataChunk.create(types, count)
        entries.forEach(([name, kind], i) =>
          write(out.getColumnVector(i) as unknown as Vector, kind, chunk.columns.get(name) as Column, from, count),
        )
        appender.appendDataChunk(out)
        rows += count
      }
    }
  } finally {
    appender.closeSync()
  }
  return rows
}

function write(vector: Vector, kind: StoredKind, column: Column, from: number, count: number): void {
  if (isStringColumn(column)) writeTexts(vector, column, from, count)
  else if (kind === 'boolean') writeBooleans(vector, column.values, from, count)
  else if (kind === 'int64' || kind === 'timestamp') writeIntegers(vector, column, from, count)
  else writeNumbers(vector, column.values, from, count, kind === 'duration' ? 1_000_000 : 1)
  vector.flush()
}

function writeTexts(vector: Vector, { codes, dictionary }: StringColumn, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const text = dictionary[codes[from + i] as number]
    if (text !== undefined && !text.isWellFormed()) throw new PrescoreError('invalid_text', { found: JSON.stringify(text) })
    vector.setItem(i, text ?? null)
  }
}

function writeBooleans(vector: Vector, values: Float64Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[from + i] as number
    vector.setItem(i, Number.isNaN(value) ? null : value === 1)
  }
}

function writeIntegers({ items, validity }: Vector, { values, exact }: NumberColumn, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[from + i] as number
    if (Number.isNaN(value)) validity.setItemValid(i, false)
    else items[i] = exact?.[from + i] ?? BigInt(value)
  }
}

function writeNumbers({ items, validity }: Vector, values: Float64Array, from: number, count: number, unit: number): void {
  for (let i = 0; i < count; i++) {
    const value = values[from + i] as number
    items[i] = value / unit
    if (Number.isNaN(value)) validity.setItemValid(i, false)
  }
}
