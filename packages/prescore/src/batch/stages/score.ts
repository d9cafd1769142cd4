/** Stage 2: a range of the population, joined with its features, assembled into the model's input, and scored. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Chunk, type Column, type NumberColumn, stringColumn } from '../../expressions/index.ts'
import { type ScoredRows, scoreRows, valueNames } from '../../history/index.ts'
import type { ModelRunner } from '../../models/index.ts'
import { type StoredColumns, writeGroups } from '../../parquet/index.ts'
import { CanonicalBytes } from '../canonical-bytes.ts'
import { claim } from '../claim.ts'
import type { RunContext } from '../context.ts'
import { inputTexts } from '../inputs.ts'
import { readPopulation } from '../rows.ts'
import { inputsKind, type ValueShape } from '../values.ts'
import { readScoreManifest, type ScoreManifest, shardRange } from './score-manifest.ts'
import { pieceOf, type StagedShard, stagePiece } from './staged-piece.ts'
import { readTaken, someRows, type TakenRows } from './taken.ts'
import { vectorColumns } from './vector.ts'

/** Scores one shard and claims it; one that is done already is left as it is. @throws PrescoreError what its parts may throw, `run_corrupt` */
export async function scoreShard(context: RunContext, model: ModelRunner, shard: number, onRows: (rows: number) => void): Promise<void> {
  const [from, to] = shardRange(context.plan, shard)
  if ((await readScoreManifest(context, shard)) !== undefined) return onRows(to - from)
  await finishShard(context, model, shard, await scoredShard(context, model, shard, onRows))
}

/** The same of a shard of not too many rows for one piece, with these as the store takes them. @throws PrescoreError as {@link scoreShard} */
export async function scoreStaged(
  context: RunContext,
  model: ModelRunner,
  shard: number,
  onRows: (rows: number) => void,
): Promise<StagedShard> {
  const manifest = await readScoreManifest(context, shard)
  if (manifest === undefined) return finishStaged(context, model, shard, await scoredShard(context, model, shard, onRows))
  // Somebody else was sooner.
  onRows(manifest.rows)
  return stagePiece(context, { manifest, from: 0, to: manifest.rows })
}

async function scoredShard(context: RunContext, model: ModelRunner, shard: number, onRows: (rows: number) => void): Promise<ScoredShard> {
  const started = performance.now()
  const { plan, prediction } = context
  const [from, to] = shardRange(plan, shard)
  const rows = await readPopulation(context.database, context.populationFile, prediction, plan.asOfUs, [[from, to]])
  const inputs = inputTexts(rows, prediction.inputs)
  const refused = inputs?.map(text => (text === undefined ? 'invalid_input' : undefined))
  const taken = await readTaken(context, model.width, from, to)
  const scored = await scoreOpen(context, model, { rows, refused }, taken, onRows)
  return { rows, scored, inputs, taken: taken?.taken, seconds: (performance.now() - started) / 1000 }
}

/** What has come of the rows of a shard. */
export interface ScoredShard {
  /** With `key.*`. */
  readonly rows: Chunk
  readonly scored: ScoredRows
  readonly inputs?: ReturnType<typeof inputTexts>
  /** Of the rows, those that were taken over. */
  readonly taken?: number | undefined
  /** So far. */
  readonly seconds: number
}

/** Writes a shard, and claims it. */
export async function finishShard(context: RunContext, model: ValueShape, shard: number, scored: ScoredShard): Promise<void> {
  const chunk = chunkOf(context, model, scored)
  await claimShard(context, model, shard, { scored, chunk, digest: digestOf(context, chunk, model) })
}

/** The same, with its rows as the store takes them: they are not read again, and their texts are made once. */
export async function finishStaged(context: RunContext, model: ValueShape, shard: number, scored: ScoredShard): Promise<StagedShard> {
  const started = performance.now()
  const chunk = chunkOf(context, model, scored)
  const piece = pieceOf(context, chunk, model)
  const digest = createHash('sha256').update(piece.lines).digest('hex')
  const seconds = scored.seconds + (performance.now() - started) / 1000
  const manifest = await claimShard(context, model, shard, { scored: { ...scored, seconds }, chunk, digest })
  return { manifest, isLast: true, piece }
}

function chunkOf({ prediction }: RunContext, { width }: ValueShape, { rows, scored, inputs }: ScoredShard): Chunk {
  return scoredChunk(rows, Object.keys(prediction.entity ?? {}), scored, width, inputs)
}

