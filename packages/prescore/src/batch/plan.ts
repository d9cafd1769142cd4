/** A run's plan: what it reads, which rows it scores, and how the work is cut into shards. Made once, recorded, and reused. */
import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash, PrescoreError } from '../base/index.ts'
import { ownKeys } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { LoadedProject, PredictionDefinition } from '../project/index.ts'
import { canonicalPopulation, type Release } from '../release/index.ts'
import { type PinsAhead, pinIdentity, type SourceAt, type SourcePin, sourceAt, surveySources } from '../sources/index.ts'
import { claim, readClaim } from './claim.ts'
import { RunLayout } from './layout.ts'
import { type PopulationRows, populationRows, recordPopulation } from './population.ts'
import type { KeyFinder } from './population-slices.ts'
import type { Rescored, RescoredOf } from './rescored.ts'

export type Pins = Readonly<Record<string, SourcePin>>

/** Plain data, as it stands in `plan.json`. */
export interface RunPlan {
  /** 2: with `rescored`, which a reader must not miss. */
  readonly format: 1 | 2
  readonly run: string
  readonly prediction: string
  readonly release: string
  readonly asOfUs: number
  readonly pins: Pins
  readonly population: { readonly file: string; readonly rows: number }
  /** No `features`: rows have them themselves. */
  readonly shards: { readonly features: number; readonly score: number }
  /** What it takes over of an earlier run; absent in a run of its own. */
  readonly rescored?: Rescored
}

/** An earlier run to go on from. */
export interface Rescoring {
  readonly of: RescoredOf
  /** Writes the rows of both to a file of this folder; undefined, and nothing written: there is nothing to compute. */
  population(folder: string, now: PopulationRows): Promise<RescoredPopulation | undefined>
}

export interface RescoredPopulation {
  readonly population: RunPlan['population']
  readonly rescored: Rescored
}

export interface PlanRequest {
  readonly loaded: LoadedProject
  readonly release: Release
  readonly prediction: PredictionDefinition
  readonly asOfUs: number
  /** Pins of an earlier run of the same release, prediction and as-of; a source without one is taken as it is now. */
  readonly pins?: Pins
  readonly threads: number
  /** How many shards each stage has; left out: by the number of rows and threads. */
  readonly shards?: number
  /** Joined keys whose features are computed at once, at most about so many. */
  readonly keysAtOnce: number
  readonly rescoring?: Rescoring
  readonly ahead?: PinsAhead
  /** Of workers that are started already. */
  readonly find?: KeyFinder
  readonly signal?: AbortSignal
}

/** Rows of one score shard, when the number of shards is not given: a kill loses seconds, and a worker takes its share of a small run. */
const SHARD_ROWS = { least: 1_000, most: 100_000 }

/** Joined keys whose features are computed at once, in memory, unless it is told otherwise; where there are more, sources are read again for the next. */
export const KEYS_AT_ONCE = 500_000

/**
 * Plans the run, or finds the plan that it has already. Undefined: a rescore finds nothing to compute.
 * @throws PrescoreError `no_population`, `empty_population`, `duplicate_keys`, `invalid_key`, `interrupted`, and what pinning may throw
 */
export async function planRun(
  database: Database,
  runs: string,
  request: PlanRequest,
): Promise<{ readonly plan: RunPlan; readonly resumed: boolean } | undefined> {
  const { prediction, release, asOfUs, rescoring, ahead } = request
  const surveyed = await surveyAll(database, request)
  const identified = surveyed.pinned().then(pins => identify(runs, request, pins))
  // Files are hashed ahead where nobody has planned the run: its rows are found meanwhile.
  const early = ahead?.areLarge === true ? recordedFor(database, identified, request, surveyed.pins) : undefined
  await Promise.allSettled([identified, early])
  const { run, pins, layout } = await identified
  const known = early === undefined ? await readPlan(layout) : undefined
  if (known !== undefined) return { plan: known, resumed: true }
  const recorded = await (early ?? recordedFor(database, identified, request, pins))
  if (recorded === undefined) return undefined
  const { file, rows } = recorded.population
  const rescored = recorded.rescored === undefined ? {} : { rescored: recorded.rescored }
  const plan: RunPlan = {
    format: rescoring === undefined ? 1 : 2,
    run,
    prediction: prediction.name,
    release: release.hash,
    asOfUs,
    pins,
    population: { file, rows },
    shards: shardsFor(rows, request, pins),
    ...rescored,
  }
  if (await claim(layout.plan, plan)) return { plan, resumed: false }
  await rm(join(layout.folder, file), { force: true })
  return { plan: (await readPlan(layout)) as RunPlan, resumed: true }
}

