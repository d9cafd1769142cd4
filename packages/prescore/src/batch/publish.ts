/** The end of a run: published when its gates let it, by one compare-and-swap. */
import { PrescoreError } from '../base/index.ts'
import type { GatesDefinition } from '../project/index.ts'
import type { Catalog, Pointer, PublishNote, RunRecord } from '../stores/index.ts'
import { evidenceOf } from './gates/evidence.ts'
import { checkGates, type Evidence, letsPass } from './gates.ts'
import { type OutputResults, writeOutputs } from './outputs/outputs.ts'
import type { BatchPlace } from './place.ts'
import { type RunReport, reportOf } from './report.ts'
import { openRun } from './stored-run.ts'

/**
 * The gates as the project has them now, over what the run came to: they are no part of it, so they may have changed since.
 * A run that is, or was, served keeps its state; so does one whose files are gone, where a gate would read them.
 */
export async function regate(place: BatchPlace, record: RunRecord, gates: GatesDefinition): Promise<RunRecord> {
  const { catalog } = place.store
  if (record.state === 'published' || record.state === 'retired') return record
  const report = reportOf(record) as RunReport
  const { extent = null, isConstant = false } = report
  const readsNothing = gates.shift === undefined && gates.sql === undefined && gates.fn === undefined
  const evidence = readsNothing ? NOTHING : await evidenceAgain(place, record)
  if (evidence === undefined) return record
  const results = await checkGates(gates, { ...report, extent, isConstant }, evidence)
  const state = letsPass(results) ? 'staged' : 'gated'
  if (state === record.state && JSON.stringify(results) === JSON.stringify(report.gates)) return record
  return catalog.updateRun(record.id, { state, report: { ...report, gates: results } })
}

/** For gates that read nothing. */
const NOTHING: Evidence = { compared: async () => 'nothing', rowsOf: async () => ({ rows: 0 }), served: () => null }

/** Undefined where the run's files are gone. */
async function evidenceAgain(place: BatchPlace, { id }: RunRecord): Promise<Evidence | undefined> {
  try {
    const { context, shards } = await openRun(place, id)
    return evidenceOf(context, shards, place.store.catalog)
  } catch (error) {
    if (error instanceof PrescoreError && error.code === 'run_not_found') return undefined
    throw error
  }
}

/**
 * Publishes a staged run in the place of the one that is served. An older run never takes the place of a newer one that was
 * published while it was computed.
 * @param servedBefore the run that was served when this one started
 * @throws PrescoreError `publish_conflict`
 */
export function publish(catalog: Catalog, { id, prediction, asOfUs }: RunRecord, servedBefore: string | null, note?: PublishNote): void {
  const served = catalog.pointer(prediction)?.run ?? null
  if (served !== null && served !== servedBefore && served !== id && catalog.getRun(served).asOfUs > asOfUs) {
    throw new PrescoreError('publish_conflict', {
      where: prediction,
      found: `run ${served}, of a later as-of`,
      expected: `run ${servedBefore ?? 'none'}`,
    })
  }
  catalog.publish(prediction, id, served, note)
}

/** What is served now, and what came of its outputs. */
export interface Published {
  readonly pointer: Pointer
  readonly outputs: OutputResults
}

/** Serves a run that was staged, stopped by a gate, or served before. @throws PrescoreError what {@link Catalog.publish} may throw, `run_not_found` */
export async function publishRun(place: BatchPlace, idOrPrefix: string, note: PublishNote = {}): Promise<Published> {
  const { catalog } = place.store
  const { id, prediction } = catalog.getRun(idOrPrefix)
  const pointer = catalog.publish(prediction, id, catalog.pointer(prediction)?.run ?? null, note)
  return { pointer, outputs: await writeOutputs(place, prediction) }
}

/** Serves the run that was served before. @throws PrescoreError `nothing_to_roll_back` */
export async function rollbackRun(place: BatchPlace, prediction: string, note: PublishNote = {}): Promise<Published> {
  const pointer = place.store.catalog.rollback(prediction, note)
  return { pointer, outputs: await writeOutputs(place, prediction) }
}
