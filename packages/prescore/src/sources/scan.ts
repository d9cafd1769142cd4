/**
 * Reads a pinned source, its files and what arrived since, as chunks of columns: declared and derived ones, the event time and
 * when each row was known.
 * Projection, time range and what else is not needed are pushed down; rows are reconciled with a count of the same range.
 */
import { PrescoreError } from '../base/index.ts'
import { type ColumnsFile, type Database, identifier, keepRows, readColumns } from '../parquet/index.ts'
import { beforeEnd, readArrived } from './arrived.ts'
import { columnsFiles } from './columns-files.ts'
import { firstArrivals } from './duplicates.ts'
import type { SourceFile } from './formats/index.ts'
import { type SourcePin, verifyPin } from './pin.ts'
import { planScan, type ScanPlan } from './plan.ts'
import { type RowsNeeded, type ScannedChunk, type TimeRange, withinRange } from './rows.ts'
import { type ScanSlice, slicedFiles } from './slices.ts'
import type { SourceAt } from './source-at.ts'

/** To tell it of each chunk would cost more than many a chunk. */
const ROWS_TOLD = 1 << 15

export interface ScanRequest extends TimeRange {
  /** Declared or derived columns, by name. */
  readonly columns: Iterable<string>
  /** Other rows of the files are not needed, and mostly left out. */
  readonly only?: RowsNeeded
  /** Nobody keeps a chunk, or an array of it, when the next is asked for. */
  readonly passing?: boolean
  /** Of all that is read, this slice. */
  readonly slice?: ScanSlice
  /** Told now and then how many rows more were looked at, and how many there are in all to be looked at: those wanted, or a few more. */
  readonly onRows?: (rows: number, total: number) => void
}

/**
 * Rows come in no particular order. A chunk may have more columns than were asked for.
 * @throws PrescoreError `source_changed`, `source_unreadable`, `missing_time`, `time_out_of_range`, `rows_not_reconciled`
 */
export async function* scanSource(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  request: ScanRequest,
): AsyncGenerator<ScannedChunk> {
  await verifyPin(source, pin)
  const { columns, slice } = request
  const files = slice === undefined ? pin.files : await slicedFiles(database, source, pin, slice)
  if (files.length > 0) yield* readFiles(database, source, pin, request, files)
  // What is not of the files is of the first slice.
  if ((slice?.index ?? 0) > 0) return
  const plan = planScan(source, pin, columns, request)
  if (plan.duplicated !== undefined) {
    for (const chunk of await settled(database, source, pin, columns)) yield* counted(chunk, pin, request)
  }
  const { id } = source.definition
  const identified = id === undefined ? plan : planScan(source, pin, [...columns, id], {})
  yield* readArrived(database, source, pin, columns, request, condition => allRows(database, identified, condition))
}

/** Whether the files are read without the database, by whoever scans them. */
export async function scansAlone(source: SourceAt, pin: SourcePin, columns: Iterable<string>, range: TimeRange): Promise<boolean> {
  const plan = planScan(source, pin, columns, range)
  return plan.duplicated === undefined && (await columnsFiles(source, pin.files, plan)) !== undefined
}

/** The rows of the files whose ids do not repeat. */
async function* readFiles(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  request: ScanRequest,
  files: readonly SourceFile[],
): AsyncGenerator<ScannedChunk> {
  const plan = planScan(source, pin, request.columns, request, files)
  const isTold = request.only === undefined || request.only.among !== undefined
  const own = isTold && plan.duplicated === undefined ? await columnsFiles(source, files, plan) : undefined
  if (own === undefined) yield* readByDatabase(database, pin, request, files, plan)
  else yield* readOwn(own, pin, request, files === pin.files, plan)
}

async function* readByDatabase(
  database: Database,
  pin: SourcePin,
  request: ScanRequest,
  files: readonly SourceFile[],
  plan: ScanPlan,
): AsyncGenerator<ScannedChunk> {
  const wanted = request.only === undefined ? plan.range : [...plan.range, request.only.sql]
  const unique = plan.duplicated === undefined ? wanted : [...wanted, `NOT (${plan.duplicated})`]
  const isWhole = unique.length === 0 && files === pin.files
  const total = isWhole ? pin.rows : await countRows(database, plan, unique)
  const told = new RowsTold(total, request.onRows)
  for await (const chunk of readRows(database, plan, unique, total, request.passing)) {
    yield* counted(chunk, pin, request)
    told.add(chunk.rows)
  }
  told.end()
}

/** Without DuckDB. */
async function* readOwn(
  files: readonly ColumnsFile[],
  pin: SourcePin,
  request: ScanRequest,
  areAll: boolean,
  { where, shape, within }: ScanPlan,
): AsyncGenerator<ScannedChunk> {
  const total = files.reduce((sum, { rows }) => sum + rows, 0)
  if (areAll && within === undefined) reconcile(total, pin.rows, where)
  const { among, share = 1 } = request.only ?? {}
  const told = new RowsTold(Math.round(total * share), request.onRows)
  // Of local times more is read than the range.
  const range = within !== undefined && within.from === request.fromUs && within.until === request.untilUs ? undefined : request
  for (const file of files) {
    for await (const chunk of file.read(where, request.passing ?? false, rows => told.add(rows * share))) {
      const kept = among?.(chunk)
      const needed = kept === undefined ? chunk : keepRows(chunk, kept)
      if (needed.rows > 0) yield* counted(shape(needed), pin, range)
    }
  }
  told.end()
}

