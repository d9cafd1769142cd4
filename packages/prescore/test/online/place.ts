/** Live state in a folder of its own, fed with plain events; and what it must answer. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { open } from 'lmdb'
import { type Clock, PrescoreError } from '../../src/base/index.ts'
import { type Column, stringColumn } from '../../src/expressions/index.ts'
import type { Environment } from '../../src/online/environment.ts'
import { type LiveGroup, type LiveState, type LiveValue, liveGroup, type PositionedChunk } from '../../src/online/index.ts'
import { type Puts, tableOf } from '../../src/online/puts.ts'
import { GROUP } from '../../src/online/tables.ts'
import { Database, writeParquet } from '../../src/parquet/index.ts'
import { events as eventSource } from '../../src/project/index.ts'
import { pinSource, type SourceAt, type SourcePin } from '../../src/sources/index.ts'
import { computed, groupOf, SCOPE, valueAt } from '../features/harness.ts'
import { type NaiveEvent, type NaiveFeature, naiveFeature } from '../features/naive.ts'
import type { NaiveCalendar } from '../features/naive-calendar.ts'

export type Ids = 'none' | 'int64' | 'string'

/** A clock that is beyond all events of the tests. */
export const LATE_CLOCK: Clock = { nowUs: () => 2 ** 52 }

const COLUMNS = {
  id: 'int64',
  number: 'float64',
  flag: 'boolean',
  keep: 'boolean',
  text: 'string',
  moment: 'timestamp',
  at: 'timestamp',
  received: 'timestamp',
} as const

/** Whose clocks tell calendar windows, and what the naive version sees on them. */
export interface Clocks {
  readonly zone: string
  readonly calendar: NaiveCalendar
}

export function sourceIn(folder: string, ids: Ids = 'none', zone = 'UTC'): SourceAt {
  const options = {
    files: 'events.parquet',
    columns: { ...COLUMNS, event: ids === 'string' ? 'string' : 'int64' },
    time: 'at',
    zone,
  } as const
  const { definition } = eventSource({ ...options, arrival: row => row.received, ...(ids === 'none' ? {} : { id: 'event' }) })
  return { name: 'events', folder, definition }
}

export function groupIn(source: SourceAt, features: readonly NaiveFeature[]): LiveGroup {
  return liveGroup(source, groupOf(features))
}

/** Events as a log gives them; the tie of an event is its id. The first has the position after `after`. */
export function chunkOf(events: readonly NaiveEvent[], after: number, ids: Ids = 'none'): PositionedChunk {
  const numbers = (values: readonly (number | undefined)[]) => Float64Array.from(values, value => value ?? Number.NaN)
  const columns = new Map<string, Column>([...SCOPE].map(([name, type]) => [name, columnOf(events, name.slice('row.'.length), type)]))
  const keys = numbers(events.map(({ key }) => (key < 0 ? undefined : key)))
  columns.set('row.id', { type: { kind: 'int64' }, values: keys })
  if (ids === 'string') columns.set('row.event', stringColumn(events.map(({ tie }) => idText(tie))))
  else columns.set('row.event', idColumn(events))
  return {
    rows: events.length,
    columns,
    timeUs: numbers(events.map(({ timeUs }) => timeUs)),
    knownAtUs: numbers(events.map(({ knownAtUs }) => knownAtUs)),
    positions: Float64Array.from(events, (_, i) => after + 1 + i),
  }
}

/** Texts that sort as the numbers do. */
function idText(tie = 0): string {
  return `é${String(tie).padStart(6, '0')}`
}

/** From the first numbers on in the order of ties: negative, small, and such as doubles cannot tell apart. */
function idNumber(tie = 0): bigint {
  return tie === 0 ? -(2n ** 40n) : tie === 1 ? 5n : 2n ** 60n + BigInt(tie)
}

