import { availableParallelism } from 'node:os'
import type { ModelDefinition } from '../../project/index.ts'
import { openModel } from '../model.ts'
import type { ModelRunner } from '../runtime.ts'
import { Batcher } from './batcher.ts'
import { DirectModel } from './direct.ts'
import { InlineLane } from './lanes.ts'
import { INLINE_CALL_MS_MAX, measurePace, type Pace } from './pace.ts'
import type { ModelFacts } from './row-check.ts'
import type { ServedModel } from './served-model.ts'
import { WorkerPool } from './worker-pool.ts'

export interface ServingOptions {
  /** Rows that may wait; more are refused with `overloaded`. 1,024 without it. */
  readonly queueRowsMax?: number
  /** Worker processes for the model; 0: it computes in this thread, however long that takes. Without it: as measured. */
  readonly workers?: number
  /** A worker whose call takes longer is ended and replaced. Without it: 20 times what was measured, and a second at least. */
  readonly callMsMax?: number
}

const QUEUE_ROWS_MAX = 1_024
const CALL_MS_MAX_AT_LEAST = 1_000
/** A call may be held up by whatever else the machine does. */
const CALL_SLOWER_MAX = 20

/**
 * Opens a model for serving. It is measured first: where a call of one row takes more than a millisecond, calls run in
 * worker processes, each with a runner of its own, so that they neither hold up requests nor can hang them.
 * @throws PrescoreError what {@link openModel} throws
 */
export async function serveModel(
  file: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
  options: ServingOptions = {},
): Promise<ServedModel> {
  const runner = await openModel(file, definition, featureNames)
  const { inputType, outputType, width, wholeFeatures } = runner
  const facts: ModelFacts = { inputType, outputType, width, wholeFeatures, file, featureNames }
  const queueRowsMax = options.queueRowsMax ?? QUEUE_ROWS_MAX
  const pace = await paceOf(runner, featureNames.length)
  const workers = options.workers ?? (pace.callMs > INLINE_CALL_MS_MAX ? Math.max(1, availableParallelism() - 1) : 0)
  if (workers === 0)
    return canRunNow(runner) ? new DirectModel(facts, runner, pace) : new Batcher(facts, new InlineLane(runner), pace, queueRowsMax)
  await runner.close()
  const callMsMax = options.callMsMax ?? Math.max(CALL_MS_MAX_AT_LEAST, pace.fullCallMs * CALL_SLOWER_MAX)
  const pool = await WorkerPool.open({ file, definition, featureNames }, { workers, callMsMax })
  return new Batcher(facts, pool, pace, queueRowsMax)
}

async function paceOf(runner: ModelRunner, features: number): Promise<Pace> {
  try {
    return await measurePace(runner, features)
  } catch (error) {
    await runner.close()
    throw error
  }
}

function canRunNow(runner: ModelRunner): runner is ModelRunner & Required<Pick<ModelRunner, 'runNow'>> {
  return runner.runNow !== undefined
}
