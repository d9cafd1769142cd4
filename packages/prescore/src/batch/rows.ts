/** Files of a run as chunks: the recorded population, and the parts that a DONE names. */
import { PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { columnBuffer } from '../history/index.ts'
import {
  type ColumnKinds,
  ColumnsFile,
  type Database,
  identifier,
  literal,
  type RowsWanted,
  readColumns,
  selectItem,
} from '../parquet/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { withAsOf } from '../sources/index.ts'
import { populationKinds } from './population.ts'

/** Some rows of the population, as the expressions of a prediction read them: columns `key.*`, `input.*` and `asOf`. @throws PrescoreError `run_corrupt` */
export async function readPopulation(
  database: Database,
  file: string,
  prediction: PredictionDefinition,
  asOfUs: number,
  ranges: readonly RowRange[],
): Promise<Chunk> {
  return populationChunk(await readRows(database, file, populationKinds(prediction), ranges), prediction, asOfUs)
}

/** Their keys alone, as `key.*`. @throws PrescoreError `run_corrupt` */
export async function readKeys(
  database: Database,
  file: string,
  { entity = {} }: PredictionDefinition,
  ranges: readonly RowRange[],
): Promise<Chunk> {
  const kinds = Object.fromEntries(Object.entries(entity).map(([name, kind]) => [`key_${name}`, kind]))
  const { rows, columns } = await readRows(database, file, kinds, ranges)
  return { rows, columns: new Map([...columns].map(([name, column]) => [name.replace('_', '.'), column])) }
}

/** Rows of a population's file, as the expressions of a prediction read them. */
export function populationChunk(chunk: Chunk, prediction: PredictionDefinition, asOfUs: number): Chunk {
  const columns = [...chunk.columns].map(([name, column]) => [name.replace('_', '.'), column] as const)
  const inputs = Object.entries(prediction.inputs).map(([name, kind]) => [`input.${name}`, kind] as const)
  const typed = new Map(columns)
  for (const [name, kind] of inputs) typed.set(name, { ...(typed.get(name) as Column), type: { kind } })
  return withAsOf({ rows: chunk.rows, columns: typed }, asOfUs)
}

/** Rows of a file of the run, as one chunk. @throws PrescoreError `run_corrupt` */
export async function readRows(database: Database, file: string, kinds: ColumnKinds, ranges: readonly RowRange[]): Promise<Chunk> {
  const wanted = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  const buffers = Object.entries(kinds).map(([name, kind]) => [name, columnBuffer({ kind }, wanted)] as const)
  let rows = 0
  for (const range of ranges) {
    for await (const chunk of readRun(database, file, kinds, range)) {
      const every = countTo(chunk.rows)
      for (const [name, buffer] of buffers) buffer.append(chunk.columns.get(name) as Column, every)
      rows += chunk.rows
    }
  }
  if (rows !== wanted)
    throw new PrescoreError('run_corrupt', { where: file, found: `${rows} rows`, expected: `${wanted} from row ${ranges[0]?.[0] ?? 0} on` })
  return { rows, columns: new Map(buffers.map(([name, buffer]) => [name, buffer.column()])) }
}

function countTo(rows: number): Int32Array {
  const numbers = new Int32Array(rows)
  for (let i = 0; i < rows; i++) numbers[i] = i
  return numbers
}

/** From the first to before the second. */
export type RowRange = readonly [from: number, to: number]

/** A file that the run has written, or some rows of it, in its order. Nobody keeps a chunk when the next is asked for. @throws PrescoreError `run_corrupt` */
export function readRun(database: Database, file: string, kinds: ColumnKinds, range?: RowRange): AsyncGenerator<Chunk> {
  const some = range === undefined ? '' : `WHERE file_row_number >= ${range[0]} AND file_row_number < ${range[1]} ORDER BY file_row_number`
  const sql = `read_parquet(${literal(file)}, file_row_number = ${range !== undefined}) ${some}`
  return read(database, file, kinds, sql, range === undefined ? {} : { rows: range })
}

/** The rows of such a file that lie within the bounds, and maybe others, in any order. Nobody keeps a chunk when the next is asked for. @throws PrescoreError `run_corrupt` */
export function readWithin(database: Database, file: string, kinds: ColumnKinds, bounds: readonly Bounds[]): AsyncGenerator<Chunk> {
  const sql = `read_parquet(${literal(file)})${bounds.length === 0 ? '' : ` WHERE ${conditionOf(bounds)}`}`
  const [range] = bounds.flatMap(({ column, least, most }) =>
    typeof least === 'number' && typeof most === 'number' ? [{ column, from: least, until: most + 1 }] : [],
  )
  return read(database, file, kinds, sql, range === undefined ? {} : { within: range })
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

/** Without DuckDB where that can be; a chunk is written over by the next. @param from of a statement that gives the wanted rows */
async function* read(database: Database, file: string, kinds: ColumnKinds, from: string, wanted: RowsWanted): AsyncGenerator<Chunk> {
  const columns = Object.entries(kinds).map(([name, kind]) => ({ name, called: name, kind }))
  const items = columns.map(({ name, kind }) => `${selectItem(kind, identifier(name))} AS ${identifier(name)}`)
  try {
    const own = await ColumnsFile.open(file, columns, wanted)
    if (own === undefined) yield* readColumns(database, `SELECT ${items.join(', ')} FROM ${from}`, kinds, file, true)
    else yield* own.read(file, true, () => {})
  } catch (error) {
    if (!(error instanceof PrescoreError) || error.code !== 'source_unreadable') throw error
    throw new PrescoreError('run_corrupt', { ...error.details, cause: error })
  }
}
