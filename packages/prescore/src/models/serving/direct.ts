/** A model that answers faster than a promise is worth: each row is scored while its caller stands by. */
import type { Matrix, ModelRunner } from '../runtime.ts'
import type { Pace } from './pace.ts'
import { checkRow, closed, isLate, type ModelFacts, tooLate } from './row-check.ts'
import type { ScoreOptions, ServedModel, ServingStats } from './served-model.ts'

export class DirectModel implements ServedModel {
  readonly inputType: ServedModel['inputType']
  readonly outputType: ServedModel['outputType']
  readonly width: number
  readonly wholeFeatures: readonly number[]
  readonly #facts: ModelFacts
  readonly #runner: ModelRunner & Required<Pick<ModelRunner, 'runNow'>>
  readonly #pace: Pace
  #rows = 0
  #overdue = 0
  #closed = false

  constructor(facts: ModelFacts, runner: ModelRunner & Required<Pick<ModelRunner, 'runNow'>>, pace: Pace) {
    this.#facts = facts
    this.#runner = runner
    this.#pace = pace
    this.inputType = facts.inputType
    this.outputType = facts.outputType
    this.width = facts.width
    this.wholeFeatures = facts.wholeFeatures
  }

  score(row: Matrix, options: ScoreOptions = {}): Matrix {
    if (this.#closed) throw closed(this.#facts)
    checkRow(this.#facts, row, options)
    if (isLate(options.deadlineAtMs)) {
      this.#overdue++
      throw tooLate()
    }
    this.#rows++
    return this.#runner.runNow(row, 1)
  }

  get stats(): ServingStats {
    const { callMs } = this.#pace
    const nothing = { waitingRows: 0, runningRows: 0, overloaded: 0, workers: [], replaced: 0 }
    return { ...nothing, place: 'inline', callMs, rowsMax: 1, batches: this.#rows, rows: this.#rows, overdue: this.#overdue }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#runner.close()
  }
}
