/** What became of the due times of a schedule, counted since its file was begun. */

/**
 * - `done`, `gated`, `failed`: how the run ended.
 * - `again`: it was interrupted, and is tried again.
 * - `overlapped`: not run, as another run of the prediction went on.
 * - `missed`: not run, as nobody was there to start it.
 * - `given_up`: interrupted, and a later due time took its place.
 */
export const DUE_OUTCOMES = ['done', 'gated', 'failed', 'again', 'overlapped', 'missed', 'given_up'] as const
export type DueOutcome = (typeof DUE_OUTCOMES)[number]
/** `late`: run, and started more than a minute after it was due. It has an outcome beside. */
export type TallyName = DueOutcome | 'late'
/** Due times that were not started in their time. */
export const MISFIRES = ['late', 'overlapped', 'missed', 'given_up'] as const satisfies readonly TallyName[]

export interface Tally {
  readonly count: number
  /** The last due time of these. */
  readonly dueUs: number
  /** When it came to that. */
  readonly atUs: number
}

export type Tallies = Readonly<Partial<Record<TallyName, Tally>>>

/** @param dueUs the due times that came to it, the latest first. */
export function tallied(tallies: Tallies, name: TallyName, [dueUs, ...more]: readonly number[], atUs: number): Tallies {
  if (dueUs === undefined) return tallies
  return { ...tallies, [name]: { count: (tallies[name]?.count ?? 0) + 1 + more.length, dueUs, atUs } }
}
