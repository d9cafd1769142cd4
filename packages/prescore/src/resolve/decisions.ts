/** What `decide` says of an order of steps, for all that they may come to: asked once, so that a request only follows it. */
import { type Action, decide, type Outcome } from './decide.ts'
import type { StepName } from './policy.ts'

/** What to do after the steps asked so far; after asking, what follows by what the step came to. */
export interface Decision {
  readonly action: Action
  readonly next: Readonly<Record<Outcome, Decision>> | undefined
}

export function decisionsOf(order: readonly StepName[], outcomes: readonly Outcome[] = []): Decision {
  const action = decide(order, outcomes)
  if (action.do !== 'ask') return { action, next: undefined }
  const after = (outcome: Outcome) => decisionsOf(order, [...outcomes, outcome])
  return { action, next: { fits: after('fits'), degraded: after('degraded'), none: after('none') } }
}
