/**
 * What a run will take, from a sample of about 1 % of its rows: they are computed and scored as the run would, and scaled up.
 * Planning and the scan of the sources are done in full, so their times are measured, not guessed.
 */
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeScratch, scratchFolder, writeWhole } from '../base/index.ts'
import { type Chunk, references, takeRows } from '../expressions/index.ts'
import { holdsAllEvents, KeyIndex } from '../history/index.ts'
import { openModel } from '../models/index.ts'
import { writeParquet } from '../parquet/index.ts'
import { sourcesPlace } from '../sources/index.ts'
import { openStore, type StoredBlock } from '../stores/index.ts'
import { openContext, type RunContext, sourceOf } from './context.ts'
import { bytesIn } from './disk.ts'
import { headerOf } from './header.ts'
import { RunLayout } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { hasOwnRows, KEYS_AT_ONCE, type RunPlan } from './plan.ts'
import { populationKinds } from './population.ts'
import { readPopulation } from './rows.ts'
import { computeFeatures, EVENT_BYTES_HELD } from './stages/features.ts'
import { tableBytes } from './stages/own-table.ts'
import { scoreShards } from './stages/score-shards.ts'
import { vectorColumns } from './stages/vector.ts'
import { StagedRows, stagedHere } from './staging.ts'
import { readManifests } from './totals.ts'

/** Plain data: kept beside the run, so that its report can tell how wrong it was. */
export type Estimate = {
  readonly run: string
  readonly rows: number
  readonly sampleRows: number
  readonly seconds: Readonly<Record<'plan' | 'features' | 'score' | 'stage' | 'total', number>>
  /** Of the run's files. */
  readonly fileBytes: number
  /** Of its stored answers. */
  readonly answerBytes: number
  readonly peakMb: number
}

const SAMPLE = { share: 0.01, least: 500, most: 20_000 }
/** A worker thread with its own database and model. */
const WORKER = { mb: 60, startSeconds: 0.4 }
/** Bytes a row of the population, besides its features: keys in memory, sorted and numbered. */
const ROW_BYTES = 200

/** @param planned the plan as it would be, made in a folder that is not the run's. */
export async function estimateRun(
  place: BatchPlace,
  planned: RunPlan,
  runs: string,
  planSeconds: number,
  threads: number,
): Promise<Estimate> {
  const scratch = scratchFolder('prescore-estimate-')
  try {
    const whole = await contextOf(place, planned, runs)
    const rows = await readPopulation(place.database, whole.populationFile, whole.prediction, planned.asOfUs, [
      [0, planned.population.rows],
    ])
    const { context, sampled } = await sample(place, whole, rows, scratch)
    const measured = await measure(context)
    const byRows = rows.rows / sampled.rows
    const byKeys = joinedKeys(whole, rows) / Math.max(1, joinedKeys(whole, sampled))
    const workers = Math.min(threads, planned.shards.score)
    const rounds = Math.ceil(rows.rows / KEYS_AT_ONCE)
    const isOwn = hasOwnRows(planned)
    const computing = isOwn
      ? 0
      : measured.scanSeconds * rounds + (measured.computeSeconds * byKeys) / Math.min(threads, planned.shards.features)
    const features = WORKER.startSeconds + computing
    // Rows that have their features themselves are scored as they are scanned, by each worker a slice of them.
    const score = ((isOwn ? measured.scanSeconds : 0) + measured.scoreSeconds * byRows) / workers
    const stage = measured.staged.fixedSeconds + measured.staged.rowsSeconds * byRows
    const estimate: Estimate = {
      run: planned.run,
      rows: rows.rows,
      sampleRows: sampled.rows,
      seconds: { plan: planSeconds, features, score, stage, total: planSeconds + features + score + stage },
      fileBytes: Math.round(
        tableBytes(whole) + (await stat(whole.populationFile)).size + scaled(measured.features, byKeys) + scaled(measured.scores, byRows),
      ),
      answerBytes: Math.round(measured.staged.answerBytes * byRows),
      peakMb: Math.round(peakBytes(whole, measured.scanned / rounds, rows.rows, workers) / 2 ** 20 + workers * WORKER.mb),
    }
    await keep(new RunLayout(place.runs, planned.run).estimate, estimate)
    return estimate
  } finally {
    await removeScratch(scratch)
  }
}

