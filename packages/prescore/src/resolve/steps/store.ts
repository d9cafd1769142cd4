import { inputFingerprint, keyJson, readInputs } from '../../project/index.ts'
import { type Attempt, ageAtAsOfUs, type Obstacle, presentUs } from '../attempt.ts'
import { isFresh, statedAgeSeconds } from '../policy.ts'
import type { ServedRun } from '../published.ts'
import type { StepFactory } from './step.ts'

/**
 * The published run's answer, while it is fresh and was computed with the inputs that the request gives. An older one is left in
 * `attempt.stored` for the stale step.
 */
export const storeStep: StepFactory = ({ prediction, published }) => {
  const { name, entity, inputs: kinds } = prediction
  if (entity === undefined) return undefined
  const takesInputs = Object.keys(kinds).length > 0

  /** The value of the key, if it was computed with what the request gives. */
  const find = (attempt: Attempt, { run }: ServedRun): string | Obstacle['code'] => {
    if (attempt.keyBytes === undefined) return 'unknown_key'
    if (!takesInputs) return run.text(attempt.keyBytes) ?? 'unknown_key'
    const entry = run.entry(attempt.keyBytes)
    if (entry === undefined) return 'unknown_key'
    const { valueText, fingerprint, inputsText } = entry
    attempt.rowInputs = inputsText === undefined ? {} : readInputs(kinds, inputsText)
    if (Object.keys(attempt.inputs).length === 0) return valueText
    const asked = inputFingerprint(kinds, { ...attempt.rowInputs, ...attempt.inputs })
    return fingerprint !== undefined && asked.equals(fingerprint) ? valueText : 'inputs_differ'
  }

  return (attempt: Attempt) => {
    const served = published.current()
    if (served === undefined) {
      attempt.obstacle = { code: 'nothing_published', details: { where: name } }
      return undefined
    }
    const found = find(attempt, served)
    if (found === 'unknown_key' || found === 'inputs_differ') {
      attempt.obstacle = { code: found, details: { where: `${name} ${keyJson(entity, attempt.key ?? {})}` } }
      return undefined
    }
    const { asOfUs } = served.run.header
    const ageUs = ageAtAsOfUs(attempt, asOfUs)
    if (ageUs < 0 && attempt.asOfUs !== attempt.nowUs) {
      attempt.obstacle = { code: 'as_of_out_of_range', details: { where: name, found: 'a stored answer of a later moment' } }
      return undefined
    }
    attempt.stored = { served, valueText: found, ageUs }
    if (!isFresh(ageUs, attempt.maxAgeUs)) return undefined
    return { provenance: served.fresh, key: attempt.key, valueText: found, ageSeconds: statedAgeSeconds(presentUs(attempt) - asOfUs) }
  }
}
