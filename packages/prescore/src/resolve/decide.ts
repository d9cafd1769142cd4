/**
 * The decision of resolution, pure: which step to ask next, or which answer to take, from what the steps asked so far came to.
 *
 * The first answer within the policy is taken. Where no step has one, it is the first answer outside of it (a live one on a feed that
 * lags, a stale one, the default). An answer is degraded when it lies outside of the policy, or when the live step was asked before
 * it and had none.
 */
import type { StepName } from './policy.ts'

/** What a step came to: an answer within the policy, one outside of it, or none. */
export type Outcome = 'fits' | 'degraded' | 'none'

export type Action =
  | { readonly do: 'ask'; readonly step: number }
  | { readonly do: 'take'; readonly step: number; readonly degraded: boolean }
  /** No step has an answer. */
  | { readonly do: 'fail' }

const STEPS_MAX = 6
const ACTIONS = Array.from({ length: STEPS_MAX }, (_, step) => ({
  ask: Object.freeze({ do: 'ask', step } as const),
  take: Object.freeze({ do: 'take', step, degraded: false } as const),
  degrade: Object.freeze({ do: 'take', step, degraded: true } as const),
}))
const FAIL = Object.freeze({ do: 'fail' } as const)

/**
 * @param order of the steps.
 * @param outcomes of the steps asked so far, in their order.
 */
export function decide(order: readonly StepName[], outcomes: readonly Outcome[]): Action {
  const last = outcomes.length - 1
  if (outcomes[last] === 'fits') {
    const failedLive = outcomes.some((outcome, step) => order[step] === 'live' && outcome !== 'fits')
    return failedLive ? ACTIONS[last]!.degrade : ACTIONS[last]!.take
  }
  if (outcomes.length < order.length) return ACTIONS[outcomes.length]!.ask
  const held = outcomes.indexOf('degraded')
  return held === -1 ? FAIL : ACTIONS[held]!.degrade
}
