/** One prediction's resolver: made at start-up, it turns a request into an answer by asking the policy's steps in order. */
import { asPrescoreError, type Clock, formatInstant, PrescoreError, systemClock } from '../base/index.ts'
import type { ComingRelease, LiveScorer } from '../live/index.ts'
import {
  type AttributeKinds,
  type Attributes,
  encodeKey,
  type Inputs,
  type Key,
  type KeyColumns,
  type PredictionDefinition,
} from '../project/index.ts'
import type { RunHeader, Store } from '../stores/index.ts'
import type { AnswerParts, Reason } from './answer.ts'
import type { Attempt } from './attempt.ts'
import type { Caller } from './caller.ts'
import { decisionsOf } from './decisions.ts'
import type { AnswerListener } from './listener.ts'
import { Memory } from './memory.ts'
import { type Preference, type StepName, stepOrder, WHAT_IF_ORDER } from './policy.ts'
import { PublishedRun } from './published.ts'
import { StandingOverrides } from './standing.ts'
import { STEPS, type Step } from './steps/index.ts'
import { type StoredNow, StoredTexts } from './stored-texts.ts'
import { type Route, Walk } from './walk.ts'

/** What a request may ask for; what it leaves out, the policy says. */
export interface AnswerOptions {
  readonly prefer?: Preference
  /** An answer older than this is stale, in place of the policy's max age. */
  readonly maxAgeSeconds?: number
  /** The time that steps which wait may take together. Stored answers and defaults wait for nothing. */
  readonly deadlineMs?: number
  /** The moment that the answer is to hold for; absent: now. */
  readonly asOfUs?: number
  /** As `checkInputs` gives them. */
  readonly inputs?: Inputs
  /** As `checkAttributes` gives them. With them, the answer is a what-if. */
  readonly attributes?: Attributes
  /** Tell the steps that were asked, and the features of a live answer. */
  readonly explain?: boolean
}

/** How a live prediction stands beside its scorer. */
export interface LiveSeat {
  /** It is being filled: nobody should rely on it yet. */
  readonly isAwaited: boolean
  /** Why its scorer, though it is there, cannot read what it needs. */
  readonly trouble: PrescoreError | undefined
  /** A release that was published and does not answer live yet. */
  readonly coming: ComingRelease | undefined
}

/** Whether there is a live answer now, and with which release, or why not. */
interface LiveStatus {
  readonly ready: boolean
  readonly release: string | null
  readonly reason: Reason | null
  /** The published release that is to take over; its reason says why it cannot, null: it is being made ready. */
  readonly next: { readonly release: string; readonly reason: Reason | null } | null
}

export interface ResolverOptions {
  readonly prediction: PredictionDefinition
  readonly store: Pick<Store, 'catalog' | 'predictions' | 'overrides'>
  /** What "now" is, for ages. */
  readonly clock?: Clock
  /** The scorer of the moment, or throws why there is none. Absent: nothing is answered live. */
  readonly live?: () => LiveScorer
  readonly seat?: LiveSeat | undefined
  /** What a request may set while no scorer says so. */
  readonly attributes?: AttributeKinds
}

/** An as-of may lie this far ahead: the clocks of callers differ. */
const AHEAD_US_MAX = 300_000_000
const NO_INPUTS: Inputs = Object.freeze({})

export class Resolver {
  readonly prediction: PredictionDefinition
  readonly keyColumns: KeyColumns
  readonly #attributes: AttributeKinds
  readonly #published: PublishedRun
  readonly #routes: Readonly<Record<Preference, Route>>
  readonly #whatIf: Route
  readonly #clock: Clock
  readonly #live: (() => LiveScorer) | undefined
  readonly #seat: LiveSeat | undefined
  readonly #stored: StoredTexts | undefined
  #listener: AnswerListener | undefined