/** Tells now and then how many rows were read. */
class RowsTold {
  readonly #total: number
  readonly #onRows: ScanRequest['onRows']
  #untold = 0
  /** The first at once: with it comes the total. */
  #due = 1

  constructor(total: number, onRows: ScanRequest['onRows']) {
    this.#total = total
    this.#onRows = onRows
  }

  add(rows: number): void {
    this.#untold += rows
    if (this.#untold >= this.#due) this.#tell(Math.floor(this.#untold))
  }

  end(): void {
    this.#tell(Math.round(this.#untold))
    this.#untold = 0
  }

  #tell(rows: number): void {
    if (rows > 0) this.#onRows?.(rows, this.#total)
    this.#untold -= rows
    this.#due = ROWS_TOLD
  }
}

/**
 * Up to which event time, before a moment, the log of the source can go without: everything earlier in it stands in the files too, and is
 * counted there. A source without ids cannot say so of any event.
 * @throws PrescoreError as {@link scanSource} does
 */
export async function onlyInLogFromUs(database: Database, source: SourceAt, pin: SourcePin, beforeUs: number): Promise<number> {
  await verifyPin(source, pin)
  const { id } = source.definition
  const identified = planScan(source, pin, id === undefined ? [] : [id], {})
  const history = (condition: string) => allRows(database, identified, condition)
  let firstUs = beforeUs
  for await (const { timeUs } of readArrived(database, source, pin, [], { untilUs: beforeUs }, history))
    for (const us of timeUs) if (us < firstUs) firstUs = us
  return firstUs
}

/**
 * When everything up to the newest event of the files was known; undefined where there is none, the log holds events (it goes on by
 * itself), or the event time is a derived column: nothing is read but the newest rows.
 * @throws PrescoreError as {@link scanSource} does
 */
export async function newestKnownUs(database: Database, source: SourceAt, pin: SourcePin): Promise<number | undefined> {
  const { time, columns } = source.definition
  if (time === undefined || !Object.hasOwn(columns, time) || pin.arrived !== undefined) return undefined
  const plan = planScan(source, pin, [], {})
  let newestUs: number | undefined
  for await (const { timeUs, knownAtUs } of allRows(
    database,
    plan,
    `${identifier(time)} = (SELECT max(${identifier(time)}) FROM ${plan.from})`,
  ))
    for (const us of [...timeUs, ...knownAtUs]) if (newestUs === undefined || us > newestUs) newestUs = us
  return newestUs
}

/** How many rows a scan of the range meets, at most. */
export async function scanSize(database: Database, source: SourceAt, pin: SourcePin, range: TimeRange): Promise<number> {
  const plan = planScan(source, pin, [], range)
  const rows = plan.range.length === 0 ? pin.rows : await countRows(database, plan, plan.range)
  return rows + (pin.arrived?.position ?? 0)
}

/** The files alone, for what asks about some of their rows. */
export const historyRows = {
  plan: (source: SourceAt, pin: SourcePin, columns: Iterable<string>): ScanPlan => planScan(source, pin, columns, {}),
  /** The rows that count and for which a SQL condition over declared columns holds. */
  async *read(
    database: Database,
    source: SourceAt,
    pin: SourcePin,
    columns: Iterable<string>,
    condition: string,
  ): AsyncGenerator<ScannedChunk> {
    await verifyPin(source, pin)
    for await (const chunk of allRows(database, planScan(source, pin, columns, {}), condition)) yield beforeEnd(chunk, pin.untilUs)
  },
}

/** The rows of the files that count, and lie in the range. @param range undefined: all of them do */
function* counted(chunk: ScannedChunk, { untilUs }: SourcePin, range: TimeRange | undefined): Generator<ScannedChunk> {
  const before = beforeEnd(chunk, untilUs)
  const within = range === undefined ? before : withinRange(before, range)
  if (within !== undefined && within.rows > 0) yield within
}

async function* allRows(database: Database, plan: ScanPlan, condition: string): AsyncGenerator<ScannedChunk> {
  yield* readRows(database, plan, [condition], await countRows(database, plan, [condition]))
}

/** The rows that win among those with repeated ids. All declared columns are read: which row wins must not depend on what is asked for. */
async function settled(database: Database, source: SourceAt, pin: SourcePin, columns: Iterable<string>): Promise<ScannedChunk[]> {
  const declared = Object.keys(source.definition.columns).sort()
  const plan = planScan(source, pin, [...declared, ...columns], {})
  const repeated = [plan.duplicated as string]
  const rows = readRows(database, plan, repeated, await countRows(database, plan, repeated))
  return firstArrivals(rows, source.definition.id as string, declared)
}

async function countRows(database: Database, { from, where }: ScanPlan, conditions: readonly string[]): Promise<number> {
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  const [counted] = await database.query(`SELECT count(*) AS rows FROM ${from} ${filter}`, where)
  return Number(counted?.rows)
}

/** All rows for which the conditions hold: as many as were counted, or an error. */
async function* readRows(
  database: Database,
  plan: ScanPlan,
  conditions: readonly string[],
  total: number,
  passing = false,
): AsyncGenerator<ScannedChunk> {
  if (total === 0) return
  const { select, from, kinds, where, shape } = plan
  const filter = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
  let rows = 0
  for await (const chunk of readColumns(database, `SELECT ${select} FROM ${from} ${filter}`, kinds, where, passing)) {
    rows += chunk.rows
    yield shape(chunk)
  }
  reconcile(rows, total, where)
}

function reconcile(rows: number, total: number, where: string): void {
  if (rows !== total) throw new PrescoreError('rows_not_reconciled', { where, found: `${rows} rows`, expected: `${total} rows` })
}
