/**
 * One batch of one prediction at one as-of time: plan → features → score → gates → stage → publish.
 *
 * Each step leaves a record that makes it a no-op the next time: repeating the command after a kill at any moment
 * goes on where the last one stopped, and gives the same bytes.
 */
import { formatInstant, removeScratch, scratchFolder } from '../base/index.ts'
import { interruptible } from '../parquet/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { freezeRelease, type Release, recordRelease } from '../release/index.ts'
import { noteAsOf, PinsAhead, type SourceAt, sourceAt, sourcesPlace } from '../sources/index.ts'
import type { Catalog, PublishNote, RunRecord } from '../stores/index.ts'
import { LocalEngine } from './engines/local.ts'
import { type Estimate, estimateRun } from './estimate.ts'
import { execute } from './execute.ts'
import { letsPass } from './gates.ts'
import { RunLayout } from './layout.ts'
import { type OutputResults, prepareOutputs, writeOutputs } from './outputs/outputs.ts'
import type { BatchPlace } from './place.ts'
import { KEYS_AT_ONCE, type Pins, planRun, type Rescoring, type RunPlan, readPlan } from './plan.ts'
import type { KeyFinder } from './population-slices.ts'
import type { OnProgress } from './progress.ts'
import { laterServed, type Publishing, publish, refuseEarlier, regate } from './publish.ts'
import { type RunReport, reportOf } from './report.ts'
import { type RescoreRequest, rescoredAsOf, rescoringOf } from './rescore.ts'
import { type RescoredOf, type RescoredReport, rescoredRows } from './rescored.ts'
import { requireDone } from './shard.ts'

export interface RunRequest {
  readonly prediction: string
  readonly asOfUs: number
  readonly threads: number
  readonly shards?: number
  /** Joined keys whose features are computed at once, in memory: where there are more, in rounds, and the answers are the same. Left out: 500,000. */
  readonly keysAtOnce?: number
  /** Take the sources as they are now, though an earlier run of the same moment has pinned them. */
  readonly repin?: boolean
  /** Compute only some keys, and take the others over from an earlier run of the same as-of and release. */
  readonly rescore?: RescoreRequest
  /** Leave shards to others: refuse where some are open. */
  readonly finishOnly?: boolean
  readonly publish: Publishing
  /** Who runs it, and why: kept with what is published. */
  readonly note?: PublishNote
  readonly signal?: AbortSignal
  readonly onProgress?: OnProgress
}

export interface RunOutcome {
  readonly run: string
  readonly release: string
  /** `retired`: it was served before, and another run is now; repeating a run does not undo that. */
  readonly state: Exclude<RunRecord['state'], 'planned'>
  /** True when everything had been done before. */
  readonly unchanged: boolean
  /** Of a rescore. Where nothing was to be computed, the outcome is that of the earlier run as it stands. */
  readonly rescored?: RescoredReport
  readonly report: RunReport
  /** Of a run that is not served: the one that is, where its as-of is later. */
  readonly laterServed?: { readonly run: string; readonly asOf: string }
  /** What came of the outputs of a run that is served. */
  readonly outputs: OutputResults
}

/** @throws PrescoreError whatever a step may throw; what is finished by then is kept */
export async function runBatch(place: BatchPlace, request: RunRequest): Promise<RunOutcome> {
  const engine = new LocalEngine(request.threads)
  try {
    return await interruptible(place.database, request.signal, () => runWith(engine, place, request))
  } finally {
    await engine.close()
  }
}

async function runWith(engine: LocalEngine, place: BatchPlace, request: RunRequest): Promise<RunOutcome> {
  const started = performance.now()
  const { catalog } = place.store
  if (request.publish !== 'never') await prepareOutputs(place, request.prediction)
  const servedBefore = catalog.pointer(request.prediction)?.run ?? null
  if (!mayBeDone(catalog, request)) refuseUnpublishable(catalog, request)
  const { plan, planned, nothing } = await planOnly(place, request, engine)
  const { prediction, release: hash } = plan
  if (nothing !== undefined) return standing(planned, nothing)
  if (!wasServed(planned)) refuseUnpublishable(catalog, request)
  if (request.finishOnly === true && planned.report === null) await requireDone({ plan, layout: new RunLayout(place.runs, plan.run) })
  const { gates } = definitionOf(place, request)
  const finished =
    planned.report === null
      ? await finish(engine, place, request, plan, (performance.now() - started) / 1000)
      : await regate(place, planned, gates)
  const publishing = { servedBefore, publishing: request.publish, ...(request.note === undefined ? {} : { note: request.note }) }
  const mayPublish = finished.state === 'staged' || (finished.state === 'gated' && request.publish === 'force')
  if (mayPublish && request.publish !== 'never') publish(catalog, finished, publishing)
  const state = catalog.getRun(plan.run).state as RunOutcome['state']
  const outputs = state === 'published' && request.publish !== 'never' ? await writeOutputs(place, prediction, request.signal) : {}
  const rescored = plan.rescored === undefined ? {} : { rescored: rescoredRows(plan.rescored) }
  const later = state === 'published' ? undefined : laterServed(catalog, finished)
  const passed = later === undefined ? {} : { laterServed: { run: later.id, asOf: formatInstant(later.asOfUs) } }
  const report = reportOf(finished) as RunReport
  return { run: plan.run, release: hash, state, unchanged: planned.state === state, ...rescored, ...passed, report, outputs }
}

