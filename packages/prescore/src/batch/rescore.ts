/**
 * Rescoring: a new run, of the same as-of and release as an earlier one, that computes only the keys that are asked for over the
 * sources as they are now, and takes the other rows of the earlier run over as they are. Both runs stay what they are.
 */
import { formatInstant, PrescoreError } from '../base/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import type { RunRecord } from '../stores/index.ts'
import type { BatchPlace } from './place.ts'
import type { Rescoring } from './plan.ts'
import { mergedPopulation } from './rescore-population.ts'
import { RESCORED, type RescoredOf, type RescoredSort } from './rescored.ts'
import { openRun } from './stored-run.ts'

export interface RescoreRequest {
  /** The earlier run: its id, or a beginning that no other has. */
  readonly run: string
  /** Left out: all of {@link RESCORED}. */
  readonly only?: readonly RescoredSort[]
}

/**
 * The as-of of a rescore, which is that of the earlier run.
 * @param asOfUs what was asked for, if anything
 * @throws PrescoreError `run_not_found`; `invalid_value` for another as-of, or a run of another prediction
 */
export function rescoredAsOf({ store }: Pick<BatchPlace, 'store'>, prediction: string, run: string, asOfUs: number | undefined): number {
  const record = store.catalog.getRun(run)
  refuseOther(record, prediction)
  if (asOfUs === undefined || asOfUs === record.asOfUs) return record.asOfUs
  throw new PrescoreError('invalid_value', {
    where: `a rescore of run ${record.id}`,
    found: `as of ${formatInstant(asOfUs)}`,
    expected: `as of ${formatInstant(record.asOfUs)}: all rows of a run share one as-of`,
    fix: 'Leave --as-of out, or run the whole prediction as of that moment.',
  })
}

/**
 * What planning needs of the earlier run, whose files are read only when there is no plan yet.
 * @throws PrescoreError `run_not_found`; `invalid_value` for a run of another prediction, release or as-of
 */
export function rescoringOf(place: BatchPlace, prediction: PredictionDefinition, release: Release, request: RescoreRequest): Rescoring {
  const record = place.store.catalog.getRun(request.run)
  refuseOther(record, prediction.name)
  refuseOtherRelease(record, release)
  const of = rescoredOf(record, request)
  return {
    of,
    population: async (folder, now) =>
      mergedPopulation({ database: place.database, earlier: await openRun(place, of.run), of, folder, now }),
  }
}

function rescoredOf({ id }: RunRecord, { only = RESCORED }: RescoreRequest): RescoredOf {
  return { run: id, only: RESCORED.filter(sort => only.includes(sort)) }
}

function refuseOther({ id, prediction: found }: RunRecord, prediction: string): void {
  if (found === prediction) return
  throw new PrescoreError('invalid_value', {
    where: `run ${id}`,
    found: `a run of ${found}`,
    expected: `one of ${prediction}`,
    fix: 'See `prescore runs` for those of this prediction.',
  })
}

function refuseOtherRelease({ id, release: found, asOfUs }: RunRecord, { hash, prediction }: Release): void {
  if (found === hash) return
  throw new PrescoreError('invalid_value', {
    where: `run ${id}`,
    found: `release ${found}`,
    expected: `${hash}, which the project makes now: all rows of a run share one release`,
    fix: `Run all keys with it: \`prescore run ${prediction} --as-of ${formatInstant(asOfUs)}\`.`,
  })
}
