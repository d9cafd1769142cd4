/** Places, clocks and sources that the tests of the event log share. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Clock } from '../../src/base/index.ts'
import { events, type SourceDefinition } from '../../src/project/index.ts'
import type { EventLog, LogChunk, LogReadRequest } from '../../src/sources/index.ts'

/** `PRESCORE_PROPERTY_RUNS=600 node --test …` looks longer; not beyond that, because each run writes to the disk. */
export const RUNS = Math.min(600, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 60))

/** 2026-06-15T12:00:00Z */
export const NOON_US = Date.UTC(2026, 5, 15, 12) * 1000
export const SECOND_US = 1_000_000
export const DAY_US = 86_400 * SECOND_US

/** A folder that is there until the test ends. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-log-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A clock that stands where it is put. */
export class StandingClock implements Clock {
  us: number

  constructor(us = NOON_US) {
    this.us = us
  }

  nowUs(): number {
    return this.us
  }
}

/** Every kind of column, a derived one of each kind of result, and an arrival. */
export const PAYMENTS: SourceDefinition = events({
  files: 'payments.parquet',
  columns: { id: 'string', card: 'int64', amount: 'float64', online: 'boolean', shop: 'string', at: 'timestamp', received: 'timestamp' },
  zone: 'America/New_York',
  id: 'id',
  time: 'at',
  arrival: row => row.received,
  derive: row => ({ doubled: row.amount.times(2), place: row.shop.eq('x') }),
}).definition

/** As little as a source may declare. */
export const PINGS: SourceDefinition = events({ files: 'pings.parquet', columns: { at: 'timestamp', n: 'int64' }, time: 'at' }).definition

/** One row as a test compares it: exact integers as bigint or number, missing values left out. */
export type Row = Readonly<Record<string, number | bigint | string>>

/** What a log holds in a range of positions. */
export function rowsOf(log: EventLog, after = 0, upTo = log.position(), request?: LogReadRequest): Row[] {
  return [...log.read(after, upTo, request)].flatMap(chunk => Array.from({ length: chunk.rows }, (_, i) => rowAt(chunk, i)))
}

function rowAt(chunk: LogChunk, i: number): Row {
  const { positions, timeUs, knownAtUs } = chunk
  const row: Record<string, number | bigint | string> = {
    position: positions[i] as number,
    timeUs: timeUs[i] as number,
    knownAtUs: knownAtUs[i] as number,
  }
  for (const [name, column] of chunk.columns) {
    if ('codes' in column) {
      const code = column.codes[i] as number
      if (code >= 0) row[name] = column.dictionary[code] as string
    } else if (!Number.isNaN(column.values[i])) {
      const value = column.values[i] as number
      row[name] = Number.isSafeInteger(value) || column.exact === undefined ? value : (column.exact[i] as bigint)
    }
  }
  return row
}
