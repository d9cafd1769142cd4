import type { AnswerParts } from '../answer.ts'
import { type Attempt, presentUs } from '../attempt.ts'
import { statedAgeSeconds } from '../policy.ts'
import type { StepFactory } from './step.ts'

/** A human's value for the key, until it expires; whatever the inputs. */
export const overrideStep: StepFactory = ({ standing }) => {
  if (standing === undefined) return undefined
  return (attempt: Attempt): AnswerParts | undefined => {
    if (attempt.keyBytes === undefined) return undefined
    const found = standing.find(attempt.keyBytes)
    if (found === undefined || found.expiresAtUs <= presentUs(attempt)) return undefined
    const { provenance, valueText, note: override } = found
    return { provenance, key: attempt.key, valueText, ageSeconds: statedAgeSeconds(presentUs(attempt) - found.setAtUs), override }
  }
}
