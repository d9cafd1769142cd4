/** What an audit comes to for one prediction. */
import { asPrescoreError, PrescoreError } from '../base/index.ts'
import type { Database } from '../parquet/index.ts'
import { type Change, changeOf, defectOf, toldAnswer } from './compare.ts'
import type { FoundGround } from './grounds.ts'
import { LateEvents } from './late-events.ts'
import type { LoggedAnswer } from './log/record.ts'
import type { Recomputation } from './recompute.ts'
import type { ChangedAnswer, DefectiveAnswer, PredictionAudit } from './report.ts'

/** Answers told one by one. */
const TOLD_MAX = 20

interface Refusal {
  readonly error: PrescoreError
  answers: number
}

export class Tally {
  readonly #prediction: string
  readonly #late: LateEvents
  readonly #refusals = new Map<string, Refusal>()
  readonly #changes: ChangedAnswer[] = []
  readonly #defective: DefectiveAnswer[] = []
  #compared = 0
  #defects = 0
  #changed = 0

  constructor(prediction: string, database: Database) {
    this.#prediction = prediction
    this.#late = new LateEvents(database)
  }

  /** Takes a block of answers of one ground; an error in its place says why none of them can be compared. */
  async take(answers: readonly LoggedAnswer[], ground: FoundGround | PrescoreError): Promise<void> {
    if (ground instanceof PrescoreError) return this.#refuse(ground, answers.length)
    const comparable = answers.filter(answer => {
      const refusal = ground.refusal(answer)
      if (refusal !== undefined) this.#refuse(refusal, 1)
      return refusal === undefined
    })
    if (comparable.length === 0) return
    try {
      await this.#compare(comparable, ground)
    } catch (thrown) {
      const error = asPrescoreError(thrown)
      if (error.code === 'internal') throw thrown
      this.#refuse(error, comparable.length)
    }
  }

  report(): PredictionAudit {
    const notComparable = [...this.#refusals.values()].map(({ error: { code, message }, answers }) => ({ code, message, answers }))
    return {
      prediction: this.#prediction,
      answers: this.#compared + notComparable.reduce((sum, { answers }) => sum + answers, 0),
      compared: this.#compared,
      identical: this.#compared - this.#defects,
      defects: this.#defects,
      changedByLateEvents: this.#changed,
      notComparable,
      ...this.#late.report(),
      changes: this.#changes,
      defective: this.#defective,
    }
  }

  /** Nothing is counted before all is known. */
  async #compare(answers: readonly LoggedAnswer[], { recomputation, sources }: FoundGround): Promise<void> {
    const served = await recomputation.compute(answers, 'as-served')
    const corrected = await recomputation.compute(answers, 'corrected')
    const names = recomputation.assembly.vector.names
    const defects = answers.map((answer, row) => defectOf(names, answer, served, row))
    const changes = answers.flatMap((answer, row) =>
      defects[row] === undefined ? (changeOf(recomputation, answer, served, corrected, row) ?? []) : [],
    )
    const explained = await this.#late.find(recomputation, sources, changes)
    this.#compared += answers.length
    answers.forEach((answer, row) => {
      if (defects[row] !== undefined) this.#noteDefect({ ...toldAnswer(recomputation, answer), ...defects[row] })
    })
    changes.forEach((change, i) => {
      if (explained[i] === true) this.#noteChange(recomputation, change)
      else this.#noteDefect({ ...toldAnswer(recomputation, change.answer), ...unexplained(change) })
    })
  }

  #noteChange(recomputation: Recomputation, { answer, features, corrected }: Change): void {
    this.#changed++
    if (this.#changes.length < TOLD_MAX)
      this.#changes.push({ ...toldAnswer(recomputation, answer), value: answer.valueText, corrected, features })
  }

  #noteDefect(defective: DefectiveAnswer): void {
    this.#defects++
    if (this.#defective.length < TOLD_MAX) this.#defective.push(defective)
  }

  #refuse(error: PrescoreError, answers: number): void {
    const name = `${error.code} ${error.message}`
    const refusal = this.#refusals.get(name) ?? { error, answers: 0 }
    refusal.answers += answers
    this.#refusals.set(name, refusal)
  }
}

/** What no late event explains must not differ. */
function unexplained({ answer, features, corrected }: Change): Pick<DefectiveAnswer, 'feature' | 'logged' | 'recomputed'> {
  const [first] = features
  if (first === undefined) return { feature: 'value', logged: answer.valueText, recomputed: corrected }
  return { feature: first.name, logged: textOf(first.served), recomputed: textOf(first.corrected) }
}

function textOf(value: ChangedAnswer['features'][number]['served']): string | number | null {
  return value === null || typeof value === 'number' ? value : String(value)
}
