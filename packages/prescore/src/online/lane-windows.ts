/** Where the results of a lane's windows go. */
import type { Cell, Statistic, SumColumns, Window } from '../features/index.ts'
import type { EndEvent } from './end-event.ts'

/** A cell that wants the last value but some, or the most frequent. */
export interface RankedCell {
  readonly cell: number
  readonly statistic: Statistic
  readonly rank: number
}

/** Of one window: one element each. */
export interface WindowResults {
  readonly window: Window
  /** As of the moment at hand. */
  startUs: number
  readonly sums: SumColumns
  readonly min: Float64Array | undefined
  readonly max: Float64Array | undefined
  /** The cell of the first value. */
  readonly first: number
  readonly last: number
  readonly ranked: readonly RankedCell[]
  readonly sinceLast: Float64Array | undefined
  readonly distinct: Float64Array | undefined
}

/** The cells by window, the shortest first. */
export function windowsOf(cells: readonly Cell[], results: readonly Float64Array[]): WindowResults[] {
  const windows = [...new Set(cells.map(({ window }) => window))].sort((a, b) => a.longestUs - b.longestUs)
  return windows.map(window => {
    const own = cells.flatMap((each, cell) => (each.window === window ? [{ ...each, cell }] : []))
    const cellOf = (statistic: Statistic) => own.find(each => each.statistic === statistic && each.rank === 1)?.cell ?? -1
    const ranked = own.filter(({ statistic, rank }) => statistic === 'mode' || rank > 1)
    const of = (statistic: Statistic) => results[cellOf(statistic)]
    const sums = { count: of('count'), sum: of('sum'), mean: of('mean'), std: of('std') }
    const ends = { first: cellOf('first'), last: cellOf('last'), sinceLast: of('timeSinceLast') }
    return { window, startUs: 0, sums, min: of('min'), max: of('max'), ...ends, ranked, distinct: of('distinct') }
  })
}

export interface Written {
  readonly results: readonly Float64Array[]
  readonly texts: (string | undefined)[]
}

export function writeEnd({ results, texts }: Written, cell: number, { isThere, value, text }: EndEvent): void {
  results[cell]![0] = isThere ? value : Number.NaN
  texts[cell] = text
}
