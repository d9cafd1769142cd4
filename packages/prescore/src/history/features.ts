/**
 * Features of (key, as-of) rows from a source's history: one scan of the source feeds all groups asked for.
 * Only events of wanted keys are kept, so memory is bounded by them, and a caller bounds it by asking for fewer keys at once.
 */

import { randomUUID } from 'node:crypto'
import { PrescoreError } from '../base/index.ts'
import type { Column } from '../expressions/index.ts'
import { type ClockName, type CompiledGroup, compileGroup, type EventColumns, onSheets, Room } from '../features/index.ts'
import type { Database } from '../parquet/index.ts'
import { type FeatureGroupDefinition, rowScope } from '../project/index.ts'
import type { RowsNeeded, ScannedChunk, SourceAt, SourcePin } from '../sources/index.ts'
import { Collector } from './collector.ts'
import { EventBuffer, tieOf } from './event-buffer.ts'
import { FileSpill } from './file-spill.ts'
import { sourceKeyColumns } from './key-columns.ts'
import { KnownThrough } from './known-through.ts'
import { MomentReader } from './moment-reader.ts'
import { type FeatureRequest, sheetsOf } from './request.ts'
import { scanned } from './scanned.ts'
import { type Sharing, sharedFeatures } from './shared-features.ts'

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
  /** All rows of the files whose keys are asked for: others need not be read, and tell nothing of `knownThroughUs`. */
  readonly only?: RowsNeeded | undefined
  /** Told now and then how many rows more were read, and how many there are to be read in all. */
  readonly onRows?: (rows: number, total: number) => void
  /** Others who ask for the same features of other keys, to read with. */
  readonly sharing?: Sharing | undefined
  /** The events, where they were read before, with the columns that {@link eventColumns} names: then the source is not read. */
  readonly events?: { readonly rows: number; readonly chunks: Iterable<ScannedChunk> } | undefined
  /** Where events go for which there is no room, of questions as of one moment: files of names that begin so, and the bytes that stay in memory. */
  readonly spill?: { readonly prefix: string; readonly room: number } | undefined
  /** For whoever asks again and again: what is computed with stays in memory, instead of being made anew. */
  readonly room?: Room
}

/** A key with a missing column has no events. @throws PrescoreError whatever scanning the source and computing may throw */
export async function historyFeatures(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  requests: readonly Omit<FeatureRequest, 'sheets'>[],
  options: HistoryOptions,
): Promise<HistoryFeatures> {
  const { sheets, knownThroughUs } = await historySheets(database, source, pin, requests, options)
  return { features: sheets.map(([features]) => features as readonly Column[]), knownThroughUs }
}

export interface HistorySheets extends Pick<HistoryFeatures, 'knownThroughUs'> {
  /** For each request, by sheet: its features in the group's order. */
  readonly sheets: readonly (readonly (readonly Column[])[])[]
}

/** The same, laid out on the sheets of each request. */
export async function historySheets(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  requests: readonly FeatureRequest[],
  options: HistoryOptions,
): Promise<HistorySheets> {
  const { clock, only, onRows, sharing } = options
  const compiled = compiledFor(source, requests)
  if (sharing !== undefined) {
    const shared = await sharedOrNone(database, source, pin, requests, compiled, sharing, options)
    if (shared !== undefined)
      return {
        sheets: shared.features.map((columns, i) => onSheets(columns, sheetsOf(requests[i] as FeatureRequest))),
        knownThroughUs: knownThrough(shared.knownThroughUs, pin, sharing.asOfUs),
      }
  }
  const readers = requests.map((request, i) => readerOf(source, request, compiled[i] as CompiledGroup, clock, spillOf(options, requests)))
  const collectors = requests.flatMap((request, i) =>
    readers[i] === undefined ? [new Collector(request, compiled[i] as CompiledGroup)] : [],
  )
  const atOnce = readers.filter(reader => reader !== undefined)
  const asking = [...atOnce, ...collectors]
  const untilUs = Math.max(...asking.map(({ lastUs }) => lastUs))
  const known = new KnownThrough()
  const buffer = collectors.length === 0 ? undefined : bufferOf(source, collectors, clock, undefined, options.room)
  const told = (rows: number, total: number) => {
    // Then most of them are asked for.
    if (only !== undefined) buffer?.reserve(total)
    onRows?.(rows, total)
  }
  const take = (chunk: ScannedChunk) => {
    known.note(chunk.knownAtUs, untilUs)
    buffer?.append(chunk)
    for (const reader of atOnce) reader.append(chunk)
  }
  try {
    if (options.events === undefined)
      await scanned(database, source, pin, asking, { columns: columnsOf(buffer, atOnce), only, onRows: told }, take)
    else takeAll(options.events, buffer, onRows, take)
    const collected = buffer === undefined ? [] : collectedFeatures(collectors, buffer, options)
    return {
      sheets: readers.map(reader =>
        reader === undefined ? (collected.shift() as (typeof collected)[number]) : onSheets(reader.compute(), sheetsOf(reader.request)),
      ),
      knownThroughUs: knownThrough(known.us, pin, untilUs),
    }
  } finally {
    for (const reader of atOnce) reader.close()
  }
}