  constructor({ prediction, store, clock = systemClock, live, seat, attributes = {} }: ResolverOptions) {
    const { policy, name } = prediction
    this.prediction = prediction
    this.keyColumns = prediction.entity ?? {}
    this.#attributes = attributes
    this.#seat = seat
    this.#clock = clock
    this.#live = policy.mode === 'batch' ? undefined : live
    this.#published = new PublishedRun(name, this.keyColumns, store)
    const standing = prediction.entity === undefined ? undefined : new StandingOverrides(name, this.keyColumns, store)
    const memory = policy.rememberUs === undefined ? undefined : new Memory(prediction, policy.rememberUs)
    const context = { prediction, published: this.#published, standing, live: this.#live, memory }
    const made = new Map(Object.entries(STEPS).map(([step, make]) => [step as StepName, make(context)]))
    const routeOf = (order: readonly StepName[]): Route => {
      const own = order.filter(step => made.get(step) !== undefined)
      return { order: own, steps: own.map(step => made.get(step) as Step), start: decisionsOf(own) }
    }
    this.#routes = { store: routeOf(stepOrder(policy.mode, 'store')), live: routeOf(stepOrder(policy.mode, 'live')) }
    this.#whatIf = routeOf(WHAT_IF_ORDER)
    const hasStore = standing !== undefined && memory === undefined && policy.mode !== 'live'
    this.#stored = hasStore ? new StoredTexts(prediction, clock, this.#published, standing) : undefined
  }

  /**
   * What the published run answers now to requests that give a key and nothing else: the same that {@link answer} comes to.
   * Good for this turn of the event loop; whoever answers with it says so by {@link tellStored}. Undefined: ask {@link answer}.
   */
  stored(): StoredNow | undefined {
    return this.#stored?.now()
  }

  /** @param startedMs by `performance.now()`: when the first of so many answers was begun. */
  tellStored(stored: StoredNow, count: number, startedMs: number): void {
    if (count > 0) this.#listener?.stored(count, stored.ageSeconds, performance.now() - startedMs)
  }

  /**
   * Answers for a key as `checkKey` or `parseKey` give it: `answerJson` or `answerObject` make an answer of the parts. At once where
   * no step must wait.
   * @param key undefined: the request names none.
   * @param caller once he has left, nothing more is computed for him: `cancelled`. Undefined: whoever asks waits to the end.
   * @throws PrescoreError `invalid_key`, `as_of_out_of_range`, `missing_input`; `unknown_key`, `nothing_published`, `no_answer`,
   * `store_unreadable`, or what kept the live step from answering, when no step answers; also as a rejection
   */
  answer(key: Key | undefined, options: AnswerOptions = {}, caller?: Caller): AnswerParts | Promise<AnswerParts> {
    const listener = this.#listener
    return listener === undefined ? this.#walk(key, options, caller) : this.#heard(listener, key, options, caller)
  }

  /** Tells the listener of each answer from now on. One at a time. */
  listen(listener: AnswerListener): void {
    this.#listener = listener
  }

  #heard(
    listener: AnswerListener,
    key: Key | undefined,
    options: AnswerOptions,
    caller: Caller | undefined,
  ): AnswerParts | Promise<AnswerParts> {
    const startedMs = performance.now()
    const answer = this.#walkHeard(listener, key, options, caller)
    if (!(answer instanceof Promise)) {
      listener.answered(answer, performance.now() - startedMs)
      return answer
    }
    const answered = (parts: AnswerParts): AnswerParts => {
      listener.answered(parts, performance.now() - startedMs)
      return parts
    }
    const refused = (error: unknown): never => {
      listener.refused(error)
      throw error
    }
    return answer.then(answered, refused)
  }

