/** Files of a run as chunks: the recorded population, and the parts that a DONE names. */
import { PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { columnBuffer } from '../history/index.ts'
import { type ColumnKinds, type Database, identifier, literal, readColumns, selectItem } from '../parquet/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { withAsOf } from '../sources/index.ts'
import { populationKinds } from './population.ts'

/** Rows [from, to) of the population, as the expressions of a prediction read them: columns `key.*`, `input.*` and `asOf`. @throws PrescoreError `run_corrupt` */
export async function readPopulation(
  database: Database,
  file: string,
  prediction: PredictionDefinition,
  asOfUs: number,
  from: number,
  to: number,
): Promise<Chunk> {
  return populationChunk(await readRows(database, file, populationKinds(prediction), { from, to }), prediction, asOfUs)
}

/** Rows of a population's file, as the expressions of a prediction read them. */
export function populationChunk(chunk: Chunk, prediction: PredictionDefinition, asOfUs: number): Chunk {
  const columns = [...chunk.columns].map(([name, column]) => [name.replace('_', '.'), column] as const)
  const inputs = Object.entries(prediction.inputs).map(([name, kind]) => [`input.${name}`, kind] as const)
  const typed = new Map(columns)
  for (const [name, kind] of inputs) typed.set(name, { ...(typed.get(name) as Column), type: { kind } })
  return withAsOf({ rows: chunk.rows, columns: typed }, asOfUs)
}

/** Rows [from, to) of a file of the run, as one chunk. @throws PrescoreError `run_corrupt` */
export async function readRows(database: Database, file: string, kinds: ColumnKinds, { from, to }: RowRange): Promise<Chunk> {
  const buffers = Object.entries(kinds).map(([name, kind]) => [name, columnBuffer({ kind })] as const)
  let rows = 0
  for await (const chunk of readRun(database, file, kinds, { from, to })) {
    const every = Int32Array.from({ length: chunk.rows }, (_, i) => i)
    for (const [name, buffer] of buffers) buffer.append(chunk.columns.get(name) as Column, every)
    rows += chunk.rows
  }
  if (rows !== to - from)
    throw new PrescoreError('run_corrupt', { where: file, found: `${rows} rows`, expected: `${to - from} from row ${from} on` })
  return { rows, columns: new Map(buffers.map(([name, buffer]) => [name, buffer.column()])) }
}

interface RowRange {
  readonly from: number
  readonly to: number
}

/** A file that the run has written, or some rows of it, in its order. @throws PrescoreError `run_corrupt` */
export function readRun(database: Database, file: string, kinds: ColumnKinds, range?: RowRange): AsyncGenerator<Chunk> {
  const some =
    range === undefined ? '' : `WHERE file_row_number >= ${range.from} AND file_row_number < ${range.to} ORDER BY file_row_number`
  return read(database, file, kinds, `read_parquet(${literal(file)}, file_row_number = ${range !== undefined}) ${some}`)
}

/** The rows of such a file that lie within the bounds, in any order. Nobody keeps a chunk when the next is asked for. @throws PrescoreError `run_corrupt` */
export function readWithin(database: Database, file: string, kinds: ColumnKinds, bounds: readonly Bounds[]): AsyncGenerator<Chunk> {
  return read(database, file, kinds, `read_parquet(${literal(file)})${bounds.length === 0 ? '' : ` WHERE ${conditionOf(bounds)}`}`, true)
}

/** Between which values a column's are, both ends included. */
export interface Bounds {
  readonly column: string
  readonly least: number | string
  readonly most: number | string
}

/**
 * The bounds of a column of keys, where they can be told in SQL: the database compares texts by the bytes of their UTF-8, which
 * is JavaScript's order wherever one of the two is ASCII.
 */
export function boundsOf(name: string, column: Column): readonly Bounds[] {
  const [least, most] = isStringColumn(column) ? textBounds(column) : numberBounds(column)
  return isPlain(least) && isPlain(most) ? [{ column: name, least, most }] : []
}

function textBounds({ codes, dictionary }: StringColumn): readonly [least: string | undefined, most: string | undefined] {
  let [least, most]: (string | undefined)[] = []
  for (const code of new Set(codes)) {
    const text = dictionary[code]
    if (text === undefined) continue
    if (least === undefined || text < least) least = text
    if (most === undefined || text > most) most = text
  }
  return [least, most]
}

/** None where they are not exact as numbers. */
function numberBounds({ values, exact }: NumberColumn): readonly number[] {
  if (exact !== undefined) return []
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    if (value < least) least = value
    if (value > most) most = value
  }
  return [least, most]
}

/** The SQL condition that a row lies within some bounds. */
export function conditionOf(bounds: readonly Bounds[]): string {
  return bounds.map(({ column, least, most }) => `${identifier(column)} BETWEEN ${told(least)} AND ${told(most)}`).join(' AND ')
}

function told(value: number | string): string {
  return typeof value === 'string' ? literal(value) : String(value)
}

function isPlain(value: number | string | undefined): value is number | string {
  return typeof value === 'string' ? /^[\x20-\x7e]*$/.test(value) : Number.isSafeInteger(value)
}

async function* read(database: Database, file: string, kinds: ColumnKinds, from: string, passing = false): AsyncGenerator<Chunk> {
  const items = Object.entries(kinds).map(([name, kind]) => `${selectItem(kind, identifier(name))} AS ${identifier(name)}`)
  try {
    yield* readColumns(database, `SELECT ${items.join(', ')} FROM ${from}`, kinds, file, passing)
  } catch (error) {
    if (!(error instanceof PrescoreError) || error.code !== 'source_unreadable') throw error
    throw new PrescoreError('run_corrupt', { ...error.details, cause: error })
  }
}
