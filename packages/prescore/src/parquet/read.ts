/** Query results as columns of typed arrays, chunk by chunk. */
import type { DuckDBDataChunk } from '@duckdb/node-api'
import type { Chunk, Column, Kind, NumberColumn } from '../expressions/index.ts'
import { type Database, unreadable } from './database.ts'
import { freeLetGo } from './let-go.ts'
import { textReader } from './texts.ts'
import { isMissing, type Vector, validBits } from './vector.ts'

/** Name and kind of each result column, in the order of the SELECT list. */
export type ColumnKinds = Readonly<Record<string, Kind>>

/**
 * The SELECT item that gives a column as the reader of its kind takes it: an instant or local time as integer µs, and so on.
 * A stored duration is in seconds; up to 71 years it comes back to the microsecond.
 */
export function selectItem(kind: Kind, sql: string): string {
  switch (kind) {
    case 'timestamp':
      return `epoch_us(${sql})`
    case 'string':
      return `CAST(${sql} AS VARCHAR)`
    case 'boolean':
      return `CAST(${sql} AS BOOLEAN)`
    case 'float64':
      return `CAST(${sql} AS DOUBLE)`
    case 'duration':
      return `CAST(round(${sql} * 1000000) AS BIGINT)`
    case 'int64':
      return `CAST(${sql} AS BIGINT)`
  }
}

/** So many may wait to be freed: some megabytes. */
const CHUNKS_LET_GO = 64

/**
 * Streams the result of `sql`. The dictionary of a string column grows over the whole stream, so codes compare across chunks.
 *
 * @param kinds of the SELECT list, whose items are made by {@link selectItem}.
 * @param passing a chunk's numbers are written over by the next chunk: nobody keeps it. Left out: chunks are made anew, and may be kept.
 * @throws PrescoreError `source_unreadable`
 */
export async function* readColumns(
  database: Database,
  sql: string,
  kinds: ColumnKinds,
  where: string,
  passing = false,
): AsyncGenerator<Chunk> {
  const readers = Object.entries(kinds).map(([name, kind]) => ({ name, read: readerOf(kind, passing ? reused() : anew) }))
  const connection = await database.lend()
  let ahead: Promise<DuckDBDataChunk | null> | undefined
  try {
    const result = await connection.stream(sql)
    ahead = result.fetchChunk()
    for (let chunks = 1; ; chunks++) {
      const chunk = await ahead
      // Asking for the number of rows is a native call: once a chunk.
      const rows = chunk?.rowCount ?? 0
      if (chunk === null || rows === 0) return
      // The next is made while this one is worked on.
      ahead = result.fetchChunk()
      if (chunks % CHUNKS_LET_GO === 0) freeLetGo()
      yield { rows, columns: new Map(readers.map(({ name, read }, i) => [name, read(vectorOf(chunk, i), rows)])) }
    }
  } catch (error) {
    throw unreadable(error, where)
  } finally {
    // Nothing may be under way when it is closed.
    await ahead?.catch(() => undefined)
    database.takeBack(connection)
  }
}

type Reader = (vector: Vector, rows: number) => Column

const vectorOf = (chunk: DuckDBDataChunk, column: number) => chunk.getColumnVector(column) as unknown as Vector

/** Where the numbers of a column are written to. */
type Take = (rows: number) => Float64Array

const anew: Take = rows => new Float64Array(rows)

function reused(): Take {
  let room = new Float64Array(0)
  return rows => {
    if (room.length < rows) room = new Float64Array(rows)
    return room.length === rows ? room : room.subarray(0, rows)
  }
}

function readerOf(kind: Kind, take: Take): Reader {
  if (kind === 'string') return textReader()
  if (kind === 'float64') return (vector, rows) => readDoubles(vector, rows, take(rows))
  if (kind === 'boolean') return (vector, rows) => readBooleans(vector, rows, take(rows))
  return (vector, rows) => readIntegers(vector, rows, kind, take(rows))
}

function readDoubles(vector: Vector, rows: number, values: Float64Array): NumberColumn {
  values.set(rows === vector.items.length ? (vector.items as Float64Array) : (vector.items as Float64Array).subarray(0, rows))
  const bits = validBits(vector)
  if (bits !== undefined) for (let i = 0; i < rows; i++) if (isMissing(bits, i)) values[i] = Number.NaN
  return { type: { kind: 'float64' }, values }
}

function readBooleans(vector: Vector, rows: number, values: Float64Array): NumberColumn {
  const bits = validBits(vector)
  for (let i = 0; i < rows; i++) values[i] = bits !== undefined && isMissing(bits, i) ? Number.NaN : vector.dataView.getUint8(i)
  return { type: { kind: 'boolean' }, values }
}

/** int64 words as doubles while all are safe; otherwise the exact values go along. */
function readIntegers(vector: Vector, rows: number, kind: Kind, values: Float64Array): NumberColumn {
  const words = vector.items as BigInt64Array
  const low = new Uint32Array(words.buffer, words.byteOffset, rows * 2)
  const high = new Int32Array(words.buffer, words.byteOffset, rows * 2)
  const bits = validBits(vector)
  let safe = true
  for (let i = 0; i < rows; i++) {
    if (bits !== undefined && isMissing(bits, i)) {
      values[i] = Number.NaN
      continue
    }
    const value = (high[2 * i + 1] as number) * 4294967296 + (low[2 * i] as number)
    values[i] = value
    if (!Number.isSafeInteger(value)) safe = false
  }
  return safe ? { type: { kind }, values } : { type: { kind }, values, exact: words.slice(0, rows) }
}