/** What a dry run expected; undefined where there was none. */
export async function readEstimate(layout: RunLayout): Promise<Estimate | undefined> {
  try {
    return JSON.parse(await readFile(layout.estimate, 'utf8')) as Estimate
  } catch {
    return undefined
  }
}

function contextOf({ loaded, database, releases }: BatchPlace, plan: RunPlan, runs: string): Promise<RunContext> {
  return openContext({ ...sourcesPlace(loaded), plan, releases, runs }, database)
}

/** A run of some rows, spread evenly, in a folder of its own. */
async function sample(
  place: BatchPlace,
  whole: RunContext,
  rows: Chunk,
  scratch: string,
): Promise<{ context: RunContext; sampled: Chunk }> {
  const wanted = Math.min(rows.rows, Math.max(SAMPLE.least, Math.min(SAMPLE.most, Math.round(rows.rows * SAMPLE.share))))
  const kept = Int32Array.from({ length: wanted }, (_, i) => Math.floor((i * rows.rows) / wanted))
  const sampled = { rows: wanted, columns: new Map([...rows.columns].map(([name, column]) => [name, takeRows(column, kept)] as const)) }
  const population = { file: 'population.parquet', rows: wanted }
  const plan: RunPlan = { ...whole.plan, run: 'sample', population, shards: { features: hasOwnRows(whole.plan) ? 0 : 1, score: 1 } }
  const folder = new RunLayout(scratch, plan.run).folder
  await mkdir(folder, { recursive: true })
  const columns = new Map([...sampled.columns].map(([name, column]) => [name.replace('.', '_'), column]))
  await writeParquet(place.database, join(folder, population.file), populationKinds(whole.prediction), [{ rows: wanted, columns }])
  return { context: await contextOf(place, plan, scratch), sampled }
}

interface Measured {
  readonly scanSeconds: number
  readonly computeSeconds: number
  readonly scoreSeconds: number
  readonly staged: StagedSample
  /** Rows of the sources that were read. */
  readonly scanned: number
  readonly features: Disk
  readonly scores: Disk
}

/** Bytes of Parquet files, and how many columns they have together. */
interface Disk {
  readonly bytes: number
  readonly columns: number
}

/** What a column takes in a file without rows. */
const COLUMN_BYTES = 250

function scaled({ bytes, columns }: Disk, ratio: number): number {
  const empty = Math.min(bytes, columns * COLUMN_BYTES)
  return empty + (bytes - empty) * ratio
}

async function measure(context: RunContext): Promise<Measured> {
  const { release, prediction } = context
  const names = prediction.features.map(({ name }) => name)
  const scan = scanWatch()
  const [featureSeconds] = await timed<unknown>(() =>
    hasOwnRows(context.plan) ? scanOwnRows(context, scan.onRows) : computeFeatures(context, [0], scan.onRows),
  )
  const model = await openModel(release.modelFile, prediction.model, names)
  const [seconds] = await timed(() => scoreShards(context, model, [0], () => {})).finally(() => model.close())
  const scoreSeconds = hasOwnRows(context.plan) ? Math.max(0, seconds - featureSeconds) : seconds
  const staged = await stageSample(context)
  const scanSeconds = Math.min(scan.seconds(), featureSeconds)
  const { assembly, layout } = context
  const joined = assembly.joins.reduce(
    (sum, { definition }) => sum + Object.keys(definition.entity).length + Object.keys(definition.features).length,
    0,
  )
  return {
    scanSeconds,
    computeSeconds: featureSeconds - scanSeconds,
    scoreSeconds,
    staged,
    scanned: scan.rows(),
    features: { bytes: await bytesIn(layout.shard('features', 0)), columns: joined },
    scores: { bytes: await bytesIn(layout.shard('score', 0)), columns: Object.keys(prediction.entity ?? {}).length + model.width + 1 },
  }
}

/** Reads the table for the sample without scoring it. */
async function scanOwnRows(context: RunContext, onRows: (rows: number) => void): Promise<void> {
  const { plan, prediction, database, populationFile } = context
  onRows(0)
  await vectorColumns(context, await readPopulation(database, populationFile, prediction, plan.asOfUs, [[0, plan.population.rows]]))
  onRows(plan.population.rows)
}

