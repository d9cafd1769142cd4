import { type Clock, ERRORS, type ErrorCode, type ErrorDetails, PrescoreError } from '../base/index.ts'
import type { Attributes, Inputs, Key } from '../project/index.ts'
import type { Reason } from './answer.ts'
import type { Caller } from './caller.ts'
import type { StepName } from './policy.ts'
import type { ServedRun } from './published.ts'

/** One request on its way through the steps. */
export interface Attempt {
  /** Undefined: the request names none. */
  readonly key: Key | undefined
  readonly keyBytes: Buffer | undefined
  /** Those that the request gives. */
  readonly inputs: Inputs
  readonly attributes: Attributes | undefined
  /** Beyond this age an answer is stale; undefined: never. */
  readonly maxAgeUs: number | undefined
  /** When the request came. */
  readonly nowUs: number
  /** Absent: no step waits. */
  readonly clock?: Clock
  /** The moment that the answer is to hold for: now, where the request does not say. */
  readonly asOfUs: number
  /** By `performance.now()`; undefined: none. */
  readonly deadlineAtMs: number | undefined
  /** Undefined: nobody who could leave. */
  readonly caller: Caller | undefined
  /** What the published run has for the request, once a step has looked. */
  stored?: StoredAnswer
  /** The inputs that the published run has for the key, whatever the request gives. */
  rowInputs?: Inputs
  /** What kept the last step from answering: the reason of a degraded answer, or the error when no step answers. */
  obstacle: Obstacle
  /** The steps asked so far; undefined: the request does not ask for them. */
  readonly trace: { readonly step: StepName; readonly outcome: string }[] | undefined
}

const SECOND_US = 1_000_000

/** When the request came, and the whole seconds that steps have waited since: answers are so much older, and leases so much shorter. */
export function presentUs({ nowUs, clock }: Attempt): number {
  const waitedUs = clock === undefined ? 0 : clock.nowUs() - nowUs
  return waitedUs < SECOND_US ? nowUs : nowUs + Math.floor(waitedUs / SECOND_US) * SECOND_US
}

/** The age of what holds for a moment at the one that the request asks for: now, where it does not say. */
export function ageAtAsOfUs(attempt: Attempt, momentUs: number): number {
  const isNow = attempt.asOfUs === attempt.nowUs
  return (isNow ? presentUs(attempt) : attempt.asOfUs) - momentUs
}

export interface Obstacle {
  readonly code: ErrorCode
  readonly details: ErrorDetails
}

/** What kept a step from answering, as an answer says it: what is ours alone is not told. */
export function reasonOf({ code, details }: Obstacle): Reason {
  const { message } = new PrescoreError(code, ERRORS[code].status === 500 ? {} : details)
  return { code, message }
}

export interface StoredAnswer {
  readonly served: ServedRun
  readonly valueText: string
  readonly ageUs: number
}
