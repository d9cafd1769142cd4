/** The work of a run: computes the shards that are not done yet, reconciles them, stores the answers, and checks the gates. */
import { checkSignal } from '../base/index.ts'
import { type Peers, peersOf } from '../history/index.ts'
import { type Database, freeAllLetGo } from '../parquet/index.ts'
import type { GatesDefinition } from '../project/index.ts'
import type { Catalog, PredictionStore } from '../stores/index.ts'
import { openContext, type RunContext, type RunSpec } from './context.ts'
import { bytesIn } from './disk.ts'
import type { LocalEngine } from './engines/local.ts'
import type { Task } from './engines/task.ts'
import { readEstimate } from './estimate.ts'
import { evidenceOf } from './gates/evidence.ts'
import { checkGates } from './gates.ts'
import { headerOf } from './header.ts'
import type { RunLayout, Stage } from './layout.ts'
import { hasOwnRows, type RunPlan } from './plan.ts'
import { type OnProgress, type OnRows, scanCounter, stageCounter } from './progress.ts'
import type { RunReport } from './report.ts'
import { rescoredRows } from './rescored.ts'
import { ScoredWhileStored } from './scored-while-stored.ts'
import { keepTable } from './stages/own-table.ts'
import { type ScoreManifest, shardRange } from './stages/score-manifest.ts'
import { roundsOfOwn, shareScan } from './stages/score-own.ts'
import { scoresWithFeatures } from './stages/score-parts.ts'
import { type HeldShard, PIECE_ROWS, type Piece, piecesOf } from './stages/staged-piece.ts'
import { type Staged, StagedRows, stagedHere } from './staging.ts'
import { dataThroughUs, type Manifests, openShards, readManifests, totalsOf } from './totals.ts'

/** So many rows are put as the store takes them before a worker has started. */
const ROWS_STAGED_HERE = 50_000

/** From so many on, the keys that were planned with are freed before they are read again. */
const KEYS_LET_GO = 1_000_000

export interface Execution {
  readonly spec: RunSpec
  /** Closed when all answers are stored: what its workers hold is free for what follows. */
  readonly engine: LocalEngine
  readonly database: Database
  readonly predictions: PredictionStore
  readonly catalog: Catalog
  readonly gates: GatesDefinition
  readonly threads: number
  /** Joined keys whose features are computed at once, at most about so many. */
  readonly keysAtOnce: number
  /** What planning took. */
  readonly planSeconds: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: OnProgress | undefined
}

export interface Executed {
  readonly report: RunReport
  readonly dataThroughUs: number | null
}

/** @throws PrescoreError what a shard threw, `run_failed`, `run_corrupt`, `rows_not_reconciled`, `interrupted`; what is done by then is kept */
export async function execute(execution: Execution): Promise<Executed> {
  const { spec, gates, planSeconds, signal, onProgress } = execution
  const context = await openContext(spec, execution.database)
  if (spec.plan.population.rows >= KEYS_LET_GO) freeAllLetGo()
  const [{ seconds, held }] = await Promise.all([computeShards(execution, context), keepTable(context)])
  const found = await readManifests(context.layout, spec.plan, held?.shards)
  if (held === undefined) totalsOf(spec.plan, found.score)
  checkSignal(signal)
  const started = performance.now()
  const { rows, scoreSeconds } = await store(execution, context, found, held)
  const { summary, ...staged } = rows
  // Those that were held are written by now.
  const manifests = held === undefined ? found : await readManifests(context.layout, spec.plan)
  const totals = totalsOf(spec.plan, manifests.score)
  const results = await checkGates(
    gates,
    { ...totals, ...staged, values: summary },
    evidenceOf(context, manifests.score, execution.catalog),
  )
  onProgress?.({ event: 'gates', gates: results })
  checkSignal(signal)
  const expected = await readEstimate(context.layout)
  const report: RunReport = {
    ...totals,
    ...(spec.plan.rescored === undefined ? {} : { rescored: rescoredRows(spec.plan.rescored) }),
    gates: results,
    values: summary,
    ...staged,
    seconds: { plan: planSeconds, ...seconds, score: seconds.score + scoreSeconds, stage: secondsSince(started) - scoreSeconds },
    took: { bytes: await bytesIn(context.layout.folder), peakMb: Math.round(process.resourceUsage().maxRSS / 1024) },
    ...(expected === undefined ? {} : { expected }),
  }
  return { report, dataThroughUs: dataThroughUs(spec.plan, manifests.features) }
}

