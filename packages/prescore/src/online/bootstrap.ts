/** Fills groups from the history of their source: one scan for all, gathered by key millions of events at a time. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Database } from '../parquet/index.ts'
import { type SourcePin, scanSource } from '../sources/index.ts'
import { checkTimes, type GroupState } from './group-state.ts'
import type { Intake } from './intake.ts'
import type { BootstrapProgress } from './types.ts'

/** Events in memory at once, of all groups: some 200 MB. The more there are, the fewer times a key is stored anew. */
const EVENTS_AT_ONCE = 2_000_000
/** While others are read: to gather more would keep requests waiting. */
const EVENTS_AT_ONCE_SERVING = 50_000
/** After so long, whoever waits has a turn. */
const SLICE_MS = 5
/** Keys of one commit. */
const KEYS_AT_ONCE = 16_384

export interface BootstrapOrder {
  /** The present: what was known only later enters later. */
  readonly untilUs: number
  /** As-ofs before it are not answered. */
  readonly retainedFromUs: number
  /** Other groups are read meanwhile. */
  readonly isServing: boolean
  readonly onProgress?: (progress: BootstrapProgress) => void
}

/** @param flush stores what has changed. */
export async function bootstrapGroups(
  database: Database,
  groups: readonly GroupState[],
  pin: SourcePin,
  { untilUs, retainedFromUs, isServing, onProgress }: BootstrapOrder,
  flush: () => Promise<void>,
): Promise<void> {
  const { source } = groups[0]!.definition
  // What an earlier bootstrap left that was cut short.
  for (const group of groups) group.table.clear()
  for (const group of groups) group.mark = { ...group.mark, isReady: false, retainedFromUs }
  const fromUs = Math.min(...groups.map(group => group.eventsFromUs()))
  const columns = new Set(groups.flatMap(group => [...group.columns]))
  let intakes = groups.map(group => group.intake())
  let dataThroughUs = Math.min(pin.throughUs ?? Number.NEGATIVE_INFINITY, untilUs)
  let rows = 0
  const eventsAtOnce = isServing ? EVENTS_AT_ONCE_SERVING : EVENTS_AT_ONCE
  const range = fromUs === Number.NEGATIVE_INFINITY ? {} : { fromUs }
  const onRows = (read: number, total: number) => {
    rows += read
    onProgress?.({ rows, total })
  }
  for await (const chunk of scanSource(database, source, pin, { columns, ...range, onRows })) {
    checkTimes(chunk)
    for (const knownUs of chunk.knownAtUs.subarray(0, chunk.rows))
      if (knownUs <= untilUs && knownUs > dataThroughUs) dataThroughUs = knownUs
    groups.forEach((group, i) => {
      const eventsFromUs = group.eventsFromUs()
      intakes[i]!.add(chunk, row => chunk.timeUs[row]! >= eventsFromUs)
    })
    if (intakes.reduce((sum, { size }) => sum + size, 0) < eventsAtOnce) continue
    await fill(groups, intakes, flush)
    intakes = groups.map(group => group.intake())
  }
  await fill(groups, intakes, flush)
  // The scan gave the log's events too, up to where it was pinned.
  const position = pin.arrived?.position ?? 0
  for (const group of groups) group.mark = { isReady: true, position, retainedFromUs, dataThroughUs }
  await flush()
}

/** Stores what was taken in, in the order of the keys, so that neighbours on disk are written together. */
async function fill(groups: readonly GroupState[], intakes: readonly Intake[], flush: () => Promise<void>): Promise<void> {
  for (const [i, group] of groups.entries()) {
    const { batch, rows, keys } = intakes[i]!.gathered()
    const named = keys.map(key => ({ ...key, name: key.keyBytes.toString('latin1') }))
    named.sort((a, b) => (a.name < b.name ? -1 : 1))
    const retention = group.retention()
    let sinceMs = performance.now()
    for (const { keyBytes, from, end } of named) {
      group.table.add(keyBytes, { batch, rows, from, end }, retention)
      if (group.table.changedKeys >= KEYS_AT_ONCE) await flush()
      if (performance.now() - sinceMs < SLICE_MS) continue
      await turn()
      sinceMs = performance.now()
    }
    await flush()
  }
}
