/** The runs of a prediction at moments of the past, one after the other. What is finished is kept: repeated, it goes on. */
import { PrescoreError } from '../base/index.ts'
import { freezeRelease } from '../release/index.ts'
import type { Estimate } from './estimate.ts'
import type { BatchPlace } from './place.ts'
import { laterServed } from './publish.ts'
import { estimateOf, isFinished, type RunOutcome, type RunRequest, runBatch } from './run.ts'

export interface BackfillRequest extends Omit<RunRequest, 'asOfUs' | 'onProgress'> {
  readonly fromUs: number
  /** The last as-of lies at or before it. */
  readonly toUs: number
  readonly everyUs: number
  /** Asked before each run for what is to be told of it. */
  readonly progressOf?: (asOfUs: number, at: number, of: number) => NonNullable<RunRequest['onProgress']>
}

/** Of one moment: the run, or that the data has no rows of then. */
export type BackfillOutcome = { readonly asOfUs: number } & ({ readonly outcome: RunOutcome } | { readonly empty: PrescoreError })

/** Runs of one backfill: a mistyped step must not plan millions. */
const RUNS_MAX = 10_000

/**
 * Never publishes a run of an earlier as-of than the one that is served. A moment without rows keeps none of the others back: of a feed that
 * failed for a day, the days after it are there.
 * @throws PrescoreError `wrong_use` for no moment or too many; what a run throws
 */
export async function backfill(place: BatchPlace, request: BackfillRequest): Promise<readonly BackfillOutcome[]> {
  const { fromUs, toUs, everyUs, progressOf, ...shared } = request
  const moments = momentsOf(request)
  const outcomes: BackfillOutcome[] = []
  for (const [at, asOfUs] of moments.entries()) {
    const publish = laterServed(place.store.catalog, { prediction: request.prediction, asOfUs }) === undefined ? request.publish : 'never'
    const told = progressOf === undefined ? {} : { onProgress: progressOf(asOfUs, at + 1, moments.length) }
    try {
      outcomes.push({ asOfUs, outcome: await runBatch(place, { ...shared, ...told, publish, asOfUs }) })
    } catch (error) {
      if (!(error instanceof PrescoreError) || error.code !== 'empty_population') throw error
      outcomes.push({ asOfUs, empty: error })
    }
  }
  return outcomes
}

/** What a backfill would take: its runs that are not finished, one after the other. */
export interface BackfillEstimate {
  readonly runs: number
  /** Of the others: they are there already. */
  readonly finished: number
  /** Of the last of those that are not; undefined: there is none. */
  readonly each: (Estimate & { readonly asOfUs: number }) | undefined
}

/**
 * One run is estimated, the last, as a rule the one with the most data before it. No run is made.
 * @throws PrescoreError as {@link backfill}
 */
export async function dryBackfill(place: BatchPlace, request: Omit<BackfillRequest, 'publish'>): Promise<BackfillEstimate> {
  const { fromUs, toUs, everyUs, progressOf, ...shared } = request
  const moments = momentsOf(request)
  const { release } = await freezeRelease(place.loaded, request.prediction, place.releases)
  const finished = new Set<number>()
  for (const run of request.repin === true ? [] : place.store.catalog.listRuns(request.prediction))
    if (isFinished(run) && run.release === release.hash && run.rescored === undefined) finished.add(run.asOfUs)
  const open = moments.filter(asOfUs => !finished.has(asOfUs))
  const asOfUs = open.at(-1)
  const each = asOfUs === undefined ? undefined : { asOfUs, ...(await estimateOf(place, { ...shared, asOfUs })) }
  return { runs: open.length, finished: moments.length - open.length, each }
}

function momentsOf({ fromUs, toUs, everyUs }: Pick<BackfillRequest, 'fromUs' | 'toUs' | 'everyUs'>): readonly number[] {
  const count = Math.floor((toUs - fromUs) / everyUs) + 1
  if (count >= 1 && count <= RUNS_MAX) return Array.from({ length: count }, (_, i) => fromUs + i * everyUs)
  const found = count < 1 ? 'no moment between them' : `${count} runs`
  throw new PrescoreError('wrong_use', { where: '--from, --to, --every', found, expected: `from 1 to ${RUNS_MAX} runs` })
}
