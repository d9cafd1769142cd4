/** A finished run as it lies in its folder: its rows again, shard by shard in the order of their keys, with their features on request. */

import { join } from 'node:path'
import { PrescoreError } from '../base/index.ts'
import type { Chunk, Column } from '../expressions/index.ts'
import { columnBuffer, valueNames } from '../history/index.ts'
import type { ColumnKinds } from '../parquet/index.ts'
import { sourcesPlace } from '../sources/index.ts'
import type { RunRecord } from '../stores/index.ts'
import { openContext, type RunContext } from './context.ts'
import { RunLayout } from './layout.ts'
import { RowVectors } from './origins.ts'
import type { BatchPlace } from './place.ts'
import { readPlan } from './plan.ts'
import { readPopulation, readRows, readRun } from './rows.ts'
import { type ScoreManifest, shardRange } from './stages/score-manifest.ts'
import { originsOf } from './stages/taken.ts'
import { readManifests } from './totals.ts'
import { inputsKind, type ValueShape } from './values.ts'

/** Rows in memory at once. */
const CHUNK_ROWS = 65_536
/** The numbers of the rows of what is read at once, which is less. */
const ROWS = Int32Array.from({ length: CHUNK_ROWS }, (_, row) => row)

export interface StoredRunFiles {
  readonly record: RunRecord
  readonly context: RunContext
  readonly shards: readonly ScoreManifest[]
  readonly shape: ValueShape
}

/** @throws PrescoreError `run_not_found` (also when its folder is gone), `invalid_value` (it is not finished), `run_corrupt`, `release_not_found` */
export async function openRun(place: BatchPlace, idOrPrefix: string): Promise<StoredRunFiles> {
  const { loaded, database, store, releases, runs } = place
  const record = store.catalog.getRun(idOrPrefix)
  const where = `run ${record.id}`
  if (record.report === null) {
    throw new PrescoreError('invalid_value', {
      where,
      found: 'planned',
      expected: 'a finished run',
      fix: 'Run it again: finished shards are kept.',
    })
  }
  const plan = await readPlan(new RunLayout(runs, record.id))
  if (plan === undefined) {
    throw new PrescoreError('run_not_found', {
      where,
      found: 'no folder',
      expected: 'its plan and shards',
      fix: 'It was pruned: run it again as of its moment.',
    })
  }
  const context = await openContext({ ...sourcesPlace(loaded), plan, releases, runs }, database)
  const { score } = await readManifests(context.layout, plan)
  return { record, context, shards: score, shape: (score[0] as ScoreManifest).values }
}

/** The columns of {@link runChunks}, by the kinds of their files. */
export function scoredKinds({ prediction }: Pick<RunContext, 'prediction'>, { width }: ValueShape): ColumnKinds {
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
  const values = valueNames(width).map(name => [name, 'float64'] as const)
  return { ...Object.fromEntries([...keys, ...values]), rejected: 'string', ...inputsKind(prediction) }
}

/**
 * All rows: `key_*`, `value` (or `value_0` …), `rejected`, `inputs` where there are some, and `feature_*` on request, as the model
 * met them before any rounding.
 * @throws PrescoreError `run_corrupt`; for features of rows taken over, `run_not_found` when the run that computed them is gone
 */
export async function* runChunks({ context, shards, shape }: StoredRunFiles, withFeatures: boolean): AsyncGenerator<Chunk> {
  const kinds = scoredKinds(context, shape)
  const vectors = withFeatures ? await RowVectors.open(context) : undefined
  for (const { shard, file, rows } of shards) {
    const [first] = shardRange(context.plan, shard)
    for (let from = 0; from < rows; from += CHUNK_ROWS) {
      const to = Math.min(rows, from + CHUNK_ROWS)
      const scored = await readRows(context.database, join(context.layout.shard('score', shard), file), kinds, [[from, to]])
      const features = vectors === undefined ? [] : await featureColumns(context, vectors, first + from, first + to)
      yield { rows: scored.rows, columns: new Map([...scored.columns, ...features]) }
    }
  }
}

/** The same without features, in chunks as large as can be: each shard is read once. @throws PrescoreError `run_corrupt` */
export async function* runRows({ context, shards, shape }: StoredRunFiles): AsyncGenerator<Chunk> {
  const kinds = scoredKinds(context, shape)
  const rowsOf = (from: number) => Math.min(CHUNK_ROWS, context.plan.population.rows - from)
  const buffersFor = (rows: number) => Object.entries(kinds).map(([name, kind]) => [name, columnBuffer({ kind }, rows)] as const)
  let from = 0
  let buffers = buffersFor(rowsOf(from))
  let rows = 0
  for (const { shard, file } of shards) {
    for await (const chunk of readRun(context.database, join(context.layout.shard('score', shard), file), kinds)) {
      for (let at = 0; at < chunk.rows; ) {
        const count = Math.min(chunk.rows - at, CHUNK_ROWS - rows)
        const some = ROWS.subarray(at, at + count)
        for (const [name, buffer] of buffers) buffer.append(chunk.columns.get(name) as Column, some)
        at += count
        rows += count
        if (rows < CHUNK_ROWS) continue
        yield { rows, columns: new Map(buffers.map(([name, buffer]) => [name, buffer.column()])) }
        from += rows
        rows = 0
        buffers = buffersFor(rowsOf(from))
      }
    }
  }
  if (rows > 0) yield { rows, columns: new Map(buffers.map(([name, buffer]) => [name, buffer.column()])) }
}

async function featureColumns(
  context: RunContext,
  vectors: RowVectors,
  from: number,
  to: number,
): Promise<readonly (readonly [string, Column])[]> {
  const { database, populationFile, prediction, plan, assembly } = context
  const rows = await readPopulation(database, populationFile, prediction, plan.asOfUs, [[from, to]])
  const columns = await vectors.columns(rows, await originsOf(context, from, to))
  return assembly.vector.names.map(
    (name, i) => [`feature_${name}`, { type: { kind: 'float64' }, values: columns[i] as Float64Array }] as const,
  )
}
