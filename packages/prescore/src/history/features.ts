/**
 * Features of (key, as-of) rows from a source's history: one scan of the source feeds all groups asked for.
 * Only events of wanted keys are kept, so memory is bounded by them, and a caller bounds it by asking for fewer keys at once.
 */
import type { Column } from '../expressions/index.ts'
import { type ClockName, compileGroup, type EventColumns } from '../features/index.ts'
import type { Database } from '../parquet/index.ts'
import { rowScope } from '../project/index.ts'
import { type SourceAt, type SourcePin, scanSource } from '../sources/index.ts'
import { Collector, type FeatureRequest } from './collector.ts'
import { EventBuffer } from './event-buffer.ts'

export interface HistoryFeatures {
  /** For each request: its features in the group's order, a column each, row for row as asked. */
  readonly features: readonly (readonly Column[])[]
  /**
   * Up to which moment, at most the latest as-of, all that was known is in them: when a row of the scanned range was known, or the log
   * last took events or a heartbeat. Undefined without either.
   */
  readonly knownThroughUs: number | undefined
}

export interface HistoryOptions {
  readonly clock: ClockName
  /** SQL that holds for every row of the files whose key is asked for: others need not be read, and tell nothing of `knownThroughUs`. */
  readonly only?: string | undefined
  /** Told after each chunk how many rows were read for it, and how many there are to be read in all. */
  readonly onRows?: (rows: number, total: number) => void
}

/** A key with a missing column has no events. @throws PrescoreError whatever scanning the source and computing may throw */
export async function historyFeatures(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  requests: readonly FeatureRequest[],
  options: HistoryOptions,
): Promise<HistoryFeatures> {
  const collectors = collectorsOf(source, requests)
  const events = await gathered(database, source, pin, collectors, options)
  const [columns, positions] = [events.columns(), events.positions()]
  const features = collectors.map((collector, i) => collector.compute(columns, positions, events.keysOf(i), options.clock))
  return { features, knownThroughUs: knownThrough(events.knownThroughUs, pin, lastOf(collectors)) }
}

/** The events of the keys of a request that any of its windows may hold, known by then or not. */
export interface HistoryEvents {
  readonly events: EventColumns
  /** The key number of each event, and of each row that was asked for; -1: none. */
  readonly keyOf: Int32Array
  readonly queryKeys: Int32Array
  /** Of each event in its log; 0: of files. */
  readonly positions: Float64Array
}

/** @param columns wanted of the events, beside those that the features read. @throws PrescoreError whatever scanning the source may throw */
export async function historyEvents(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  request: FeatureRequest,
  columns: readonly string[],
): Promise<HistoryEvents> {
  const collectors = collectorsOf(source, [request])
  const buffer = await gathered(database, source, pin, collectors, { clock: 'corrected', columns })
  const { queryKeys } = collectors[0] as Collector
  return { events: buffer.columns(), keyOf: buffer.keysOf(0), queryKeys, positions: buffer.positions() }
}

function knownThrough(rowsUs: number | undefined, { throughUs }: SourcePin, lastUs: number): number | undefined {
  const toldUs = throughUs === undefined ? Number.NEGATIVE_INFINITY : Math.min(throughUs, lastUs)
  return toldUs > (rowsUs ?? Number.NEGATIVE_INFINITY) ? toldUs : rowsUs
}

/** The latest as-of. */
function lastOf(collectors: readonly Collector[]): number {
  return Math.max(...collectors.map(({ lastUs }) => lastUs))
}

function collectorsOf({ name, definition }: SourceAt, requests: readonly FeatureRequest[]): Collector[] {
  const scope = rowScope(definition)
  return requests.map(request => new Collector(request, compileGroup(request.group, scope, definition.zone, `sources.${name}`)))
}

async function gathered(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  collectors: readonly Collector[],
  { clock, only, onRows, columns }: HistoryOptions & { readonly columns?: readonly string[] },
): Promise<EventBuffer> {
  const range = scanRange(collectors)
  const withPositions = columns !== undefined || collectors.some(({ request }) => request.positions !== undefined)
  const events = new EventBuffer(source.definition, collectors, {
    untilUs: lastOf(collectors),
    clock,
    withPositions,
    columns: columns ?? [],
  })
  if (range.untilUs === Number.NEGATIVE_INFINITY) return events
  const told = onRows === undefined ? {} : { onRows }
  const scan = { columns: events.columnsToScan(), ...range, ...(only === undefined ? {} : { only }), ...told }
  for await (const chunk of scanSource(database, source, pin, scan)) events.append(chunk)
  return events
}

/** The event times that can matter: nothing when there is nothing asked for. */
function scanRange(collectors: readonly Collector[]): { readonly fromUs: number; readonly untilUs: number } {
  const asked = collectors.filter(({ request }) => request.asOfUs.length > 0)
  const fromUs = asked.map(({ firstUs, compiled }) => firstUs - (compiled.longestUs ?? Number.POSITIVE_INFINITY))
  return { fromUs: Math.min(...fromUs), untilUs: Math.max(...asked.map(({ lastUs, compiled }) => lastUs + compiled.aheadUs)) }
}