/** As scans give int64: exact values go along only where there are some beyond ±2^53. */
function idColumn(events: readonly NaiveEvent[]): Column {
  const type = { kind: 'int64' } as const
  const ids = events.map(({ tie }) => idNumber(tie))
  const values = Float64Array.from(ids, Number)
  return values.every(Number.isSafeInteger) ? { type, values } : { type, values, exact: BigInt64Array.from(ids) }
}

function columnOf(events: readonly NaiveEvent[], name: string, type: Column['type']): Column {
  const values = events.map(({ row }) => row[name])
  if (type.kind === 'string') return stringColumn(values as (string | undefined)[])
  return { type, values: Float64Array.from(values, value => (value === undefined ? Number.NaN : (value as number))) }
}

/** A folder that is removed after the test. */
export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-live-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A history of these events, with a database to read it. */
export async function historyIn(
  folder: string,
  events: readonly NaiveEvent[],
  ids: Ids = 'none',
): Promise<{ source: SourceAt; database: Database; pin: SourcePin }> {
  const database = await Database.open({ threads: 1 })
  const source = sourceIn(folder, ids)
  const { columns, timeUs, knownAtUs, rows } = chunkOf(events, 0, ids)
  const named = new Map<string, Column>([...columns].map(([name, column]) => [name.slice('row.'.length), column]))
  const type = { kind: 'timestamp' } as const
  named
    .set('at', { type, values: timeUs })
    .set('received', { type, values: knownAtUs.map(us => (us === Number.POSITIVE_INFINITY ? Number.NaN : us)) })
  const kinds = Object.fromEntries([...named].map(([name, column]) => [name, column.type.kind]))
  await writeParquet(database, join(folder, 'events.parquet'), kinds, [{ rows, columns: named }])
  return { source, database, pin: await pinSource(database, source) }
}

/** Stores what is put to groups. */
export async function commit(environment: Environment, puts: Puts, isMuch: boolean): Promise<void> {
  const parts = puts.take()
  const groups = new Set(parts.map(part => tableOf(part).slice(GROUP.length)))
  const begun = environment.begin([...groups], isMuch, () => {})
  for (const part of parts) begun.add([part])
  await begun.end()
}

/** Both the naive version's answers and the kernel's, which must agree. */
export function expected(
  features: readonly NaiveFeature[],
  events: readonly NaiveEvent[],
  key: number,
  asOfUs: number,
  clocks?: Clocks,
): LiveValue[] {
  const finite = events.filter(({ knownAtUs }) => knownAtUs < Number.POSITIVE_INFINITY)
  const columns = computed(features, finite, [{ key, asOfUs }], 'as-served', clocks?.zone)
  return features.map((feature, i) => {
    const naive = naiveFeature(feature, finite, { key, asOfUs }, 'as-served', clocks?.calendar)
    assert.ok(Object.is(naive, valueAt(columns[i]!, 0)))
    return naive
  })
}

/** Every value of a key is the expected one, to the bit. */
export function assertReads(
  state: LiveState,
  group: string,
  features: readonly NaiveFeature[],
  events: readonly NaiveEvent[],
  key: number,
  asOfUs: number,
  clocks?: Clocks,
): void {
  const found = state.read(group, key < 0 ? undefined : { id: key }, asOfUs)
  expected(features, events, key, asOfUs, clocks).forEach((value, i) => {
    const same = Object.is(found[i], value ?? (state.types(group)[i]?.kind === 'string' ? undefined : Number.NaN))
    assert.ok(same, same ? '' : `${JSON.stringify(features[i])} of key ${key} at ${asOfUs}: found ${found[i]}, expected ${value}`)
  })
}

export const throwsCode = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code

/** How many blocks of a group are on disk, while the folder is closed. */
export async function storedBlocks(folder: string, group: string): Promise<number> {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const
  const raw = open<Buffer, Buffer>({ path: folder, noSubdir: false, readOnly: true, maxDbs: 1024, ...binary })
  const { entryCount } = raw.openDB<Buffer, Buffer>(`group:${group}`, binary).getStats() as { entryCount: number }
  await raw.close()
  return entryCount
}
