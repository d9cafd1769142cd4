import { formatInstant, PrescoreError } from '../../base/index.ts'
import type { LiveRequest, LiveScore, LiveScorer } from '../../live/index.ts'
import type { Inputs } from '../../project/index.ts'
import { type AnswerParts, movedTo, type Provenance, provenanceOf, type Reason } from '../answer.ts'
import { type Attempt, presentUs } from '../attempt.ts'
import { Breaker } from '../breaker.ts'
import { CallerSignal } from '../caller.ts'
import { statedAgeSeconds } from '../policy.ts'
import type { PublishedRun } from '../published.ts'
import { rowInputsReader } from '../row-inputs.ts'
import type { StepFactory } from './step.ts'

/**
 * The model, now, on features as of the request's moment. On a feed that lags more than max lag the answer lies outside of the policy.
 * Failures in a row open a breaker: for a while the step does not try. Who has left before it is his turn is not computed for.
 */
export const liveStep: StepFactory = ({ prediction, published, live, memory }) => {
  if (live === undefined) return undefined
  const breaker = new Breaker()
  const rowInputsOf = rowInputsReader(prediction, published)
  const { policy, name, entity: keyColumns = {} } = prediction
  const base = (release: string) =>
    provenanceOf(
      { prediction: name, keyColumns, source: 'live', computedBy: 'live' },
      { asOfUs: 0, dataThroughUs: null, release, run: null },
    )
  let provenance: { readonly release: string; readonly base: Provenance } | undefined

  /** Of many answers it is the same moment, and its text takes a while to make. */
  let through: { readonly us: number | null; readonly text: string | null } = { us: null, text: null }
  const throughText = (us: number | null): string | null => {
    if (us !== through.us) through = { us, text: us === null || us === Number.NEGATIVE_INFINITY ? null : formatInstant(us) }
    return through.text
  }

  const answered = (attempt: Attempt, scorer: LiveScorer, score: LiveScore): AnswerParts => {
    breaker.succeeded()
    if (provenance?.release !== scorer.release) provenance = { release: scorer.release, base: base(scorer.release) }
    const nowUs = presentUs(attempt)
    const reason = standstill(score) ?? flaw(score) ?? lagReason(score.dataThroughUs, nowUs, policy.maxLagUs) ?? unknownKey(attempt, score)
    const plain: AnswerParts = {
      provenance: movedTo(provenance.base, attempt.asOfUs, throughText(score.dataThroughUs)),
      key: attempt.key,
      valueText: score.valueText,
      ageSeconds: statedAgeSeconds(nowUs - attempt.asOfUs),
    }
    const isPlain = reason === undefined && attempt.attributes === undefined && attempt.trace === undefined
    const parts = isPlain ? plain : { ...plain, ...extrasOf(attempt, scorer, score, reason) }
    if (reason === undefined) memory?.remember(attempt, parts)
    return parts
  }
  /** A key of the published run is known to have nothing. */
  const unknownKey = (attempt: Attempt, { isOfUnknownKey }: LiveScore): Reason | undefined =>
    isOfUnknownKey !== true || isStored(attempt, published) ? undefined : UNKNOWN_KEY
  const failed = (thrown: unknown): never => {
    if (thrown instanceof PrescoreError) breaker.failed(thrown)
    throw thrown
  }

  return (attempt: Attempt) => {
    if (attempt.caller?.destroyed === true) throw new PrescoreError('cancelled')
    const open = breaker.obstacle()
    if (open !== undefined) throw open
    try {
      const scorer = live()
      const score = scorer.score(requestOf(attempt, rowInputsOf?.(attempt)))
      if (!(score instanceof Promise)) return answered(attempt, scorer, score)
      return score.then(each => answered(attempt, scorer, each), failed)
    } catch (error) {
      return failed(error)
    }
  }
}

const UNKNOWN_KEY: Reason = Object.freeze({
  code: 'unknown_key',
  message: 'Nothing is known of this key: no event, no row and no stored answer. Its features are missing.',
})

function isStored({ keyBytes, stored }: Attempt, published: PublishedRun): boolean {
  if (stored !== undefined) return true
  try {
    return keyBytes !== undefined && published.current()?.run.text(keyBytes) !== undefined
  } catch (error) {
    // What a store that cannot be read may have of it is not known.
    if (error instanceof PrescoreError) return false
    throw error
  }
}

function requestOf({ key, inputs: given, attributes, asOfUs, deadlineAtMs, caller }: Attempt, rowInputs: Inputs | undefined): LiveRequest {
  const inputs = rowInputs === undefined ? given : { ...rowInputs, ...given }
  const signal = caller === undefined ? undefined : new CallerSignal(caller)
  return { key, inputs, attributes, asOfUs, deadlineAtMs, signal }
}

function extrasOf(
  { attributes, trace }: Attempt,
  scorer: LiveScorer,
  score: LiveScore,
  reason: Reason | undefined,
): Pick<AnswerParts, 'reason' | 'whatIf' | 'explain'> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(attributes === undefined ? {} : { whatIf: true as const }),
    ...(trace === undefined ? {} : { explain: { steps: [], features: featuresOf(scorer, score) } }),
  }
}

/** A feed that has failed is behind all that arrives, whatever the policy allows. */
function standstill({ feedFailure }: LiveScore): Reason | undefined {
  return feedFailure === undefined ? undefined : { code: 'ingest_lag', message: `Its feed stands still (${feedFailure.code}).` }
}

/** An event that a feature cannot take is passed over, and a run that reads it refuses it. */
function flaw({ isFlawed }: LiveScore): Reason | undefined {
  const message = 'An event of this key was passed over: a feature cannot take it without loss. See `passedOver` of its source.'
  return isFlawed === true ? { code: 'lossy_cast', message } : undefined
}

/** Whatever was read of a feed that is behind may have changed since. */
function lagReason(dataThroughUs: number | null, nowUs: number, maxLagUs: number | undefined): Reason | undefined {
  if (maxLagUs === undefined || dataThroughUs === null || nowUs - dataThroughUs <= maxLagUs) return undefined
  const read = Number.isFinite(dataThroughUs) ? `Data was read up to ${statedAgeSeconds(nowUs - dataThroughUs)} s ago` : 'No data was read'
  return { code: 'ingest_lag', message: `${read}; max lag is ${maxLagUs / 1_000_000} s.` }
}

function featuresOf({ featureNames }: LiveScorer, { features }: LiveScore): Record<string, number | null> {
  return Object.fromEntries(featureNames.map((name, i) => [name, Number.isFinite(features[i]) ? (features[i] as number) : null]))
}
