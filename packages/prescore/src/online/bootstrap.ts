/** Fills groups from the history of their source: one scan for all, gathered by key, and each key stored once, in the order of the keys. */
import type { Database } from '../parquet/index.ts'
import { type SourcePin, scanSource } from '../sources/index.ts'
import { checkTimes, type GroupState } from './group-state.ts'
import type { Intake } from './intake.ts'
import { type KeyPart, mergedRuns } from './merged-runs.ts'
import { Slices } from './slices.ts'
import { SortedRuns } from './sorted-runs.ts'
import type { BootstrapProgress } from './types.ts'

/** Events in memory at once, of all groups: some 200 MB. If there are more, they go through a file. */
const EVENTS_AT_ONCE = 2_000_000
/** While others are read: to gather more would keep requests waiting. */
const EVENTS_AT_ONCE_SERVING = 50_000
/** Runs that are merged at once, where not too many have to be in memory for it: each has some 100 KiB there. */
const RUNS_MAX = 1000
/** However many there are. */
const EVENTS_AT_ONCE_MAX = 8_000_000
/** Keys of one commit. */
const KEYS_AT_ONCE = 16_384

export interface BootstrapOrder {
  /** The present: what was known only later enters later. */
  readonly untilUs: number
  /** As-ofs before it are not answered. */
  readonly retainedFromUs: number
  /** Other groups are read meanwhile. */
  readonly isServing: boolean
  /** Where events lie that are too many for memory. */
  readonly folder: string
  readonly onProgress?: (progress: BootstrapProgress) => void
}

/** @param flush stores what has changed. */
export async function bootstrapGroups(
  database: Database,
  groups: readonly GroupState[],
  pin: SourcePin,
  { untilUs, retainedFromUs, isServing, folder, onProgress }: BootstrapOrder,
  flush: () => Promise<void>,
): Promise<void> {
  const { source } = groups[0]!.definition
  // What an earlier bootstrap left that was cut short.
  for (const group of groups) group.table.clear()
  for (const group of groups) group.mark = { ...group.mark, isReady: false, retainedFromUs }
  const fromUs = Math.min(...groups.map(group => group.eventsFromUs()))
  const columns = new Set(groups.flatMap(group => [...group.columns]))
  let dataThroughUs = Math.min(pin.throughUs ?? Number.NEGATIVE_INFINITY, untilUs)
  let rows = 0
  const range = fromUs === Number.NEGATIVE_INFINITY ? {} : { fromUs }
  const onRows = (read: number, total: number) => {
    rows += read
    onProgress?.({ rows, total })
  }
  const gatherings = groups.map(group => new Gathering(group, folder))
  try {
    const eventsAtOnce = atOnce(isServing, (pin.rows + (pin.arrived?.position ?? 0)) * groups.length)
    for await (const chunk of scanSource(database, source, pin, { columns, ...range, onRows })) {
      checkTimes(chunk)
      for (const knownUs of chunk.knownAtUs.subarray(0, chunk.rows))
        if (knownUs <= untilUs && knownUs > dataThroughUs) dataThroughUs = knownUs
      for (const { group, intake } of gatherings) {
        const eventsFromUs = group.eventsFromUs()
        intake.add(intake.prepare(chunk), row => chunk.timeUs[row]! >= eventsFromUs)
      }
      if (gatherings.reduce((sum, { intake }) => sum + intake.size, 0) < eventsAtOnce) continue
      for (const gathering of gatherings) gathering.putAside()
    }
    for (const gathering of gatherings) await fill(gathering, flush)
  } finally {
    for (const gathering of gatherings) gathering.close()
  }
  // The scan gave the log's events too, up to where it was pinned.
  const position = pin.arrived?.position ?? 0
  for (const group of groups) group.mark = { isReady: true, position, retainedFromUs, dataThroughUs }
  await flush()
}

/** How many events to gather in memory, of so many in all. */
function atOnce(isServing: boolean, events: number): number {
  const wanted = Math.max(isServing ? EVENTS_AT_ONCE_SERVING : EVENTS_AT_ONCE, events / RUNS_MAX)
  return Math.min(wanted, EVENTS_AT_ONCE_MAX)
}

/** The events of a group that were read: the last ones in memory, those before in a file if they are many. */
class Gathering {
  readonly group: GroupState
  intake: Intake
  readonly #folder: string
  #runs: SortedRuns | undefined

  constructor(group: GroupState, folder: string) {
    this.group = group
    this.#folder = folder
    this.intake = group.intake()
  }

  /** Makes room in memory. */
  putAside(): void {
    this.#runs ??= new SortedRuns(this.#folder, this.group.isText)
    const { batch, keys } = this.intake.ordered()
    this.intake = this.group.intake()
    this.#runs.add(batch, keys)
  }

  /** All events, by key. */
  parts(): Iterable<KeyPart> {
    if (this.#runs === undefined) return partsInMemory(this.intake)
    this.putAside()
    return mergedRuns(this.#runs, this.group.isText)
  }

  close(): void {
    this.#runs?.close()
  }
}

function* partsInMemory(intake: Intake): Generator<KeyPart> {
  const { batch, keys } = intake.ordered()
  const rows = Int32Array.from(batch.timesUs.keys())
  for (const { name, from, end } of keys) yield { name, rows: { batch, rows, from, end } }
}

/** While some keys are stored, the next ones are put together. */
async function fill(gathering: Gathering, flush: () => Promise<void>): Promise<void> {
  const { table } = gathering.group
  const slices = new Slices()
  let storing: Promise<void> = Promise.resolve()
  let before: string | undefined
  let keys = 0
  for (const { name, rows } of gathering.parts()) {
    table.fill(name, rows, name !== before)
    before = name
    if (++keys % KEYS_AT_ONCE === 0) {
      await storing
      storing = flush()
      storing.catch(noted)
    }
    if (slices.isOver) await slices.next()
  }
  await storing
  await flush()
}

/** A failure is told by whoever awaits it. */
function noted(): void {}
