/** A remote model serving requests: each goes at once while connections are free; what piles up behind them goes together. */
import { PrescoreError } from '../../base/index.ts'
import type { ModelDefinition, RemoteModelDefinition } from '../../project/index.ts'
import type { Matrix, ModelRunner } from '../runtime.ts'
import { RUNTIMES } from '../runtimes/index.ts'
import { Batcher } from '../serving/batcher.ts'
import { type Lanes, laneLost } from '../serving/lanes.ts'
import type { ServedModel } from '../serving/served-model.ts'
import { CONNECTIONS_MAX } from './http.ts'

const QUEUE_ROWS_MAX = 1_024
/** Halving a batch helps against a bad row, not against these. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['model_unavailable', 'deadline_exceeded'])

/** @throws PrescoreError what opening a model throws, `model_unavailable`, `model_changed` */
export async function serveRemote(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ServedModel> {
  const runner = await RUNTIMES[definition.runtime].open(file, definition, featureNames)
  const { inputType, outputType, width, wholeFeatures } = runner
  const { rowsPerRequest, timeoutMs, model } = definition.remote as RemoteModelDefinition
  const facts = { inputType, outputType, width, wholeFeatures, file: model, featureNames }
  return new Batcher(facts, new RemoteLanes(runner), { callMs: 0, rowsMax: rowsPerRequest, fullCallMs: timeoutMs }, QUEUE_ROWS_MAX)
}

class RemoteLanes implements Lanes {
  // Not in this thread: a row's deadline is watched while its call is under way.
  readonly place = 'workers'
  readonly workers: readonly number[] = []
  readonly replaced = 0
  onFree = () => {}
  onBroken = () => {}
  readonly #runner: ModelRunner
  #running = 0

  constructor(runner: ModelRunner) {
    this.#runner = runner
  }

  get free(): number {
    return CONNECTIONS_MAX - this.#running
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    this.#running++
    try {
      return await this.#runner.run(matrix, rows)
    } catch (error) {
      if (!(error instanceof PrescoreError) || !OF_THE_SERVER.has(error.code)) throw error
      throw laneLost(error.code, error.details.where ?? 'the model server', error.details.found ?? error.message)
    } finally {
      this.#running--
    }
  }

  close(): Promise<void> {
    return this.#runner.close()
  }
}
