/**
 * Events are unique by id, and the first arrival wins. Few ids are ever repeated, so the scan leaves those out
 * in SQL, and they are settled here, apart, by when each was known.
 */
import { type Column, isStringColumn } from '../expressions/index.ts'
import { type Database, identifier } from '../parquet/index.ts'
import { type ScannedChunk, takeScanned } from './rows.ts'

/** SQL condition of the rows whose id occurs more than once. */
export function duplicatesCondition(id: string, from: string): string {
  return `${identifier(id)} IN (SELECT ${identifier(id)} FROM ${from} GROUP BY ${identifier(id)} HAVING count(*) > 1)`
}

/** Rows beyond the first of each id, none of which is missing. @param from files whose columns can be read apart. @throws PrescoreError `source_unreadable` */
export async function countDuplicates(database: Database, id: string, from: string, where: string): Promise<number> {
  const name = identifier(id)
  // What ascends from row to row cannot repeat, in whatever order the rows come: to see that takes a tenth of counting what is distinct.
  const ascending = `SELECT ${name} > lag(${name}) OVER () AS ascends FROM ${from}`
  const [seen] = await database.query(`SELECT count(*) AS others FROM (${ascending}) WHERE ascends IS NOT TRUE`, where)
  // Before the first there is none.
  if (Number(seen?.others) <= 1) return 0
  const [counted] = await database.query(`SELECT count(*) - count(DISTINCT ${name}) AS duplicates FROM ${from}`, where)
  return Number(counted?.duplicates)
}

type Value = string | number | bigint | undefined

/** One row of many chunks. */
interface Place {
  readonly chunk: ScannedChunk
  readonly row: number
}

/**
 * Of rows with repeated ids, the first arrival of each: by known-at, then event time, then the values of these columns,
 * so that it depends neither on the order of the rows nor on which other columns were read.
 */
export async function firstArrivals(chunks: AsyncIterable<ScannedChunk>, id: string, columns: readonly string[]): Promise<ScannedChunk[]> {
  const winners = new Map<unknown, Place>()
  for await (const chunk of chunks) {
    const ids = chunk.columns.get(`row.${id}`) as Column
    for (let row = 0; row < chunk.rows; row++) {
      const value = valueOf(ids, row)
      const rival = winners.get(value)
      if (rival === undefined || isEarlier({ chunk, row }, rival, columns)) winners.set(value, { chunk, row })
    }
  }
  const rows = Map.groupBy(winners.values(), ({ chunk }) => chunk)
  return [...rows].map(([chunk, places]) =>
    takeScanned(
      chunk,
      places.map(({ row }) => row),
    ),
  )
}

function isEarlier(a: Place, b: Place, columns: readonly string[]): boolean {
  const [knownA, knownB] = [a.chunk.knownAtUs[a.row] as number, b.chunk.knownAtUs[b.row] as number]
  if (knownA !== knownB) return knownA < knownB
  const [timeA, timeB] = [a.chunk.timeUs[a.row] as number, b.chunk.timeUs[b.row] as number]
  if (timeA !== timeB) return timeA < timeB
  for (const name of columns) {
    const order = compareValues(valueAt(a, name), valueAt(b, name))
    if (order !== 0) return order < 0
  }
  return false
}

function valueAt({ chunk, row }: Place, name: string): Value {
  return valueOf(chunk.columns.get(`row.${name}`) as Column, row)
}

/** Numbers by value, −0 before 0, texts by their UTF-8 bytes; what is missing comes last. */
function compareValues(a: Value, b: Value): number {
  if (a === b) return Object.is(a, b) ? 0 : Object.is(a, -0) ? -1 : 1
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return a < b ? -1 : a > b ? 1 : 0
}

/** Undefined where it is missing; a bigint where no double holds it. */
function valueOf(column: Column, row: number): Value {
  if (isStringColumn(column)) return column.dictionary[column.codes[row] as number]
  const value = column.values[row] as number
  if (Number.isNaN(value)) return undefined
  return column.exact === undefined || Number.isSafeInteger(value) ? value : column.exact[row]
}
