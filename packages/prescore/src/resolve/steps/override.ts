import { formatInstant } from '../../base/index.ts'
import type { KeyColumns } from '../../project/index.ts'
import type { Overrides } from '../../stores/index.ts'
import { type AnswerParts, type OverrideNote, type Provenance, provenanceOf } from '../answer.ts'
import { type Attempt, presentUs } from '../attempt.ts'
import { statedAgeSeconds } from '../policy.ts'
import type { StepFactory } from './step.ts'

/** A human value, as it stands in memory. */
interface Standing {
  readonly provenance: Provenance
  readonly valueText: string
  readonly setAtUs: number
  readonly expiresAtUs: number
  readonly note: OverrideNote
}

/**
 * A human's value for the key, until it expires; whatever the inputs. What was set in another process is seen at once: a version is
 * compared for the first request of a turn of the event loop.
 */
export const overrideStep: StepFactory = ({ prediction: { name, entity }, overrides, catalog }) => {
  if (entity === undefined) return undefined
  let snapshot: number | undefined
  let version: string | undefined
  let standing: ReadonlyMap<string, Standing> = new Map()
  const follow = (): void => {
    const now = catalog.snapshot()
    if (now === snapshot) return
    snapshot = now
    const current = overrides.version(name)
    if (current === version) return
    standing = standingOf(overrides, name, entity)
    version = current
  }
  return (attempt: Attempt): AnswerParts | undefined => {
    follow()
    if (standing.size === 0 || attempt.keyBytes === undefined) return undefined
    const found = standing.get(attempt.keyBytes.toString('hex'))
    if (found === undefined || found.expiresAtUs <= presentUs(attempt)) return undefined
    const { provenance, valueText, note: override } = found
    return { provenance, key: attempt.key, valueText, ageSeconds: statedAgeSeconds(presentUs(attempt) - found.setAtUs), override }
  }
}

function standingOf(overrides: Overrides, name: string, keyColumns: KeyColumns): Map<string, Standing> {
  const all = overrides.list(name).map(({ key, valueText, author, reason, setAtUs, expiresAtUs }) => {
    const making = { asOfUs: setAtUs, dataThroughUs: null, release: null, run: null }
    const provenance = provenanceOf({ prediction: name, keyColumns, source: 'override', computedBy: 'human' }, making)
    const note = { author, reason, expiresAt: expiresAtUs === null ? null : formatInstant(expiresAtUs) }
    return [key, { provenance, valueText, setAtUs, expiresAtUs: expiresAtUs ?? Number.POSITIVE_INFINITY, note }] as const
  })
  return new Map(all)
}
