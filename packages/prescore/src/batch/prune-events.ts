/**
 * Retention of event logs: events that are old enough and stand in the files too, so that nothing that is computed from then on changes.
 * The moment up to which a log is dropped moves no further than to the first event of which only the log knows.
 *
 * What was pinned before may count on them: a log that an unfinished run has pinned, or that is being read, stays as it is.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { onlyInLogFromUs, openEventLog, pinSource, readersOfLogs, sourceAt } from '../sources/index.ts'
import { RunLayout } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { readPlan } from './plan.ts'

export interface PruneEventsRequest {
  /** Events that are younger stay. */
  readonly olderThanUs: number
  readonly nowUs: number
  readonly isDryRun: boolean
}

export interface PrunedEvents {
  readonly source: string
  /** Events with an earlier event time are dropped; null: none are. */
  readonly beforeUs: number | null
  /** What leaves the disk: a block at a time, and only once ids need not be remembered any more. */
  readonly events: number
  readonly bytes: number
  /** Why no more of it goes, in words; null: nothing keeps it. */
  readonly keptBy: string | null
}

/** @throws PrescoreError what pinning and scanning the sources may throw */
export async function pruneEvents(place: BatchPlace, request: PruneEventsRequest): Promise<readonly PrunedEvents[]> {
  const { logs, definition } = place.loaded
  if (logs === undefined) return []
  const names = Object.keys(definition.sources).filter(name => existsSync(join(logs, name)))
  const held = names.length === 0 ? new Map<string, string>() : await unfinishedRuns(place)
  const [reader] = names.length === 0 ? [] : await readersOfLogs(logs)
  const pruned: PrunedEvents[] = []
  for (const name of names) pruned.push(await pruneLog(place, name, reader ?? held.get(name), request))
  return pruned
}

async function pruneLog(
  { loaded, database }: BatchPlace,
  name: string,
  heldBy: string | undefined,
  { olderThanUs, nowUs, isDryRun }: PruneEventsRequest,
): Promise<PrunedEvents> {
  const source = sourceAt(loaded, loaded.definition, name)
  const { logs, definition } = source
  const log = openEventLog(logs as string, name, definition)
  try {
    const { position, retainedFromUs } = log.status()
    const nothing = { source: name, beforeUs: null, events: 0, bytes: 0, keptBy: heldBy ?? null }
    if (heldBy !== undefined || position === 0) return nothing
    const byHand = `\`prescore events drop ${name} --before …\` drops those that it has`
    if (definition.id === undefined)
      return { ...nothing, keptBy: `its events have no \`id\`: nothing says which of them stand in the files; ${byHand}` }
    if (definition.from !== undefined)
      return { ...nothing, keptBy: `its history lies in a database, which is not read for this; ${byHand}` }
    const askedUs = nowUs - olderThanUs
    const pin = await pinSource(database, source)
    const momentUs = await onlyInLogFromUs(database, source, pin, askedUs)
    const keptBy = momentUs < askedUs ? 'an event that does not stand in the files' : null
    const beforeUs = Math.max(momentUs, retainedFromUs)
    const freed = log.freedBefore(beforeUs)
    if (!isDryRun) await log.dropBefore(beforeUs)
    return { source: name, beforeUs: momentUs > retainedFromUs ? momentUs : null, ...freed, keptBy }
  } finally {
    await log.close()
  }
}

/** By source: a run that has pinned its log, and is not finished. */
async function unfinishedRuns({ store, runs }: BatchPlace): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>()
  for (const { id, report, prunedAtUs } of store.catalog.listRuns()) {
    if (report !== null || prunedAtUs !== undefined) continue
    const plan = await readPlan(new RunLayout(runs, id))
    for (const [source, { arrived }] of Object.entries(plan?.pins ?? {}))
      if (arrived !== undefined) held.set(source, `run ${id.slice(0, 12)} of ${plan?.prediction}, which is not finished`)
  }
  return held
}