/** Told before anything is computed. @throws PrescoreError `earlier_as_of` */
function refuseUnpublishable(catalog: Catalog, request: RunRequest): void {
  if (request.publish === 'gated') refuseEarlier(catalog, request)
}

/** Whether the request may come to a run that has been served, or to nothing to rescore: repeated, these change nothing. */
function mayBeDone(catalog: Catalog, { prediction, asOfUs, rescore }: RunRequest): boolean {
  return rescore !== undefined || catalog.listRuns(prediction).some(run => run.asOfUs === asOfUs && wasServed(run))
}

function wasServed({ state }: RunRecord): boolean {
  return state === 'published' || state === 'retired'
}

/** The outcome of a rescore that finds nothing to compute: the earlier run, neither gated nor published anew. */
function standing(record: RunRecord, { run, only }: RescoredOf): RunOutcome {
  const report = reportOf(record) as RunReport
  const rescored = { run, only, rows: { failed: 0, missing: 0, taken: report.rows } }
  return { run, release: record.release, state: record.state as RunOutcome['state'], unchanged: true, rescored, report, outputs: {} }
}

/** A run's plan and record. */
export interface PlannedRun {
  readonly plan: RunPlan
  readonly planned: RunRecord
  /** Of a rescore that finds nothing to compute; plan and record are those of the earlier run. */
  readonly nothing?: RescoredOf
}

/**
 * Freezes the release and plans the run, or finds its plan: whoever has the folders may then compute its shards.
 * @param engine is started meanwhile, where there is much to read
 * @throws PrescoreError as planning does
 */
export async function planOnly(place: BatchPlace, request: Omit<RunRequest, 'publish'>, engine?: LocalEngine): Promise<PlannedRun> {
  const ahead = new PinsAhead(mayBePinned(place, request) ? [] : sourcesOf(place, request))
  try {
    if (!ahead.areLarge || engine === undefined) return await planned(place, request, ahead)
    engine.start()
    return await planned(place, request, ahead, (of, wanted) => engine.find(of, wanted, request.signal))
  } finally {
    await ahead.stop()
  }
}

/** Whether a run of this moment may have pinned the sources: then they need not be read. */
function mayBePinned({ store }: BatchPlace, { prediction, asOfUs, repin }: Omit<RunRequest, 'publish'>): boolean {
  return repin !== true && store.catalog.listRuns(prediction).some(run => run.asOfUs === asOfUs)
}

/** What a run reads, as the project file has it. */
function sourcesOf(place: BatchPlace, request: Omit<RunRequest, 'publish'>): readonly SourceAt[] {
  const { population, joins = {} } = definitionOf(place, request) ?? {}
  const names = new Set([...(population === undefined ? [] : [population.source]), ...Object.values(joins).map(({ source }) => source)])
  return [...names].map(name => sourceAt(place.loaded, place.loaded.definition, name)).filter(({ definition }) => definition !== undefined)
}

async function planned(place: BatchPlace, request: Omit<RunRequest, 'publish'>, ahead: PinsAhead, find?: KeyFinder): Promise<PlannedRun> {
  const { catalog } = place.store
  const { release, created } = await freezeRelease(place.loaded, request.prediction, place.releases)
  recordRelease(catalog, release)
  const { hash, prediction } = release
  request.onProgress?.({ event: 'released', release: hash, created })
  const found = await plannedRun(place, request, release, { ahead, find })
  if ('planned' in found) return found
  const { plan, resumed } = found
  const { rescored } = plan
  const lineage = rescored === undefined ? {} : { rescored: { run: rescored.run, only: rescored.only, origins: rescored.origins } }
  const record = catalog.addRun({ id: plan.run, prediction, release: hash, asOfUs: plan.asOfUs, ...lineage })
  request.onProgress?.({ event: 'planned', run: plan.run, rows: plan.population.rows, resumed })
  return { plan, planned: record }
}

type DryRequest = Omit<RunRequest, 'publish' | 'rescore'>

/** A run that is there already: to repeat it computes nothing. */
export interface FinishedRun extends Pick<RunRecord, 'state'> {
  readonly run: string
  readonly finished: true
}

/**
 * What a run would take, without making it: the release is frozen, and the estimate kept for the run's report.
 * @throws PrescoreError as planning a run does
 */
export function dryRun(place: BatchPlace, request: DryRequest): Promise<Estimate | FinishedRun> {
  return dryPlanned<Estimate | FinishedRun>(place, request, (plan, estimate) => {
    const there = place.store.catalog.listRuns(request.prediction).find(({ id }) => id === plan.run)
    return there !== undefined && isFinished(there) ? { run: there.id, finished: true, state: there.state } : estimate()
  })
}

