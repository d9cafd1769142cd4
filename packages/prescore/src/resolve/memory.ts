/** What was answered live of late: answers by key and inputs, for as long as the policy says. */
import { inputFingerprint, type PredictionDefinition } from '../project/index.ts'
import type { AnswerParts } from './answer.ts'
import type { Attempt } from './attempt.ts'

/** The one that was answered longest ago goes first. */
const ANSWERS_MAX = 100_000

interface Remembered {
  readonly parts: AnswerParts
  readonly asOfUs: number
}

export class Memory {
  readonly #prediction: PredictionDefinition
  readonly #rememberUs: number
  readonly #answers = new Map<string, Remembered>()

  constructor(prediction: PredictionDefinition, rememberUs: number) {
    this.#prediction = prediction
    this.#rememberUs = rememberUs
  }

  /** Keeps a live answer, unless it is one to a request of its own kind: of a moment gone by, or to attributes that were set. */
  remember(attempt: Attempt, parts: AnswerParts): void {
    if (attempt.attributes !== undefined || attempt.asOfUs !== attempt.nowUs) return
    const name = this.#nameOf(attempt)
    this.#answers.delete(name)
    const { explain: _, ...kept } = parts
    this.#answers.set(name, { parts: kept, asOfUs: attempt.asOfUs })
    if (this.#answers.size > ANSWERS_MAX) this.#answers.delete(this.#answers.keys().next().value as string)
  }

  /** What was answered to the same request, if it is not too old and was not made after the moment asked for. */
  recall(attempt: Attempt): Remembered | undefined {
    const name = this.#nameOf(attempt)
    const found = this.#answers.get(name)
    if (found === undefined) return undefined
    const ageUs = attempt.asOfUs - found.asOfUs
    if (ageUs >= 0 && ageUs <= this.#rememberUs) return found
    if (ageUs > this.#rememberUs) this.#answers.delete(name)
    return undefined
  }

  #nameOf({ keyBytes, inputs }: Attempt): string {
    const key = keyBytes?.toString('latin1') ?? ''
    const { inputs: kinds } = this.#prediction
    const names = Object.keys(kinds)
    if (names.length === 0) return key
    // What is not given takes a default, or the population's value: that is not what is given as missing.
    const given = names.filter(name => inputs[name] !== undefined)
    return `${key}\n${given}\n${inputFingerprint(kinds, inputs).toString('latin1')}`
  }
}
