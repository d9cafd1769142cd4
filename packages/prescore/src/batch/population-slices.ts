/** The keys of a population found by several workers, each among the rows of a slice of the source: what they read need not be grouped by a database. */
import type { NumberColumn } from '../expressions/index.ts'
import type { Database } from '../parquet/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { type ScanSlice, type SourceAt, type SourcePin, scanSource, scansAlone, type TimeRange } from '../sources/index.ts'
import { CloseIntegers, union } from './close-integers.ts'
import { IntegerPopulation } from './population-integers.ts'

/** Plain data: sent to a worker. */
export interface KeysWanted extends TimeRange {
  readonly source: SourceAt
  readonly pin: SourcePin
  readonly column: string
  /** Of rows that were known by this moment. */
  readonly knownByUs: number
  readonly slice: ScanSlice
}

/** Gives each to a worker of its own. @returns what {@link keysOfSlice} does */
export type KeyFinder = (of: number, wanted: (slice: ScanSlice) => KeysWanted) => Promise<readonly (Float64Array | undefined)[]>

/** A population whose keys are wanted. */
export interface KeysRequest {
  readonly prediction: PredictionDefinition
  readonly source: SourceAt
  readonly pin: SourcePin
  readonly asOfUs: number
  readonly threads: number
  /** Absent: there are no workers. */
  readonly find?: KeyFinder | undefined
}

/** Undefined: they are better found otherwise. @throws PrescoreError as scanning does, `interrupted`, `run_failed` */
export async function slicedKeys({ prediction, source, pin, asOfUs, threads, find }: KeysRequest): Promise<NumberColumn | undefined> {
  const { population } = prediction
  if (find === undefined || population === undefined || !IntegerPopulation.fits(prediction)) return undefined
  const [name] = Object.keys(prediction.entity ?? {}) as [string]
  const column = population.keys[name] ?? name
  const { type, columns } = source.definition
  if (type === 'table' || population.where !== undefined || columns[column] !== 'int64') return undefined
  const range = { untilUs: asOfUs, ...(population.sinceUs === undefined ? {} : { fromUs: asOfUs - population.sinceUs }) }
  if (!(await scansAlone(source, pin, [column], range))) return undefined
  const found = await find(threads, slice => ({ source, pin, column, knownByUs: asOfUs, slice, ...range }))
  const keys = found.filter(each => each !== undefined)
  if (keys.length < found.length) return undefined
  return { type: { kind: 'int64' }, values: keys.reduce(union) }
}

/**
 * The keys of a slice in their order, each once; undefined: there are some that no double holds, or that lie far apart.
 * @param onRows told now and then; what it throws ends the scan
 * @throws PrescoreError as scanning does
 */
export async function keysOfSlice(
  database: Database,
  { source, pin, column, knownByUs, slice, ...range }: KeysWanted,
  onRows: () => void,
): Promise<Float64Array<ArrayBuffer> | undefined> {
  const keys = new CloseIntegers()
  const request = { columns: [column], slice, passing: true, onRows, ...range }
  for await (const { rows, columns, knownAtUs } of scanSource(database, source, pin, request)) {
    const { values, exact } = columns.get(`row.${column}`) as NumberColumn
    if (exact !== undefined || !keys.add(values, rows, knownAtUs, knownByUs)) return undefined
  }
  return keys.sorted()
}
