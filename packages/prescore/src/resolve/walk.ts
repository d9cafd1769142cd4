/** One request on its way: steps are asked in their order until `decide` takes an answer. It waits only where a step does. */
import { type ErrorCode, PrescoreError } from '../base/index.ts'
import type { AnswerParts, Reason } from './answer.ts'
import { type Attempt, type Obstacle, reasonOf } from './attempt.ts'
import type { Outcome } from './decide.ts'
import type { Decision } from './decisions.ts'
import type { StepName } from './policy.ts'
import type { Step } from './steps/index.ts'

/** Some steps in their order. */
export interface Route {
  readonly order: readonly StepName[]
  readonly steps: readonly Step[]
  /** Before any step is asked. */
  readonly start: Decision
}

/** What is wrong with the request itself: no other step would help. */
const REFUSED: ReadonlySet<ErrorCode> = new Set(['as_of_out_of_range', 'invalid_input', 'invalid_attribute', 'invalid_key'])

export class Walk {
  readonly #route: Route
  readonly #attempt: Attempt
  #at: Decision
  /** The first answer outside of the policy. */
  #held: AnswerParts | undefined
  /** What the last step gave. */
  #last: AnswerParts | undefined
  /** Why there is no live answer, or none within the policy, once the step was asked. */
  #liveObstacle: Obstacle | undefined
  #lag: Reason | undefined

  constructor(route: Route, attempt: Attempt) {
    this.#route = route
    this.#attempt = attempt
    this.#at = route.start
  }

  /** @throws PrescoreError what kept the last step from answering, when none does; also as a rejection */
  go(): AnswerParts | Promise<AnswerParts> {
    for (;;) {
      const { action } = this.#at
      if (action.do === 'fail') {
        const { code, details } = this.#liveObstacle ?? this.#attempt.obstacle
        throw new PrescoreError(code, details)
      }
      if (action.do === 'take') return this.#taken(action.step, action.degraded)
      const step = this.#route.order[action.step] as StepName
      const before = this.#attempt.obstacle
      const asked = ask(this.#route.steps[action.step] as Step, this.#attempt)
      if (asked instanceof Promise) {
        return asked.then(parts => {
          this.#note(step, parts, before)
          return this.go()
        })
      }
      this.#note(step, asked, before)
    }
  }

  #note(step: StepName, parts: AnswerParts | undefined, before: Obstacle): void {
    const { obstacle, trace } = this.#attempt
    const outcome: Outcome = parts === undefined ? 'none' : parts.reason === undefined ? 'fits' : 'degraded'
    this.#at = (this.#at.next as NonNullable<Decision['next']>)[outcome]
    this.#last = parts
    if (outcome === 'degraded') this.#held ??= parts
    if (step === 'live' && parts === undefined) this.#liveObstacle = obstacle
    else if (step === 'live') this.#lag = parts?.reason
    const kept = obstacle === before ? 'none' : obstacle.code
    trace?.push({ step, outcome: parts === undefined ? kept : (parts.reason?.code ?? 'answered') })
  }

  /** The step's answer; one that was taken because the live step had none within the policy says why. */
  #taken(step: number, degraded: boolean): AnswerParts {
    const { trace } = this.#attempt
    const parts = (this.#last?.reason === undefined && this.#last !== undefined ? this.#last : this.#held) as AnswerParts
    const explained = trace === undefined ? parts : { ...parts, explain: { ...parts.explain, steps: trace } }
    const name = this.#route.order[step]
    const failed = this.#liveObstacle === undefined ? this.#lag : reasonOf(this.#liveObstacle)
    // A default tells its own reason.
    if (!degraded || failed === undefined || name === 'live' || name === 'default') return explained
    const { code, message } = failed
    return { ...explained, reason: { code, message: name === 'stale' ? `${message} ${parts.reason?.message}` : message } }
  }
}

function ask(step: Step, attempt: Attempt): ReturnType<Step> {
  try {
    const asked = step(attempt)
    return asked instanceof Promise ? asked.catch((error: unknown) => failed(attempt, error)) : asked
  } catch (error) {
    return failed(attempt, error)
  }
}

function failed(attempt: Attempt, error: unknown): undefined {
  if (!(error instanceof PrescoreError)) throw error
  // Nobody asked for an as-of: the clock has stepped back behind what live features reach, and others may answer.
  const isOurs = error.code === 'as_of_out_of_range' && attempt.asOfUs === attempt.nowUs
  if (REFUSED.has(error.code) && !isOurs) throw error
  // Nobody waits: no other step need answer.
  if (error.code === 'cancelled' && attempt.caller?.destroyed === true) throw error
  attempt.obstacle = { code: error.code, details: error.details }
}
