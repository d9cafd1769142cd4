/** History as if it were arriving: its rows as events, in the order in which they became known. */
import { formatInstant, PrescoreError } from '../base/index.ts'
import { type Column, isStringColumn } from '../expressions/index.ts'
import type { Database } from '../parquet/index.ts'
import type { ColumnKind } from '../project/index.ts'
import { pinSource } from './pin.ts'
import type { ScannedChunk } from './rows.ts'
import { scanSource } from './scan.ts'
import type { SourceAt } from './source-at.ts'

/** Rows of one replay: they are in memory at once. */
const ROWS_MAX = 2_000_000

/** An event as it would be posted. int64 beyond ±2^53 is a bigint; missing columns are left out. */
export type PostedEvent = Readonly<Record<string, string | number | bigint | boolean>>

export interface KnownEvent {
  readonly knownAtUs: number
  /** Its event time. */
  readonly timeUs: number
  readonly event: PostedEvent
}

/**
 * The rows of the files that became known in [fromUs, toUs), wherever history is said to end, in that order.
 * @throws PrescoreError `not_supported` (a table), `invalid_value` (too many rows), and what pinning and scanning may throw
 */
export async function knownEvents(database: Database, source: SourceAt, fromUs: number, toUs: number): Promise<readonly KnownEvent[]> {
  const where = `sources.${source.name}`
  const { type, untilUs: _, ...rest } = source.definition
  if (type !== 'events') throw new PrescoreError('not_supported', { where, found: 'a table', expected: 'a source of events' })
  const { logs: __, ...place } = source
  const files: SourceAt = { ...place, definition: { type, ...rest } }
  const pin = await pinSource(database, files)
  const columns = Object.entries(rest.columns)
  const known: KnownEvent[] = []
  // What declares its arrival may be known before it happens.
  const range = rest.arrival === undefined ? { untilUs: toUs } : {}
  for await (const chunk of scanSource(database, files, pin, { columns: Object.keys(rest.columns), ...range })) {
    for (let row = 0; row < chunk.rows; row++) {
      const knownAtUs = chunk.knownAtUs[row]!
      if (knownAtUs < fromUs || knownAtUs >= toUs) continue
      known.push({ knownAtUs, timeUs: chunk.timeUs[row]!, event: eventOf(chunk, columns, row) })
    }
    if (known.length > ROWS_MAX)
      throw new PrescoreError('invalid_value', {
        where,
        found: `more than ${ROWS_MAX} rows`,
        expected: 'a shorter time',
        fix: 'Replay it in parts.',
      })
  }
  return known.sort((a, b) => a.knownAtUs - b.knownAtUs)
}

/** The JSON of an event, int64 in full digits. */
export function eventJson(event: PostedEvent): string {
  const members = Object.entries(event).map(
    ([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`,
  )
  return `{${members.join(',')}}`
}

function eventOf(chunk: ScannedChunk, columns: readonly (readonly [string, ColumnKind])[], row: number): PostedEvent {
  const values = columns.flatMap(([name, kind]) => {
    const value = valueOf(chunk.columns.get(`row.${name}`) as Column, kind, row)
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(values)
}

function valueOf(column: Column, kind: ColumnKind, row: number): PostedEvent[string] | undefined {
  if (isStringColumn(column)) return column.codes[row]! < 0 ? undefined : column.dictionary[column.codes[row]!]
  const value = column.values[row]!
  if (value !== value) return undefined
  if (kind === 'timestamp') return formatInstant(value)
  if (kind === 'boolean') return value === 1
  return column.exact === undefined || Number.isSafeInteger(value) ? value : column.exact[row]!
}
