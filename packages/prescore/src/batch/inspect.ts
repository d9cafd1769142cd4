/** Everything that is recorded of a run: its plan and pins, its shards, what it came from, and what became of it. */
import type { ReleaseRecord, RunRecord } from '../stores/index.ts'
import { bytesIn } from './disk.ts'
import { type RunLayout as Layout, RunLayout, type Stage } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { type RunPlan, readPlan } from './plan.ts'
import { type RunReport, reportOf } from './report.ts'
import { readFeaturesManifest } from './stages/features-manifest.ts'
import { readScoreManifest, shardRange } from './stages/score-manifest.ts'

/** One shard as its DONE says; without one it is open. */
export interface ShardState {
  readonly shard: number
  readonly isDone: boolean
  /** Rows of the population (score), or keys of all joins (features; null while it is open). */
  readonly rows: number | null
  readonly rejected: number | null
  readonly seconds: number | null
}

export interface RunDetails {
  readonly record: RunRecord
  readonly report: RunReport | undefined
  /** Undefined where the folder of the run is gone. */
  readonly plan: RunPlan | undefined
  readonly shards: Readonly<Record<Stage, readonly ShardState[]>>
  readonly release: ReleaseRecord | undefined
  /** On disk, with what lost attempts left behind. */
  readonly bytes: number
  readonly isServed: boolean
  /** Whether a rollback may return to it. */
  readonly isReady: boolean
}

/** @throws PrescoreError `run_not_found`, `invalid_value` (several begin so), `run_corrupt` */
export async function inspectRun({ store, runs }: Pick<BatchPlace, 'store' | 'runs'>, idOrPrefix: string): Promise<RunDetails> {
  const { catalog } = store
  const record = catalog.getRun(idOrPrefix)
  const layout = new RunLayout(runs, record.id)
  const plan = await readPlan(layout)
  const pointer = catalog.pointer(record.prediction)
  return {
    record,
    report: reportOf(record),
    plan,
    shards:
      plan === undefined
        ? { features: [], score: [] }
        : { features: await featureShards(layout, plan), score: await scoreShards(layout, plan) },
    release: catalog.listReleases(record.prediction).find(({ id }) => id === record.release),
    bytes: await bytesIn(layout.folder),
    isServed: pointer?.run === record.id,
    isReady: pointer?.history.includes(record.id) === true,
  }
}

async function featureShards(layout: Layout, plan: RunPlan): Promise<ShardState[]> {
  return Promise.all(
    Array.from({ length: plan.shards.features }, async (_, part) => {
      const done = await readFeaturesManifest({ layout }, part)
      const rows = done === undefined ? null : Object.values(done.files).reduce((sum, file) => sum + file.rows, 0)
      return { shard: part, isDone: done !== undefined, rows, rejected: null, seconds: done?.seconds ?? null }
    }),
  )
}

async function scoreShards(layout: Layout, plan: RunPlan): Promise<ShardState[]> {
  return Promise.all(
    Array.from({ length: plan.shards.score }, async (_, shard) => {
      const done = await readScoreManifest({ layout }, shard)
      const [from, to] = shardRange(plan, shard)
      return {
        shard,
        isDone: done !== undefined,
        rows: to - from,
        rejected: done === undefined ? null : done.rows - done.ok,
        seconds: done?.seconds ?? null,
      }
    }),
  )
}
