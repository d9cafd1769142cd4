/**
 * Where the parts of a run lie, under `runs/<run id>/`:
 *
 *     plan.json                        the plan with its shards; claimed once, resume uses it
 *     estimate.json                    what a dry run expected, if there was one
 *     population-<attempt>.parquet     the keys, sorted by their bytes
 *     events-<attempt>                 events that wait for stage 1, while there is no room for them in memory
 *     features/<part>/DONE             stage 1: features of joined entities, by key hash; names its attempt's files
 *     score/<shard>/DONE               stage 2: values of a range of the population; names its attempt's files
 *     table/DONE                       where rows have their features themselves: the table that they are of; names its copied files
 *
 * Only what a DONE names counts. Files of lost or abandoned attempts may lie beside; nothing ever lists them.
 */
import { join } from 'node:path'

export type Stage = 'features' | 'score'

export class RunLayout {
  readonly folder: string

  constructor(runs: string, runId: string) {
    this.folder = join(runs, runId)
  }

  get plan(): string {
    return join(this.folder, 'plan.json')
  }

  /** What a dry run expected of this run. */
  get estimate(): string {
    return join(this.folder, 'estimate.json')
  }

  /** The DONE of the table of own rows. */
  get table(): string {
    return join(this.folder, 'table', 'DONE')
  }

  shard(stage: Stage, shard: number): string {
    return join(this.folder, stage, String(shard))
  }

  done(stage: Stage, shard: number): string {
    return join(this.shard(stage, shard), 'DONE')
  }
}
