import { parseInstantUs } from '../../base/index.ts'
import { type Attempt, ageAtAsOfUs, presentUs } from '../attempt.ts'
import { isFresh, statedAgeSeconds } from '../policy.ts'
import type { StepFactory } from './step.ts'

/** What was answered live a moment ago with the release that answers now, while it is fresh, and what it was computed from does not lag. */
export const memoryStep: StepFactory = ({ memory, live, prediction: { policy } }) => {
  if (memory === undefined) return undefined
  const isOfNow = (release: string | null): boolean => {
    try {
      return live === undefined || live().release === release
    } catch {
      // Nothing answers live now: what was answered stands.
      return true
    }
  }
  return (attempt: Attempt) => {
    const found = memory.recall(attempt)
    if (found === undefined || !isFresh(ageAtAsOfUs(attempt, found.asOfUs), attempt.maxAgeUs)) return undefined
    const { provenance } = found.parts
    if (!isOfNow(provenance.release)) return undefined
    const nowUs = presentUs(attempt)
    const throughUs = provenance.dataThrough === null ? undefined : parseInstantUs(provenance.dataThrough)
    if (throughUs !== undefined && !isFresh(nowUs - throughUs, policy.maxLagUs)) return undefined
    const ageSeconds = statedAgeSeconds(nowUs - found.asOfUs)
    const json = { ...provenance.json, beforeAge: provenance.json.beforeAge.replace('"source":"live"', '"source":"memory"') }
    return { ...found.parts, key: attempt.key, ageSeconds, provenance: { ...provenance, source: 'memory', json } }
  }
}
