/** What a rescored run keeps of the run that it goes on from: plain data, as it stands in its plan. */

/** `failed`: rows that the earlier run rejected. `missing`: keys of the population, as of the same moment, that it has no row for. */
export const RESCORED = ['failed', 'missing'] as const
export type RescoredSort = (typeof RESCORED)[number]

/** Bears on the run's id. */
export type RescoredOf = {
  /** The earlier run. */
  readonly run: string
  /** In the order of {@link RESCORED}. */
  readonly only: readonly RescoredSort[]
}

/** Rows computed anew, by sort, and those taken over; together the planned ones. */
export type RescoredRows = Readonly<Record<RescoredSort | 'taken', number>>

export type Rescored = RescoredOf & {
  readonly rows: RescoredRows
  /** The runs that computed what was taken over: the earlier one, and those that it had taken over from. */
  readonly origins: readonly string[]
  /** Missing feature values of the rows taken over, by feature. */
  readonly missing: Readonly<Record<string, number>>
  /** Data through of the earlier run. */
  readonly dataThroughUs: number | null
}

/** What a run's report and outcome tell of it. */
export type RescoredReport = RescoredOf & { readonly rows: RescoredRows }

export function rescoredRows({ run, only, rows }: Rescored): RescoredReport {
  return { run, only, rows }
}
