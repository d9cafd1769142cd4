/** The runs of a prediction at moments of the past, one after the other. What is finished is kept: repeated, it goes on. */
import { PrescoreError } from '../base/index.ts'
import type { BatchPlace } from './place.ts'
import { laterServed } from './publish.ts'
import { type RunOutcome, type RunRequest, runBatch } from './run.ts'

export interface BackfillRequest extends Omit<RunRequest, 'asOfUs' | 'onProgress'> {
  readonly fromUs: number
  /** The last as-of lies at or before it. */
  readonly toUs: number
  readonly everyUs: number
  /** Asked before each run for what is to be told of it. */
  readonly progressOf?: (asOfUs: number, at: number, of: number) => NonNullable<RunRequest['onProgress']>
}

/** Runs of one backfill: a mistyped step must not plan millions. */
const RUNS_MAX = 10_000

/** Never publishes a run of an earlier as-of than the one that is served. @throws PrescoreError `wrong_use` for no moment or too many; what a run throws */
export async function backfill(
  place: BatchPlace,
  request: BackfillRequest,
): Promise<readonly (RunOutcome & { readonly asOfUs: number })[]> {
  const { fromUs, toUs, everyUs, progressOf, ...shared } = request
  const moments = momentsOf(request)
  const outcomes: (RunOutcome & { readonly asOfUs: number })[] = []
  for (const [at, asOfUs] of moments.entries()) {
    const publish = laterServed(place.store.catalog, { prediction: request.prediction, asOfUs }) === undefined ? request.publish : 'never'
    const told = progressOf === undefined ? {} : { onProgress: progressOf(asOfUs, at + 1, moments.length) }
    outcomes.push({ asOfUs, ...(await runBatch(place, { ...shared, ...told, publish, asOfUs })) })
  }
  return outcomes
}

function momentsOf({ fromUs, toUs, everyUs }: BackfillRequest): readonly number[] {
  const count = Math.floor((toUs - fromUs) / everyUs) + 1
  if (count >= 1 && count <= RUNS_MAX) return Array.from({ length: count }, (_, i) => fromUs + i * everyUs)
  const found = count < 1 ? 'no moment between them' : `${count} runs`
  throw new PrescoreError('wrong_use', { where: '--from, --to, --every', found, expected: `from 1 to ${RUNS_MAX} runs` })
}