/** Shards that are written while they are stored. */
interface HeldHere {
  readonly shards: ReadonlySet<number>
  /** Rows that have a value; undefined: they are scored while they are stored as well. */
  readonly ok: number | undefined
}

interface Computed {
  readonly seconds: Record<Stage, number>
  /** Absent: all are written. */
  readonly held: HeldHere | undefined
}

async function computeShards(execution: Execution, context: RunContext): Promise<Computed> {
  const { spec, engine, threads, keysAtOnce, signal, onProgress } = execution
  const { layout, assembly, prediction } = context
  // Shards of rows that have their features themselves share a scan, as those of stage 1 do; others are taken one by one.
  const sharesScan = hasOwnRows(spec.plan) && shareScan(prediction)
  const roundsIn = (stage: Stage, open: readonly number[]) =>
    stage === 'features' ? roundsOf(spec.plan, open, keysAtOnce) : sharesScan ? roundsOfOwn(spec.plan, prediction, open) : [open]
  let held: HeldHere | undefined
  /** Of scoring that was done with the features. */
  let scoreSeconds = 0
  const sources = new Set(assembly.joins.map(({ definition }) => definition.source)).size
  const isPiece = (shard: number) => fitsPiece(spec, shard)
  const compute = async (stage: Stage): Promise<number> => {
    const open = await openShards(layout, spec.plan, stage)
    if (stage === 'score' && held !== undefined) return scoreSeconds
    if (open.length === 0) return 0
    if (stage === 'score' && !hasOwnRows(spec.plan) && shareScan(prediction) && open.every(isPiece)) {
      held = { shards: new Set(open), ok: undefined }
      return 0
    }
    const started = performance.now()
    const areTogether = stage === 'features' || sharesScan
    const rounds = roundsIn(stage, open).map(shards => (areTogether ? dealt(stage, shards, threads) : oneByOne(stage, shards)))
    const counter =
      stage === 'features'
        ? scanCounter(onProgress, stage, sources, rounds.flat().length)
        : stageCounter(onProgress, stage, rowsOf(spec, open))
    const [only = []] = rounds
    const computesAll = stage === 'features' && rounds.length === 1 && open.length === spec.plan.shards.features
    if (computesAll && scoresWithFeatures(context)) {
      const scored = await scoredWithFeatures(execution, layout, only, counter)
      held = scored?.held
      scoreSeconds = scored?.seconds ?? 0
      return secondsSince(started) - scoreSeconds
    }
    if (stage === 'score' && sharesScan && rounds.length === 1 && only.length > 1 && open.every(isPiece)) {
      const results = await engine.run(spec, only.map(holding), counter, signal)
      const rejected = results[0]?.rejected ?? 0
      if (results.every(result => result !== undefined)) held = { shards: new Set(open), ok: rowsOf(spec, open) - rejected }
      // What one who has left could not do with the others is not held by all.
      else await engine.run(spec, dealt(stage, open, threads), () => {}, signal)
    } else for (const round of rounds) await engine.run(spec, round, counter, signal)
    return secondsSince(started)
  }
  const seconds = { features: await compute('features'), score: await compute('score') }
  return { seconds, held }
}

/** The tasks are all of stage 1. @returns what has come of their rows; undefined: shards are to be scored by themselves */
async function scoredWithFeatures(
  { spec, engine, threads, signal, onProgress }: Execution,
  layout: RunLayout,
  tasks: readonly Task[],
  counter: OnRows,
): Promise<{ readonly held: HeldHere; readonly seconds: number } | undefined> {
  const shards = await openShards(layout, spec.plan, 'score')
  const areAll = shards.length === spec.plan.shards.score && shards.every(shard => fitsPiece(spec, shard))
  // Whoever is asked for a shard must hold it.
  const areByAll = tasks.length === Math.min(threads, shards.length)
  const results = await engine.run(spec, areAll && areByAll ? tasks.map(holding) : tasks, counter, signal)
  if (results.some(result => result === undefined)) return undefined
  const rows = rowsOf(spec, shards)
  stageCounter(onProgress, 'score', rows)(rows)
  const seconds = Math.max(...results.map(result => result?.seconds ?? 0))
  return { held: { shards: new Set(shards), ok: rows - (results[0]?.rejected ?? 0) }, seconds }
}

