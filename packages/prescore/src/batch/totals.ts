/** What all shards of a run come to, reconciled with its plan. */
import { PrescoreError } from '../base/index.ts'
import type { RunLayout, Stage } from './layout.ts'
import type { RunPlan } from './plan.ts'
import { type FeaturesManifest, readFeaturesManifest } from './stages/features-manifest.ts'
import { readScoreManifest, type ScoreManifest } from './stages/score-manifest.ts'

export interface RunTotals {
  readonly rows: number
  readonly ok: number
  readonly rejected: Readonly<Record<string, number>>
  /** Missing feature values, by feature. */
  readonly missing: Readonly<Record<string, number>>
}

/** What the DONE of each shard says, shard by shard. */
export interface Manifests {
  readonly features: readonly FeaturesManifest[]
  readonly score: readonly ScoreManifest[]
}

/**
 * @throws PrescoreError `rows_not_reconciled` when ok + rejected is not what was planned, or (in a rescored run) not as many rows
 * were taken over
 */
export function totalsOf(plan: RunPlan, score: readonly ScoreManifest[]): RunTotals {
  const rows = sum(score.map(shard => shard.rows))
  const ok = sum(score.map(shard => shard.ok))
  const rejected = sumByName(score.map(shard => shard.rejected))
  const refused = sum(Object.values(rejected))
  if (rows !== plan.population.rows || ok + refused !== rows) {
    throw new PrescoreError('rows_not_reconciled', {
      where: `run ${plan.run}`,
      found: `${ok} ok + ${refused} rejected`,
      expected: `${plan.population.rows} planned`,
    })
  }
  const [taken, planned] = [sum(score.map(shard => shard.taken ?? 0)), plan.rescored?.rows.taken ?? 0]
  if (taken !== planned)
    throw new PrescoreError('rows_not_reconciled', { where: `run ${plan.run}`, found: `${taken} taken over`, expected: `${planned}` })
  return { rows, ok, rejected, missing: sumByName([...score.map(shard => shard.missing), plan.rescored?.missing ?? {}]) }
}

/**
 * Up to which arrivals the data of a run goes: of each source the latest that any part met, or that its log was told
 * of by a heartbeat; of the sources the earliest.
 * Null when a source had neither by then, or no source has times: nothing can be claimed. Of a rescored run it is the earlier of its
 * own and that of the run it went on from: for the answers that were taken over no more can be claimed.
 */
export function dataThroughUs({ rescored }: Pick<RunPlan, 'rescored'>, features: readonly FeaturesManifest[]): number | null {
  const latest = new Map<string, number>()
  for (const { knownThroughUs } of features) {
    for (const [source, us] of Object.entries(knownThroughUs))
      latest.set(source, Math.max(latest.get(source) ?? Number.NEGATIVE_INFINITY, us ?? Number.NEGATIVE_INFINITY))
  }
  const taken = rescored === undefined ? [] : [rescored.dataThroughUs ?? Number.NEGATIVE_INFINITY]
  const earliest = Math.min(...latest.values(), ...taken)
  return Number.isFinite(earliest) ? earliest : null
}

/** The shards of a stage that no DONE names yet. */
export async function openShards(layout: RunLayout, plan: RunPlan, stage: Stage): Promise<readonly number[]> {
  const shards = Array.from({ length: plan.shards[stage] }, (_, shard) => shard)
  const read = stage === 'features' ? readFeaturesManifest : readScoreManifest
  const done = await Promise.all(shards.map(shard => read({ layout }, shard)))
  return shards.filter(shard => done[shard] === undefined)
}

/** @param held shards of scores that need no DONE yet: they are left out. @throws PrescoreError `run_corrupt` when another has none */
export async function readManifests(layout: RunLayout, plan: RunPlan, held: ReadonlySet<number> = new Set()): Promise<Manifests> {
  const all = async <T>(stage: Stage, read: (shard: number) => Promise<T | undefined>): Promise<T[]> => {
    const shards = Array.from({ length: plan.shards[stage] }, (_, shard) => shard).filter(shard => stage !== 'score' || !held.has(shard))
    const found = await Promise.all(shards.map(read))
    const missing = found.indexOf(undefined)
    if (missing !== -1)
      throw new PrescoreError('run_corrupt', {
        where: layout.done(stage, shards[missing] as number),
        found: 'nothing',
        expected: 'a finished shard',
      })
    return found as T[]
  }
  return {
    features: await all('features', part => readFeaturesManifest({ layout }, part)),
    score: await all('score', shard => readScoreManifest({ layout }, shard)),
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

function sumByName(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const record of records) for (const [name, count] of Object.entries(record)) total[name] = (total[name] ?? 0) + count
  return total
}