/** One for each request, which have the room together. */
function spillOf({ spill }: HistoryOptions, requests: readonly FeatureRequest[]): FileSpill | undefined {
  return spill === undefined ? undefined : new FileSpill(`${spill.prefix}${randomUUID()}`, spill.room / requests.length)
}

function takeAll(
  { rows, chunks }: NonNullable<HistoryOptions['events']>,
  buffer: EventBuffer | undefined,
  onRows: HistoryOptions['onRows'],
  take: (chunk: ScannedChunk) => void,
): void {
  buffer?.reserve(rows)
  for (const chunk of chunks) take(chunk)
  onRows?.(rows, rows)
}

function knownThrough(rowsUs: number | undefined, { throughUs }: SourcePin, lastUs: number): number | undefined {
  const toldUs = throughUs === undefined ? Number.NEGATIVE_INFINITY : Math.min(throughUs, lastUs)
  return toldUs > (rowsUs ?? Number.NEGATIVE_INFINITY) ? toldUs : rowsUs
}

/** Undefined: each worker reads for itself. What went wrong for one shows again there, if it is of its own keys. */
async function sharedOrNone(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  requests: readonly FeatureRequest[],
  compiled: readonly CompiledGroup[],
  sharing: Sharing,
  options: HistoryOptions,
): Promise<HistoryFeatures | undefined> {
  const { clock, onRows } = options
  const { asOfUs, talk } = sharing
  const all = requests.map((request, i) =>
    readerOf(source, request, compiled[i] as CompiledGroup, clock, spillOf(options, requests), asOfUs),
  )
  const readers = all.filter(reader => reader?.isShareable === true) as MomentReader[]
  try {
    const able = readers.length === requests.length ? readers : undefined
    return await sharedFeatures(database, source, pin, able, sharing, { columns: columnsOf(undefined, readers), onRows })
  } catch (error) {
    talk.leave()
    if (error instanceof PrescoreError && error.code === 'interrupted') throw error
    return undefined
  } finally {
    for (const reader of all) reader?.close()
  }
}

function readerOf(
  { definition }: SourceAt,
  request: FeatureRequest,
  compiled: CompiledGroup,
  clock: ClockName,
  spill: FileSpill | undefined,
  asOfUs?: number,
): MomentReader | undefined {
  return MomentReader.of(request, compiled, clock, tieOf(definition, request.group), { spill, momentUs: asOfUs })
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
  const [compiled] = compiledFor(source, [request])
  const collector = new Collector(request, compiled as CompiledGroup)
  const buffer = bufferOf(source, [collector], 'corrected', columns)
  await scanned(database, source, pin, [collector], { columns: buffer.columnsToScan() }, chunk => buffer.append(chunk))
  return { events: buffer.columns(), keyOf: buffer.keysOf(0), queryKeys: collector.queryKeys, positions: buffer.positions() }
}

function compiledFor({ name, definition }: SourceAt, requests: readonly FeatureRequest[]): CompiledGroup[] {
  const scope = rowScope(definition)
  return requests.map(({ group }) => compileGroup(group, scope, definition.zone, `sources.${name}`))
}

/** @param columns wanted beside those that the kernel reads, and with them the places in the log */
function bufferOf(
  { definition }: SourceAt,
  collectors: readonly Collector[],
  clock: ClockName,
  columns?: readonly string[],
  room?: Room,
): EventBuffer {
  const untilUs = Math.max(...collectors.map(({ lastUs }) => lastUs))
  const withPositions = columns !== undefined || collectors.some(({ request }) => request.positions !== undefined)
  return new EventBuffer(definition, collectors, { untilUs, clock, withPositions, columns: columns ?? [] }, room)
}

/** Whether, as of one moment, all events of the keys that are asked for are in memory, and not spilled. */
export function holdsAllEvents({ name, definition }: Pick<SourceAt, 'name' | 'definition'>, group: FeatureGroupDefinition): boolean {
  if (tieOf(definition, group) !== undefined) return true
  const compiled = compileGroup(group, rowScope(definition), definition.zone, `sources.${name}`)
  return compiled.atMoment({ keys: new Float64Array(0), asOfUs: 0, clock: 'as-served', withTies: false }) === undefined
}

/** The source's columns that features of the group are computed from, and its keys: declared or derived ones. */
export function eventColumns({ name, definition }: Pick<SourceAt, 'name' | 'definition'>, group: FeatureGroupDefinition): Set<string> {
  const { columnsUsed } = compileGroup(group, rowScope(definition), definition.zone, `sources.${name}`)
  const tie = tieOf(definition, group)
  return new Set([...columnsUsed, ...(tie === undefined ? [] : [tie]), ...sourceKeyColumns(group)])
}

function columnsOf(buffer: EventBuffer | undefined, readers: readonly MomentReader[]): Set<string> {
  return new Set([...(buffer?.columnsToScan() ?? []), ...readers.flatMap(reader => [...reader.columnsToScan()])])
}

function collectedFeatures(
  collectors: readonly Collector[],
  buffer: EventBuffer,
  { clock, room = new Room() }: HistoryOptions,
): (readonly (readonly Column[])[])[] {
  const [columns, positions] = [buffer.columns(), buffer.positions()]
  return collectors.map((collector, i) => collector.compute(columns, positions, buffer.keysOf(i), clock, room))
}
