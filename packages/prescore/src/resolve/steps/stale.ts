import { type Attempt, presentUs } from '../attempt.ts'
import { statedAgeSeconds } from '../policy.ts'
import type { StepFactory } from './step.ts'

/** The published run's answer, although it is older than max age: degraded, and it says so. Stands after the store step, which read it. */
export const staleStep: StepFactory = () => (attempt: Attempt) => {
  const { stored, maxAgeUs = 0, key } = attempt
  if (stored === undefined) return undefined
  const ageSeconds = statedAgeSeconds(presentUs(attempt) - stored.served.run.header.asOfUs)
  const message = `The stored answer is ${ageSeconds} s old; max age is ${maxAgeUs / 1_000_000} s.`
  return { provenance: stored.served.stale, key, valueText: stored.valueText, ageSeconds, reason: { code: 'stale', message } }
}