interface StagedSample {
  /** What storing anything takes: opening, syncing. */
  readonly fixedSeconds: number
  readonly rowsSeconds: number
  readonly answerBytes: number
}

/** Loads the sample into a store of its own, after a row alone. */
async function stageSample(context: RunContext): Promise<StagedSample> {
  const manifests = await readManifests(context.layout, context.plan)
  const blocks: StoredBlock[] = []
  const [readSeconds] = await timed(async () => {
    for await (const block of new StagedRows(
      context,
      () => stagedHere(context, manifests.score),
      () => {},
      undefined,
    ))
      blocks.push(block)
  })
  const store = openStore(join(context.runs, 'store'))
  try {
    const load = (run: string, some: readonly StoredBlock[]) => {
      const rows = some.reduce((sum, block) => sum + block.rows, 0)
      return store.predictions.load({ ...headerOf(context, manifests, rows), run }, inTurn(some))
    }
    const one = blocks.filter(({ rows }) => rows > 0).map(block => ({ ...block, rows: 1 }))
    const [fixedSeconds] = await timed(() => load('one', one.slice(0, 1)))
    const [loadSeconds] = await timed(() => load('all', blocks))
    const answerBytes = blocks.reduce((sum, block) => sum + bytesOf(block), 0)
    return { fixedSeconds, rowsSeconds: readSeconds + Math.max(0, loadSeconds - fixedSeconds), answerBytes }
  } finally {
    await store.close()
  }
}

async function* inTurn(blocks: readonly StoredBlock[]): AsyncGenerator<StoredBlock> {
  yield* blocks
}

/** What LMDB keeps with each key and its value. */
const NODE_BYTES = 16

function bytesOf({ rows, keyEnds, entryStarts, entryEnds }: StoredBlock): number {
  let bytes = rows * NODE_BYTES + (keyEnds[rows - 1] ?? 0)
  for (let row = 0; row < rows; row++) bytes += (entryEnds[row] as number) - (entryStarts[row] as number)
  return bytes
}

/** Tells the time between the rows of one scan from the computing between scans. */
function scanWatch() {
  let [rows, seconds, lastMs, source] = [0, 0, performance.now(), undefined as string | undefined]
  return {
    onRows: (more: number, scan?: { readonly source: string }) => {
      const nowMs = performance.now()
      if (source === undefined || scan?.source === source) seconds += (nowMs - lastMs) / 1000
      ;[rows, lastMs, source] = [rows + more, nowMs, scan?.source]
    },
    rows: () => rows,
    seconds: () => seconds,
  }
}

function joinedKeys({ assembly }: RunContext, rows: Chunk): number {
  return assembly.joins.reduce((sum, { definition, keys }) => {
    const index = new KeyIndex(definition.entity)
    index.add(keys(rows), rows.rows)
    return sum + index.size
  }, 0)
}

/** As if all that was scanned for the keys of a round were kept, in buffers that have just grown; or what workers hold of it, if the rest is spilled. */
function peakBytes(context: RunContext, scanned: number, rows: number, workers: number): number {
  const { assembly } = context
  const nodes = assembly.joins.flatMap(({ definition }) => Object.values(definition.features).flatMap(({ value, where }) => [value, where]))
  const columns = new Set(nodes.flatMap(node => (node === undefined ? [] : [...references(node)])))
  const event = 8 * (2 + columns.size) + 4 * assembly.joins.length
  const holdsAll = assembly.joins.some(({ definition }) => holdsAllEvents(sourceOf(context, definition.source), definition))
  const events = holdsAll ? scanned * event * 1.5 : Math.min(scanned * event * 1.5, workers * EVENT_BYTES_HELD)
  return process.memoryUsage().rss + events + rows * ROW_BYTES + Math.min(rows, KEYS_AT_ONCE) * 8 * assembly.vector.names.length
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [seconds: number, result: T]> {
  const startedMs = performance.now()
  const result = await work()
  return [(performance.now() - startedMs) / 1000, result]
}

async function keep(file: string, estimate: Estimate): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeWhole(file, `${JSON.stringify(estimate, null, 2)}\n`)
}
