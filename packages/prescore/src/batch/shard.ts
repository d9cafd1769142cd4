/**
 * Shards run one by one wherever some scheduler likes: a plan is made, numbered shards of each stage are computed by anybody who sees
 * the same folders, and the run is finished. A shard needs neither the catalog nor the store.
 */
import { readdir } from 'node:fs/promises'
import { checkSignal, PrescoreError } from '../base/index.ts'
import { openModel } from '../models/index.ts'
import { interruptible } from '../parquet/index.ts'
import { sourcesPlace } from '../sources/index.ts'
import { openContext, type RunContext } from './context.ts'
import { RunLayout, type Stage } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { hasOwnRows, readPlan } from './plan.ts'
import { computeFeatures } from './stages/features.ts'
import { scoreShards } from './stages/score-shards.ts'
import { openShards } from './totals.ts'

export interface ShardRequest {
  /** The run's id, or a beginning that no other folder of a run has. */
  readonly run: string
  readonly stage: Stage
  /** Numbers from 0. Parts of the stage `features` that are given together share one scan. */
  readonly shards: readonly number[]
  readonly signal?: AbortSignal
  readonly onRows?: (rows: number) => void
}

export interface ShardsDone {
  readonly run: string
  readonly stage: Stage
  readonly shards: readonly number[]
  /** Of the stage, by anybody. */
  readonly open: number
}

/**
 * Computes some shards of one stage; those that are done are left as they are.
 * @throws PrescoreError `run_not_found`, `invalid_value` (no such shard), `shards_open` (scoring before all features are there), and
 * what a shard may throw
 */
export async function runShards(place: Omit<BatchPlace, 'store'>, request: ShardRequest): Promise<ShardsDone> {
  const { stage, shards, signal, onRows = () => {} } = request
  const context = await openPlanned(place, request.run)
  const { plan, layout } = context
  // Whoever schedules a number of them, however many there are: there is nothing to be done.
  if (stage === 'features' && hasOwnRows(plan)) return { run: plan.run, stage, shards, open: 0 }
  const beyond = shards.find(shard => shard >= plan.shards[stage])
  if (beyond !== undefined || shards.length === 0)
    throw new PrescoreError('invalid_value', {
      where: `run ${plan.run}, ${stage}`,
      found: `shard ${beyond ?? 'none'}`,
      expected: `0 to ${plan.shards[stage] - 1}`,
    })
  const told = (rows: number) => {
    checkSignal(signal)
    onRows(rows)
  }
  await interruptible<unknown>(context.database, signal, () =>
    stage === 'features' ? computeFeatures(context, shards, told) : score(context, shards, told),
  )
  return { run: plan.run, stage, shards, open: (await openShards(layout, plan, stage)).length }
}

/** @throws PrescoreError `shards_open` with how many of each stage are open */
export async function requireDone({ layout, plan }: Pick<RunContext, 'layout' | 'plan'>): Promise<void> {
  for (const stage of ['features', 'score'] as const) {
    const open = await openShards(layout, plan, stage)
    if (open.length > 0) throw stillOpen(plan.run, stage, open)
  }
}

async function score(context: RunContext, shards: readonly number[], onRows: (rows: number) => void): Promise<void> {
  const { release, prediction, layout, plan } = context
  const open = await openShards(layout, plan, 'features')
  if (open.length > 0) throw stillOpen(plan.run, 'features', open)
  const names = prediction.features.map(({ name }) => name)
  const model = await openModel(release.modelFile, prediction.model, names)
  try {
    await scoreShards(context, model, shards, onRows)
  } finally {
    await model.close()
  }
}

function stillOpen(run: string, stage: Stage, open: readonly number[]): PrescoreError {
  const named = `${open.slice(0, 5).join(', ')}${open.length > 5 ? ', …' : ''}`
  const found = `${open.length} open of stage ${stage}: ${named}`
  return new PrescoreError('shards_open', {
    where: `run ${run}`,
    found,
    fix: `Run \`prescore shard ${run.slice(0, 12)} ${stage} --index ${open[0]}\`.`,
  })
}

async function openPlanned({ loaded, database, releases, runs }: Omit<BatchPlace, 'store'>, idOrPrefix: string): Promise<RunContext> {
  const found = (await readdir(runs).catch(() => [])).filter(name => idOrPrefix !== '' && name.startsWith(idOrPrefix))
  const [only, another] = found
  const plan = only === undefined || another !== undefined ? undefined : await readPlan(new RunLayout(runs, only))
  if (plan === undefined) {
    const fix = 'Plan it first: `prescore run … --plan`.'
    throw new PrescoreError('run_not_found', {
      where: idOrPrefix,
      found: another === undefined ? 'no plan' : `${found.length} that begin so`,
      fix,
    })
  }
  return openContext({ ...sourcesPlace(loaded), plan, releases, runs }, database)
}