/** Whether the rows of a shard are few enough to be held as the store takes them. */
function fitsPiece(spec: RunSpec, shard: number): boolean {
  return sizeOf(spec, shard) <= PIECE_ROWS
}

function holding(task: Task): Task {
  return { ...task, hold: true }
}

function sizeOf({ plan }: RunSpec, shard: number): number {
  const [from, to] = shardRange(plan, shard)
  return to - from
}

/** Parts of stage 1 in rounds, each of about as many keys as are computed at once. */
export function roundsOf(
  { population, shards }: Pick<RunPlan, 'population' | 'shards'>,
  parts: readonly number[],
  keysAtOnce: number,
): readonly (readonly number[])[] {
  const keys = (population.rows * parts.length) / shards.features
  const each = Math.ceil(parts.length / Math.ceil(keys / keysAtOnce))
  return Array.from({ length: Math.ceil(parts.length / each) }, (_, i) => parts.slice(i * each, (i + 1) * each))
}

/** Shards dealt out evenly, neighbours together. They share a scan, so each worker gets its shards as one task, and all do theirs at once. */
function dealt(stage: Stage, shards: readonly number[], workers: number): readonly Task[] {
  const count = Math.min(workers, shards.length)
  const groups = Array.from({ length: count }, (_, i) =>
    shards.slice(Math.floor((shards.length * i) / count), Math.floor((shards.length * (i + 1)) / count)),
  )
  if (groups.length === 1) return [{ stage, shards }]
  const peers = peersOf(groups.length)
  return groups.map((group, i) => ({ stage, shards: group, together: { peers: peers[i] as Peers, shards: groups } }))
}

function oneByOne(stage: Stage, shards: readonly number[]): readonly Task[] {
  return shards.map(shard => ({ stage, shards: [shard] }))
}

function rowsOf({ plan }: RunSpec, shards: readonly number[]): number {
  return shards.map(shard => shardRange(plan, shard)).reduce((rows, [from, to]) => rows + to - from, 0)
}

/**
 * Stores the answers under the run's id. Where they are stored already, they are only read, for the digest.
 * @param manifests of the shards that are not held
 */
async function store(
  { spec, engine, predictions, signal, onProgress }: Execution,
  context: RunContext,
  manifests: Manifests,
  held: HeldHere | undefined,
): Promise<{ readonly rows: Staged; readonly scoreSeconds: number }> {
  const isScored = held === undefined || held.ok !== undefined
  const ok = isScored ? manifests.score.reduce((sum, shard) => sum + shard.ok, held?.ok ?? 0) : undefined
  const isLarge = engine.isStarted || held !== undefined || spec.plan.population.rows > ROWS_STAGED_HERE
  const pieces = piecesInOrder(manifests.score, held)
  const counts = isScored ? undefined : new ScoredWhileStored(onProgress, rowsOf(spec, [...held.shards]))
  const staged = () => {
    if (!isLarge) return stagedHere(context, manifests.score)
    const made = engine.staged(spec, pieces, counts?.scored ?? (() => {}), signal)
    return counts === undefined ? made : counts.through(made, pieces.length)
  }
  const rows = new StagedRows(context, staged, counts?.stored ?? stageCounter(onProgress, 'stage', ok), signal)
  try {
    await predictions.load(headerOf(context, manifests, ok), rows)
    return { rows: await rows.result(), scoreSeconds: counts?.seconds ?? 0 }
  } finally {
    await engine.close()
  }
}

/** Of written shards and of those that are held, in the order of their numbers. */
function piecesInOrder(written: readonly ScoreManifest[], held: HeldHere | undefined): readonly (Piece | HeldShard)[] {
  const waiting = [...(held?.shards ?? [])].map((shard): readonly [number, readonly (Piece | HeldShard)[]] => [shard, [{ shard }]])
  const there = written.map(shard => [shard.shard, piecesOf([shard])] as const)
  return [...waiting, ...there].sort(([a], [b]) => a - b).flatMap(([, pieces]) => pieces)
}

function secondsSince(startedMs: number): number {
  return (performance.now() - startedMs) / 1000
}
