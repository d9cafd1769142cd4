/** The end of a run: published when its gates let it, by one compare-and-swap. */
import { formatInstant, PrescoreError } from '../base/index.ts'
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
 * When a finished run comes to be served:
 * - `gated`: if all gates pass. Refused where a run of a later as-of is served.
 * - `latest`: like `gated`, but where a run of a later as-of is served it stays staged.
 * - `never`: it stays staged.
 * - `force`: whatever the gates say, and whatever is served. The note should say why.
 */
export const PUBLISHING = ['gated', 'latest', 'never', 'force'] as const
export type Publishing = (typeof PUBLISHING)[number]

/** The run that is served, if its as-of is later. */
export function laterServed(catalog: Catalog, { prediction, asOfUs }: Pick<RunRecord, 'prediction' | 'asOfUs'>): RunRecord | undefined {
  const pointer = catalog.pointer(prediction)
  const served = pointer && catalog.getRun(pointer.run)
  return served !== undefined && served.asOfUs > asOfUs ? served : undefined
}

/** @throws PrescoreError `earlier_as_of` */
export function refuseEarlier(catalog: Catalog, run: Pick<RunRecord, 'prediction' | 'asOfUs'>): void {
  const later = laterServed(catalog, run)
  if (later === undefined) return
  throw new PrescoreError('earlier_as_of', {
    where: run.prediction,
    found: `as-of ${formatInstant(run.asOfUs)}`,
    expected: `${formatInstant(later.asOfUs)} or later, as of run ${later.id.slice(0, 12)} that is served`,
  })
}

/**
 * Publishes a staged run in the place of the one that is served, and of none of a later as-of: not even by force of one that was
 * published while it was computed.
 * @param servedBefore the run that was served when this one started
 * @throws PrescoreError `publish_conflict`, `earlier_as_of`
 */
export function publish(
  catalog: Catalog,
  run: RunRecord,
  {
    servedBefore,
    publishing,
    note,
  }: { readonly servedBefore: string | null; readonly publishing: Publishing; readonly note?: PublishNote },
): void {
  const { id, prediction } = run
  const served = catalog.pointer(prediction)?.run ?? null
  const later = served === id ? undefined : laterServed(catalog, run)
  if (later !== undefined && publishing === 'latest') return
  if (later !== undefined && later.id !== servedBefore) {
    throw new PrescoreError('publish_conflict', {
      where: prediction,
      found: `run ${later.id}, of a later as-of`,
      expected: `run ${servedBefore ?? 'none'}`,
    })
  }
  if (publishing !== 'force' && served !== id) refuseEarlier(catalog, run)
  catalog.publish(prediction, id, served, note)
}

/** What is served now, and what came of its outputs. */
export interface Published {
  readonly pointer: Pointer
  readonly outputs: OutputResults
}

/** What is said with a publish by hand. */
export interface PublishOrder extends PublishNote {
  /** Also in the place of a run of a later as-of; the reason should say why. */
  readonly force?: boolean
}

/**
 * Serves a run that was staged, stopped by a gate, or served before.
 * @throws PrescoreError what {@link Catalog.publish} may throw, `run_not_found`, `earlier_as_of`
 */
export async function publishRun(place: BatchPlace, idOrPrefix: string, { force = false, ...note }: PublishOrder = {}): Promise<Published> {
  const { catalog } = place.store
  const run = catalog.getRun(idOrPrefix)
  const { id, prediction } = run
  const served = catalog.pointer(prediction)?.run ?? null
  if (!force) refuseEarlier(catalog, run)
  const pointer = catalog.publish(prediction, id, served, note)
  return { pointer, outputs: await writeOutputs(place, prediction) }
}

/** Serves the run that was served before. @throws PrescoreError `nothing_to_roll_back` */
export async function rollbackRun(place: BatchPlace, prediction: string, note: PublishNote = {}): Promise<Published> {
  const pointer = place.store.catalog.rollback(prediction, note)
  return { pointer, outputs: await writeOutputs(place, prediction) }
}