/** The same of a run that is computed whether it is there or not. */
export function estimateOf(place: BatchPlace, request: DryRequest): Promise<Estimate> {
  return dryPlanned(place, request, (_, estimate) => estimate())
}

export function isFinished({ report, prunedAtUs }: RunRecord): boolean {
  return report !== null && prunedAtUs === undefined
}

async function dryPlanned<T>(
  place: BatchPlace,
  request: DryRequest,
  use: (plan: RunPlan, estimate: () => Promise<Estimate>) => T | Promise<T>,
): Promise<T> {
  const started = performance.now()
  const scratch = scratchFolder('prescore-dry-run-')
  try {
    return await interruptible(place.database, request.signal, async () => {
      const { release } = await freezeRelease(place.loaded, request.prediction, place.releases)
      const { plan } = (await plannedRun(place, request, release, { runs: scratch })) as Planned
      return use(plan, () => estimateRun(place, plan, scratch, (performance.now() - started) / 1000, request.threads))
    })
  } finally {
    await removeScratch(scratch)
  }
}

/** The plan of this (release, prediction, as-of, rescore), with the pins it was first made with unless they are to be taken anew. */
async function plannedRun(
  place: BatchPlace,
  request: Omit<RunRequest, 'publish'>,
  release: Release,
  { runs = place.runs, ahead, find }: { readonly runs?: string; readonly ahead?: PinsAhead; readonly find?: KeyFinder | undefined },
): Promise<Planned | PlannedRun> {
  const { asOfUs, threads, shards, keysAtOnce = KEYS_AT_ONCE, signal } = request
  const rescoring = request.rescore === undefined ? undefined : rescoringFrom(place, request, release, request.rescore)
  const pins = request.repin === true ? undefined : await earlierPins(place, request, release, rescoring?.of)
  const given = {
    ...(pins === undefined ? {} : { pins }),
    ...(rescoring === undefined ? {} : { rescoring }),
    ...(shards === undefined ? {} : { shards }),
    ...(ahead === undefined ? {} : { ahead }),
    ...(find === undefined ? {} : { find }),
    ...(signal === undefined ? {} : { signal }),
  }
  const prediction = definitionOf(place, request)
  const found = await planRun(place.database, runs, { loaded: place.loaded, release, prediction, asOfUs, threads, keysAtOnce, ...given })
  return found ?? nothingToRescore(place, rescoring?.of as RescoredOf)
}

interface Planned {
  readonly plan: RunPlan
  readonly resumed: boolean
}

function rescoringFrom(place: BatchPlace, request: Omit<RunRequest, 'publish'>, release: Release, rescore: RescoreRequest): Rescoring {
  rescoredAsOf(place, request.prediction, rescore.run, request.asOfUs)
  return rescoringOf(place, definitionOf(place, request), release, rescore)
}

async function nothingToRescore({ store, runs }: BatchPlace, nothing: RescoredOf): Promise<PlannedRun> {
  return { plan: (await readPlan(new RunLayout(runs, nothing.run))) as RunPlan, planned: store.catalog.getRun(nothing.run), nothing }
}

async function earlierPins(
  { store, runs }: BatchPlace,
  { prediction, asOfUs }: Pick<RunRequest, 'prediction' | 'asOfUs'>,
  release: Release,
  rescored: RescoredOf | undefined,
): Promise<Pins | undefined> {
  const earlier = store.catalog.lastPinned({
    ...{ prediction, release: release.hash, asOfUs },
    ...(rescored === undefined ? {} : { rescored }),
  })
  return earlier === undefined ? undefined : (await readPlan(new RunLayout(runs, earlier.id)))?.pins
}

function definitionOf({ loaded }: BatchPlace, { prediction }: Pick<RunRequest, 'prediction'>): PredictionDefinition {
  return loaded.definition.predictions[prediction] as PredictionDefinition
}

async function finish(engine: LocalEngine, place: BatchPlace, request: RunRequest, plan: RunPlan, planSeconds: number): Promise<RunRecord> {
  const { loaded, database, store, releases, runs } = place
  const { threads, keysAtOnce = KEYS_AT_ONCE, signal, onProgress } = request
  const { gates } = definitionOf(place, request)
  const spec = { ...sourcesPlace(loaded), plan, releases, runs }
  const { report, dataThroughUs } = await execute({
    spec,
    engine,
    database,
    predictions: store.predictions,
    catalog: store.catalog,
    gates,
    threads,
    keysAtOnce,
    planSeconds,
    signal,
    onProgress,
  })
  for (const name of Object.keys(plan.pins)) await noteAsOf(sourceAt(loaded, loaded.definition, name), plan.asOfUs)
  const state = letsPass(report.gates) ? 'staged' : 'gated'
  return store.catalog.finishRun(plan.run, { state, dataThroughUs, report })
}
