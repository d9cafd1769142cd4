/**
 * What arrived since a source's history ends: the pinned part of its event log, as a scan reads it.
 *
 * History counts where it was known before its stated end, the log everywhere; an event that stands in both counts once, in history.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { removeScratch, scratchFolder, TIME_US_MAX } from '../base/index.ts'
import { type Column, isStringColumn } from '../expressions/index.ts'
import { type Database, identifier, literal, writeParquet } from '../parquet/index.ts'
import { type EventLog, type LogPin, openEventLog } from './log/index.ts'
import { type ScannedChunk, type TimeRange, takeScanned } from './rows.ts'
import type { SourceAt } from './source-at.ts'

/** The event log of a source at one moment. Plain data. */
export interface ArrivedPin extends LogPin {
  /** Events whose id stands in the files too: whether history counts them is settled when they are read. */
  readonly repeated: number
}

/** Whether events of the source may have been taken here. */
function hasLog({ logs, name, definition }: SourceAt): boolean {
  return logs !== undefined && definition.type === 'events' && existsSync(join(logs, name))
}

/** The log as it is now, and by when it took what it has; neither where there is none. @throws PrescoreError `store_unreadable`, `store_format`, `log_mismatch` */
export async function pinArrived(
  database: Database,
  source: SourceAt,
  from: string,
): Promise<{ readonly arrived?: ArrivedPin; readonly throughUs?: number }> {
  if (!hasLog(source)) return {}
  const log = openEventLog(source.logs as string, source.name, source.definition)
  try {
    // First, so that the pin has all that the log had by then.
    const { clockUs } = log.status()
    const through = clockUs > -TIME_US_MAX ? { throughUs: clockUs } : {}
    const pin = log.pin()
    if (pin.position === 0) return through
    const repeated = await withIds(database, source, log, pin.position, condition => countRows(database, source, from, condition))
    return { arrived: { ...pin, repeated: repeated ?? 0 }, ...through }
  } finally {
    await log.close()
  }
}

/** Says that answers as of this moment were computed from the source: events that should have been known by then are late from now on. */
export async function noteAsOf(source: SourceAt, asOfUs: number): Promise<void> {
  if (source.logs === undefined || source.definition.type !== 'events') return
  const log = openEventLog(source.logs, source.name, source.definition)
  try {
    await log.noteAsOf(asOfUs)
  } finally {
    await log.close()
  }
}

async function countRows(database: Database, { name }: SourceAt, from: string, condition: string): Promise<number> {
  const [found] = await database.query(`SELECT count(*) AS rows FROM ${from} WHERE ${condition}`, `sources.${name}`)
  return Number(found?.rows)
}

/**
 * Events of the log in the time range, without those that history counts.
 * @param history rows of the files for which a SQL condition holds, as a scan shapes them.
 * @throws PrescoreError `source_changed` when the log no longer holds what was pinned
 */
export async function* readArrived(
  database: Database,
  source: SourceAt,
  { arrived, untilUs }: { readonly arrived?: ArrivedPin; readonly untilUs?: number },
  columns: Iterable<string>,
  range: TimeRange,
  history: (condition: string) => AsyncIterable<ScannedChunk>,
): AsyncGenerator<ScannedChunk> {
  if (arrived === undefined) return
  const log = openEventLog(source.logs as string, source.name, source.definition)
  try {
    log.verify(arrived)
    const { id } = source.definition
    const counted = new Set<unknown>()
    if (arrived.repeated > 0 && id !== undefined) {
      await withIds(database, source, log, arrived.position, async condition => {
        for await (const chunk of history(condition)) collectKnown(chunk, id, untilUs, counted)
      })
    }
    const wanted = counted.size === 0 ? columns : [...columns, id as string]
    for (const chunk of log.read(0, arrived.position, { ...range, columns: wanted })) {
      const kept = counted.size === 0 ? chunk : without(chunk, id as string, counted)
      if (kept.rows > 0) yield kept
    }
    // What was dropped on the way was not read.
    log.verify(arrived)
  } finally {
    await log.close()
  }
}

/** Rows of the files that were known before history's stated end. */
export function beforeEnd(chunk: ScannedChunk, untilUs: number | undefined): ScannedChunk {
  if (untilUs === undefined) return chunk
  const kept = new Int32Array(chunk.rows)
  let count = 0
  for (let row = 0; row < chunk.rows; row++) if ((chunk.knownAtUs[row] as number) < untilUs) kept[count++] = row
  return count === chunk.rows ? chunk : takeScanned(chunk, kept.subarray(0, count))
}

function collectKnown(chunk: ScannedChunk, id: string, untilUs: number | undefined, into: Set<unknown>): void {
  const { rows, columns } = beforeEnd(chunk, untilUs)
  for (let row = 0; row < rows; row++) into.add(valueOf(columns.get(`row.${id}`) as Column, row))
}

function without(chunk: ScannedChunk, id: string, counted: ReadonlySet<unknown>): ScannedChunk {
  const ids = chunk.columns.get(`row.${id}`) as Column
  const kept = Array.from({ length: chunk.rows }, (_, row) => row).filter(row => !counted.has(valueOf(ids, row)))
  return kept.length === chunk.rows ? chunk : takeScanned(chunk, kept)
}

function valueOf(column: Column, row: number): unknown {
  if (isStringColumn(column)) return column.dictionary[column.codes[row] as number]
  const value = column.values[row] as number
  return column.exact === undefined || Number.isSafeInteger(value) ? value : column.exact[row]
}

/** Hands the log's ids to DuckDB as a file, and gives the condition that a row's id is among them; undefined for a source without ids. */
async function withIds<T>(
  database: Database,
  { definition }: SourceAt,
  log: EventLog,
  position: number,
  use: (condition: string) => Promise<T>,
): Promise<T | undefined> {
  const { id, columns } = definition
  if (id === undefined) return undefined
  const folder = scratchFolder('prescore-ids-')
  try {
    const file = join(folder, `${randomUUID()}.parquet`)
    await writeParquet(database, file, { [`row.${id}`]: columns[id] as 'int64' | 'string' }, log.read(0, position, { columns: [id] }))
    return await use(`${identifier(id)} IN (SELECT ${identifier(`row.${id}`)} FROM read_parquet(${literal(file)}))`)
  } finally {
    await removeScratch(folder)
  }
}
