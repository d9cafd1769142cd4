/** One live prediction of a project: its scorer, once it is there, or why there is none; and the release that is to come. */
import { PrescoreError } from '../base/index.ts'
import type { StateJoin } from './state-reader.ts'
import type { LiveScorer } from './types.ts'

const NOT_FILLED = 'live features that are being filled from history'

/** A release that was published and does not answer live yet. */
export interface ComingRelease {
  readonly release: string
  /** Why it cannot; absent: it is being loaded, and its features are being filled. */
  readonly failure?: PrescoreError
}

/** One live prediction: its scorer, once it is there. */
export class Seat {
  /** The published release that was followed last, whatever came of it. */
  followed: string | undefined
  #scorer: LiveScorer | undefined
  #joins: readonly StateJoin[] = []
  #failure: PrescoreError | undefined
  #coming: ComingRelease | undefined
  #isAwaited = true
  #switches = 0
  readonly #where: string
  readonly #stateFailure: () => PrescoreError | undefined

  /** @param stateFailure why the state that all seats read cannot be read; undefined: it can. */
  constructor(prediction: string, followed: string | undefined, stateFailure: () => PrescoreError | undefined) {
    this.#where = `predictions.${prediction}`
    this.followed = followed
    this.#stateFailure = stateFailure
  }

  /** @throws PrescoreError `not_ready`, or what kept it from getting ready */
  readonly scorer = (): LiveScorer => {
    if (this.#scorer !== undefined) return this.#scorer
    throw this.#failure ?? new PrescoreError('not_ready', { where: this.#where, found: NOT_FILLED })
  }

  get isReady(): boolean {
    return this.#scorer !== undefined
  }

  /** Readiness waits for it: it is being filled, and has not taken too long. */
  get isAwaited(): boolean {
    return this.#isAwaited
  }

  get coming(): ComingRelease | undefined {
    return this.#coming
  }

  /** Why its scorer, though it is there, cannot read what it needs. */
  get trouble(): PrescoreError | undefined {
    return this.#joins.length === 0 ? undefined : this.#stateFailure()
  }

  /** How often another release took the place of the one that answered. */
  get switches(): number {
    return this.#switches
  }

  /** Of the release that answers. */
  get joins(): readonly StateJoin[] {
    return this.#joins
  }

  /** From now on, this one answers. @returns the one that did until now: it has its requests under way, and is to be closed */
  take(scorer: LiveScorer, joins: readonly StateJoin[]): LiveScorer | undefined {
    const before = this.#scorer
    this.#scorer = scorer
    this.#joins = joins
    this.#failure = undefined
    this.#coming = undefined
    this.#isAwaited = false
    if (before !== undefined) this.#switches++
    return before
  }

  /** What is wrong with the project, its sources or the model is not wrong with the request. */
  fail(error: PrescoreError): void {
    const { status, message, fix } = error
    this.#isAwaited = false
    this.#failure =
      status >= 500 ? error : new PrescoreError('not_ready', { where: this.#where, found: message.replace(/\.$/, ''), fix, cause: error })
  }

  /** A release is being made ready, or cannot be; none: the one that answers is the right one. */
  expect(coming: ComingRelease | undefined): void {
    this.#coming = coming
  }

  /** It takes too long: readiness does not depend on it any more. */
  giveUpWaiting(): void {
    this.#isAwaited = false
  }

  async close(): Promise<void> {
    await this.#scorer?.close()
    this.#scorer = undefined
  }
}