/** @throws PrescoreError `store_format`, `run_corrupt` */
export async function readPlan(layout: RunLayout): Promise<RunPlan | undefined> {
  const plan = await readClaim<RunPlan>(layout.plan)
  if (plan === undefined || plan.format === 1 || plan.format === 2) return plan
  const { format } = plan as { readonly format: unknown }
  throw new PrescoreError('store_format', { where: layout.plan, found: `plan format ${format}`, expected: 'format 1 or 2' })
}

/** A run by what it reads. */
interface Identified {
  readonly run: string
  readonly pins: Pins
  readonly layout: RunLayout
}

function identify(runs: string, { loaded, prediction, release, asOfUs, rescoring }: PlanRequest, pins: Pins): Identified {
  const identity = Object.fromEntries(Object.entries(pins).map(([name, pin]) => [name, pinIdentity(pin)]))
  const population = canonicalPopulation(loaded.definition, prediction)
  const rescore = rescoring === undefined ? {} : { rescore: { run: rescoring.of.run, only: rescoring.of.only } }
  const run = contentHash({ release: release.hash, prediction: prediction.name, asOfUs, population, pins: identity, ...rescore })
  return { run, pins, layout: new RunLayout(runs, run) }
}

/** Every source that the run reads: that of its population, and those of the release. */
async function surveyAll(
  database: Database,
  { loaded, prediction, release, pins = {}, ahead, signal }: PlanRequest,
): Promise<{ readonly pins: Pins; pinned(): Promise<Pins> }> {
  const { population, name } = prediction
  if (population === undefined) throw new PrescoreError('no_population', { where: `predictions.${name}` })
  const names = [...new Set([population.source, ...Object.keys(release.project.sources)])]
  const sources = names.map(each => sourceAt(loaded, loaded.definition, each))
  const isPinned = (source: SourceAt) => Object.hasOwn(pins, source.name) && knowsColumns(pins[source.name] as SourcePin, source)
  const surveys = await surveySources(
    database,
    sources.filter(source => !isPinned(source)),
    signal,
    ahead,
  )
  const pinned = async () => {
    const all: [name: string, pin: SourcePin][] = []
    for (const each of names) all.push([each, (await surveys.get(each)?.pinned()) ?? (pins[each] as SourcePin)])
    return Object.fromEntries(all)
  }
  return { pins: Object.fromEntries(names.map(each => [each, surveys.get(each)?.pin ?? (pins[each] as SourcePin)])), pinned }
}

/** Columns may have been declared since; a pin that does not know their types is of no use. */
function knowsColumns({ types }: SourcePin, { definition }: SourceAt): boolean {
  return Object.keys(definition.columns).every(name => Object.hasOwn(types, name))
}

/** @param pins good to read by */
async function recordedFor(
  database: Database,
  identified: Promise<Identified>,
  request: PlanRequest,
  pins: Pins,
): Promise<Pick<RunPlan, 'population' | 'rescored'> | undefined> {
  const { loaded, prediction, asOfUs, threads, find, signal, rescoring } = request
  const name = prediction.population?.source as string
  const asked = {
    prediction,
    source: sourceAt(loaded, loaded.definition, name),
    pin: pins[name] as SourcePin,
    asOfUs,
    threads,
    find,
    signal,
  }
  if (rescoring !== undefined) return rescoring.population((await identified).layout.folder, await populationRows(database, asked))
  const file = `population-${randomUUID()}.parquet`
  const made = async () => {
    const { layout } = await identified
    await mkdir(layout.folder, { recursive: true })
    return join(layout.folder, file)
  }
  return { population: { file, rows: await recordPopulation(database, made, asked) } }
}

/** Whether the rows of a run have their features themselves, so that stage 1 has nothing to compute. */
export function hasOwnRows({ shards }: Pick<RunPlan, 'shards'>): boolean {
  return shards.features === 0
}

function shardsFor(rows: number, request: PlanRequest, pins: Pins): RunPlan['shards'] {
  const { shards, threads, keysAtOnce } = request
  const busy = Math.min(threads, Math.ceil(rows / SHARD_ROWS.least))
  return {
    features: areOwnRows(request, pins) ? 0 : (shards ?? busy * Math.ceil(rows / keysAtOnce)),
    score: shards ?? Math.ceil(Math.max(busy, rows / SHARD_ROWS.most) / busy) * busy,
  }
}

/** Whether each row of the population has its features itself: all rows of a table, of which each is a key of its own. */
function areOwnRows({ release, prediction, rescoring }: PlanRequest, pins: Pins): boolean {
  const { population, entity = {} } = prediction
  const own = ownKeys(release.project, prediction)
  if (own === undefined || population?.source !== own.source || population.where !== undefined || rescoring !== undefined) return false
  const { arrived, duplicates, files } = pins[own.source] as SourcePin
  // What folders say of rows cannot be told of a copy.
  const isPlain = arrived === undefined && duplicates === 0 && files.every(file => file.folders === undefined)
  return isPlain && Object.keys(entity).every(name => own.columns.get(name) === (population.keys[name] ?? name))
}