  #walkHeard(
    listener: AnswerListener,
    key: Key | undefined,
    options: AnswerOptions,
    caller: Caller | undefined,
  ): AnswerParts | Promise<AnswerParts> {
    try {
      return this.#walk(key, options, caller)
    } catch (error) {
      listener.refused(error)
      throw error
    }
  }

  #walk(key: Key | undefined, options: AnswerOptions, caller: Caller | undefined): AnswerParts | Promise<AnswerParts> {
    const attempt = this.#attempt(key, options, caller)
    const route = options.attributes === undefined ? this.#routes[options.prefer ?? 'store'] : this.#whatIf
    return new Walk(route, attempt).go()
  }

  /** What is being served: the run's header and when it was published; undefined before the first publish. @throws PrescoreError `store_unreadable` */
  served(): (RunHeader & { readonly publishedAtUs: number }) | undefined {
    const served = this.#published.current()
    return served === undefined ? undefined : { ...served.run.header, publishedAtUs: served.pointer.publishedAtUs }
  }

  /** What a request may set: of the release that answers live now. */
  get attributes(): AttributeKinds {
    const scorer = this.#scorer()
    return (scorer instanceof PrescoreError ? undefined : scorer?.attributes) ?? this.#attributes
  }

  /** Null: the mode has no live step. */
  liveStatus(): LiveStatus | null {
    const scorer = this.#scorer()
    if (scorer === undefined) return null
    const coming = this.#seat?.coming
    const next = coming === undefined ? null : { release: coming.release, reason: reasonOf(coming.failure) }
    const failure = scorer instanceof PrescoreError ? scorer : this.#seat?.trouble
    if (scorer instanceof PrescoreError || failure !== undefined) return { ready: false, release: null, reason: reasonOf(failure), next }
    return { ready: true, release: scorer.release, reason: null, next }
  }

  /** The one of the moment, or why there is none; undefined: the mode has no live step. */
  #scorer(): LiveScorer | PrescoreError | undefined {
    try {
      return this.#live?.()
    } catch (error) {
      return asPrescoreError(error)
    }
  }

  /** Live features are being filled since the start, and whoever asks for readiness should wait for them. */
  isFilling(): boolean {
    return this.#live !== undefined && this.#seat?.isAwaited === true
  }

  /** Whether there is something to answer with: a published run, a live scorer, or a default. Live features that are being filled are waited for. */
  isReady(): boolean {
    if (this.isFilling()) return false
    if (this.prediction.policy.default !== undefined || this.liveStatus()?.ready === true) return true
    try {
      return this.#published.current() !== undefined
    } catch (error) {
      if (error instanceof PrescoreError) return false
      throw error
    }
  }

  /** Gives back what is open; the resolver may go on answering, and opens it again. */
  close(): void {
    this.#published.close()
  }

  #attempt(key: Key | undefined, options: AnswerOptions, caller: Caller | undefined): Attempt {
    const { name, policy, entity } = this.prediction
    const nowUs = this.#clock.nowUs()
    const { asOfUs = nowUs, maxAgeSeconds, deadlineMs = policy.deadlineUs === undefined ? undefined : policy.deadlineUs / 1_000 } = options
    if (asOfUs > nowUs + AHEAD_US_MAX)
      throw new PrescoreError('as_of_out_of_range', {
        where: name,
        found: formatInstant(asOfUs),
        expected: `now, ${formatInstant(nowUs)}, or earlier`,
      })
    if (options.attributes !== undefined && this.#live === undefined)
      throw new PrescoreError('invalid_request', {
        where: `\`attributes\``,
        found: `mode ${policy.mode}`,
        expected: 'a prediction of mode live or hybrid',
      })
    if (key === undefined && entity !== undefined && options.attributes === undefined)
      throw new PrescoreError('invalid_key', { found: 'no key', expected: `the key columns ${Object.keys(entity).join(', ')}` })
    return {
      key,
      keyBytes: key === undefined ? undefined : encodeKey(this.keyColumns, key),
      inputs: options.inputs ?? NO_INPUTS,
      attributes: options.attributes,
      maxAgeUs: maxAgeSeconds === undefined ? policy.maxAgeUs : maxAgeSeconds * 1_000_000,
      nowUs,
      clock: this.#clock,
      asOfUs,
      deadlineAtMs: deadlineMs === undefined ? undefined : performance.now() + deadlineMs,
      caller,
      trace: options.explain === true ? [] : undefined,
      obstacle: { code: 'no_answer', details: { where: name } },
    }
  }
}

function reasonOf(error: PrescoreError): Reason
function reasonOf(error: PrescoreError | undefined): Reason | null
function reasonOf(error: PrescoreError | undefined): Reason | null {
  return error === undefined ? null : { code: error.code, message: error.message }
}
