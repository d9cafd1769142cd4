/**
 * Answers of the published run as JSON texts, without the steps: what most requests ask for. All that the answers of a moment share
 * is put together once, and only where the steps would come to the same: no human value stands, nothing is remembered, and the run
 * is fresh. Everything else is left to the steps.
 */
import { type Clock, PrescoreError } from '../base/index.ts'
import { encodeKey, type Key, type KeyColumns, type PredictionDefinition } from '../project/index.ts'
import type { StoredRun } from '../stores/index.ts'
import { type KeyText, plainKeyTextOf } from './key-text.ts'
import { isFresh, statedAgeSeconds } from './policy.ts'
import type { PublishedRun, ServedRun } from './published.ts'
import type { StandingOverrides } from './standing.ts'

export class StoredTexts {
  readonly #keyColumns: KeyColumns
  readonly #keyText: KeyText
  readonly #maxAgeUs: number | undefined
  readonly #clock: Clock
  readonly #published: PublishedRun
  readonly #standing: StandingOverrides
  #served: ServedRun | undefined
  #now: StoredNow | undefined

  constructor({ entity = {}, policy }: PredictionDefinition, clock: Clock, published: PublishedRun, standing: StandingOverrides) {
    this.#keyColumns = entity
    this.#keyText = plainKeyTextOf(entity)
    this.#maxAgeUs = policy.maxAgeUs
    this.#clock = clock
    this.#published = published
    this.#standing = standing
  }

  /** Good for this turn of the event loop. Undefined: the steps are to be asked. */
  now(): StoredNow | undefined {
    try {
      const served = this.#standing.isEmpty() ? this.#published.current() : undefined
      return served === undefined ? undefined : this.#of(served)
    } catch (error) {
      // The steps tell what is wrong.
      if (error instanceof PrescoreError) return undefined
      throw error
    }
  }

  #of(served: ServedRun): StoredNow | undefined {
    const ageUs = this.#clock.nowUs() - served.run.header.asOfUs
    if (!isFresh(ageUs, this.#maxAgeUs)) return undefined
    const ageSeconds = statedAgeSeconds(ageUs)
    if (this.#served !== served || this.#now?.ageSeconds !== ageSeconds) {
      this.#served = served
      this.#now = new StoredNow(served, { columns: this.#keyColumns, text: this.#keyText }, ageSeconds)
    }
    return this.#now
  }
}

/** The answers of a run at one age. */
export class StoredNow {
  readonly ageSeconds: number
  readonly #run: StoredRun
  readonly #keyColumns: KeyColumns
  readonly #keyText: KeyText
  readonly #head: string
  readonly #tail: string

  constructor({ run, fresh: { json } }: ServedRun, keys: { readonly columns: KeyColumns; readonly text: KeyText }, ageSeconds: number) {
    this.ageSeconds = ageSeconds
    this.#run = run
    this.#keyColumns = keys.columns
    this.#keyText = keys.text
    this.#head = json.beforeKey
    this.#tail = `${json.beforeAge}${ageSeconds}${json.afterAge}false}`
  }

  /**
   * The answer to a key as `checkKey` gives it, if the request gives no inputs. Undefined: the steps are to be asked.
   * @param key whose texts are plain: no quotes, no backslashes, no control characters, no lone surrogates.
   */
  textOf(key: Key): string | undefined {
    try {
      const valueText = this.#run.text(encodeKey(this.#keyColumns, key))
      return valueText === undefined ? undefined : `${this.#head}${this.#keyText(key)},"value":${valueText}${this.#tail}`
    } catch (error) {
      if (error instanceof PrescoreError) return undefined
      throw error
    }
  }
}
