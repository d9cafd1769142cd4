/** The record of a finished shard of stage 2. */
import { readClaim } from '../claim.ts'
import type { RunLayout } from '../layout.ts'
import type { RunPlan } from '../plan.ts'
import type { ValueShape } from '../values.ts'

/** What the DONE of a score shard says. Rows are in the order of their keys' bytes. */
export interface ScoreManifest {
  readonly shard: number
  /** Columns `key_*`, `value` (or `value_0` …), `rejected`, the code of what went wrong with the row, and the JSON of its `inputs`, if any. */
  readonly file: string
  readonly rows: number
  readonly ok: number
  readonly rejected: Readonly<Record<string, number>>
  /** Of the rows, those that a rescored run took over; absent in others. */
  readonly taken?: number
  /** Missing feature values of the rows that were computed, by feature. */
  readonly missing: Readonly<Record<string, number>>
  readonly values: ValueShape
  /** SHA-256 of the canonical rows. */
  readonly digest: string
  readonly seconds: number
}

/** The rows of a shard: [from, to). */
export function shardRange({ population, shards }: RunPlan, shard: number): readonly [from: number, to: number] {
  return [Math.floor((population.rows * shard) / shards.score), Math.floor((population.rows * (shard + 1)) / shards.score)]
}

export function readScoreManifest({ layout }: { readonly layout: RunLayout }, shard: number): Promise<ScoreManifest | undefined> {
  return readClaim<ScoreManifest>(layout.done('score', shard))
}
