/** The rules of resolution, as pure functions: in which order steps are asked, and what is fresh. */
import type { Mode } from '../project/index.ts'

/**
 * What may answer a request. `override`: a human's. `memory`: what was answered lately. `store`: the published run, while it is
 * fresh. `live`: the model, now. `stale`: the published run, whatever its age. `default`: the declared default.
 */
export type StepName = 'override' | 'memory' | 'store' | 'live' | 'stale' | 'default'

/** What a request would rather have: `store` is the mode's own order, `live` asks the model before anything computed earlier. */
export type Preference = 'store' | 'live'

export const PREFERENCES: readonly Preference[] = ['store', 'live']

const ORDERS: Readonly<Record<Preference, readonly StepName[]>> = {
  store: ['override', 'memory', 'store', 'live', 'stale', 'default'],
  live: ['override', 'live', 'memory', 'store', 'stale', 'default'],
}

const LEFT_OUT: Readonly<Record<Mode, readonly StepName[]>> = { hybrid: [], batch: ['live'], live: ['store', 'stale'] }

/** The steps of a request, in order: the first that has an answer gives it. */
export function stepOrder(mode: Mode, preference: Preference = 'store'): readonly StepName[] {
  return ORDERS[preference].filter(step => !LEFT_OUT[mode].includes(step))
}

/** The steps of a request that sets attributes: what nobody stored, and no human judged. */
export const WHAT_IF_ORDER: readonly StepName[] = Object.freeze(['live', 'default'])

/** Whether an answer of this age may be called fresh; without a max age, all are. */
export function isFresh(ageUs: number, maxAgeUs: number | undefined): boolean {
  return maxAgeUs === undefined || ageUs <= maxAgeUs
}

/** The age that an answer states: whole seconds, rounded up, so that it is never fresher than it says; 0 for an as-of to come. */
export function statedAgeSeconds(ageUs: number): number {
  return ageUs <= 0 ? 0 : Math.ceil(ageUs / 1_000_000)
}
