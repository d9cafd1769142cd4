/** Stage 2, whichever way the features of its rows come. */
import type { ModelRunner } from '../../models/index.ts'
import type { RunContext } from '../context.ts'
import type { Together } from '../engines/task.ts'
import { hasOwnRows } from '../plan.ts'
import { scoreShard } from './score.ts'
import { scoreOwnShards } from './score-own.ts'

/** Scores these shards and claims each; those that are done already are left as they are. @param together who scores others at the same time @throws PrescoreError what their parts may throw */
export async function scoreShards(
  context: RunContext,
  model: ModelRunner,
  shards: readonly number[],
  onRows: (rows: number) => void,
  together?: Together,
): Promise<void> {
  if (hasOwnRows(context.plan)) return scoreOwnShards(context, model, shards, onRows, together)
  for (const shard of shards) await scoreShard(context, model, shard, onRows)
}
