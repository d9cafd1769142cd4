import { provenanceOf } from '../answer.ts'
import { type Attempt, reasonOf } from '../attempt.ts'
import type { StepFactory } from './step.ts'

/** The declared default, when nothing else can answer: degraded, of no run and no age. */
export const defaultStep: StepFactory = ({ prediction: { name, entity = {}, policy } }) => {
  const { default: declared } = policy
  if (declared === undefined) return undefined
  const provenance = provenanceOf({ prediction: name, keyColumns: entity, source: 'default', computedBy: null }, null)
  const valueText = JSON.stringify(declared.value)
  return ({ key, attributes, obstacle }: Attempt) => ({
    provenance,
    key,
    valueText,
    ageSeconds: null,
    ...(attributes === undefined ? {} : { whatIf: true as const }),
    reason: declared.reason === undefined ? reasonOf(obstacle) : { code: obstacle.code, message: declared.reason },
  })
}