interface ToClaim {
  readonly scored: ScoredShard
  readonly chunk: Chunk
  readonly digest: string
}

async function claimShard(
  context: RunContext,
  model: ValueShape,
  shard: number,
  { scored: { scored, taken, seconds: before }, chunk, digest }: ToClaim,
): Promise<ScoreManifest> {
  const started = performance.now()
  const facts = {
    shard,
    ...countsOf(scored),
    ...(taken === undefined ? {} : { taken }),
    values: { outputType: model.outputType, width: model.width },
    digest,
  }
  const file = await writeShard(context, shard, chunk, model)
  const seconds = before + (performance.now() - started) / 1000
  const manifest: ScoreManifest = { ...facts, file, seconds }
  const won = await claim(context.layout.done('score', shard), manifest)
  if (!won) await rm(join(context.layout.shard('score', shard), file), { force: true })
  return manifest
}

interface ToScore {
  readonly rows: Chunk
  readonly refused: Parameters<typeof scoreRows>[5]
}

/** What the model makes of the rows, or of those that are not taken over. */
async function scoreOpen(
  context: RunContext,
  model: ModelRunner,
  { rows, refused }: ToScore,
  taken: TakenRows | undefined,
  onRows: (rows: number) => void,
): Promise<ScoredRows> {
  if (taken === undefined) return scoreRows(context.assembly, model, await vectorColumns(context, rows), rows.rows, onRows, refused)
  const open = someRows(rows, taken.open)
  const openRefused = refused === undefined ? undefined : Array.from(taken.open, row => refused[row])
  const scored = await scoreRows(context.assembly, model, await vectorColumns(context, open), open.rows, onRows, openRefused)
  onRows(taken.taken)
  return taken.merged(scored)
}

/** The rows as they are stored: a rejected one has its key and a code, and no value. */
function scoredChunk(
  rows: Chunk,
  keys: readonly string[],
  scored: ScoredRows,
  width: number,
  inputs: ReturnType<typeof inputTexts>,
): Chunk {
  const columns = new Map<string, Column>([
    ...keys.map(name => [`key_${name}`, rows.columns.get(`key.${name}`) as Column] as const),
    ...valueNames(width).map((name, at) => [name, valueColumn(scored, width, at)] as const),
    ['rejected', stringColumn(scored.rejected)],
    ...(inputs === undefined ? [] : [['inputs', stringColumn(inputs)] as const]),
  ])
  return { rows: rows.rows, columns }
}

function valueColumn({ values, rejected }: ScoredRows, width: number, at: number): NumberColumn {
  const column = new Float64Array(rejected.length)
  for (let i = 0; i < column.length; i++) column[i] = rejected[i] === undefined ? (values[i * width + at] as number) : Number.NaN
  return { type: { kind: 'float64' }, values: column }
}

async function writeShard(
  { layout, prediction }: RunContext,
  shard: number,
  chunk: Chunk,
  { outputType, width }: ValueShape,
): Promise<string> {
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
  const values = valueNames(width).map(name => [name, outputType] as const)
  const kinds: StoredColumns = { ...Object.fromEntries([...keys, ...values]), rejected: 'string', ...inputsKind(prediction) }
  const folder = layout.shard('score', shard)
  const file = `${randomUUID()}.parquet`
  await mkdir(folder, { recursive: true })
  await writeGroups(join(folder, file), kinds, [chunk])
  return file
}

/** Lines at a time: what stays in the processor's caches. */
const LINES_AT_ONCE = 4_096

function digestOf({ prediction }: RunContext, chunk: Chunk, shape: ValueShape): string {
  const hash = createHash('sha256')
  const bytes = new CanonicalBytes(prediction.entity ?? {}, shape, { rows: LINES_AT_ONCE })
  for (let from = 0; from < chunk.rows; from += LINES_AT_ONCE) {
    bytes.clear()
    bytes.add(chunk, from, Math.min(chunk.rows, from + LINES_AT_ONCE))
    hash.update(bytes.lines)
  }
  return hash.digest('hex')
}

function countsOf({ rejected, missing }: ScoredRows): Pick<ScoreManifest, 'rows' | 'ok' | 'rejected' | 'missing'> {
  const counts: Record<string, number> = {}
  let ok = 0
  for (const code of rejected) {
    if (code === undefined) ok++
    else counts[code] = (counts[code] ?? 0) + 1
  }
  return { rows: rejected.length, ok, rejected: counts, missing }
}
