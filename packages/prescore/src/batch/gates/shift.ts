/**
 * Whether the values of a run lie as those of the run that is served: the population stability index over the bins of that run.
 *
 * The index of two samples of the same distribution is not 0: times 1 / (1/n + 1/m) it is about chi-square with as many degrees of
 * freedom as there are bins less one. A fixed limit would cry wolf on small runs, so what chance gives in 99 of 100 cases is allowed.
 */
import type { SortedRuns } from '../sorted-runs.ts'
import type { Finding } from './finding.ts'

/** Bins of a distribution: values up to each edge, from the edge before; the last bin is what lies above. */
export type Distribution = {
  readonly edges: readonly number[]
  readonly counts: readonly number[]
}

/** Counts of two runs in the same bins. */
export interface Compared {
  readonly counts: readonly number[]
  readonly reference: readonly number[]
  /** Names the run that is served. */
  readonly run: string
}

/** With 20 bins chance alone would need 760 rows to fall below 0.025; with 10, 360. */
const BINS = 10
/** Of the standard normal distribution, at 99 %. */
const Z_99 = 2.326

/** Bins of about equal counts. Values that repeat stay in one bin. */
export function distributionOf(sorted: SortedRuns): Distribution {
  const at = (share: number) => sorted.at(Math.ceil(share * sorted.length) - 1)
  const quantiles = () => Array.from({ length: BINS - 1 }, (_, i) => at((i + 1) / BINS))
  const edges = sorted.length === 0 ? [] : [...new Set(quantiles())]
  const ends = [...edges.map(edge => sorted.countUpTo(edge)), sorted.length]
  return { edges, counts: ends.map((end, bin) => end - (ends[bin - 1] ?? 0)) }
}

/** The bin of a value: the first whose edge is not below it. */
export function binOf(edges: readonly number[], value: number): number {
  let [low, high] = [0, edges.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((edges[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

/** Empty bins count as half a row, so that the index is finite. */
export function stabilityIndex(counts: readonly number[], reference: readonly number[]): number {
  const shares = (all: readonly number[]) => {
    const total = all.reduce((a, b) => a + b, 0) + all.length / 2
    return all.map(count => (count + 0.5) / total)
  }
  const [now, before] = [shares(counts), shares(reference)]
  return now.reduce((sum, share, i) => sum + (share - (before[i] as number)) * Math.log(share / (before[i] as number)), 0)
}

/** What the index of two samples of one distribution stays below in 99 of 100 cases. */
export function chanceIndex(rows: number, referenceRows: number, bins: number): number {
  const freedom = bins - 1
  if (freedom === 0) return 0
  const spread = 2 / (9 * freedom)
  const chiSquare = freedom * (1 - spread + Z_99 * Math.sqrt(spread)) ** 3
  return (1 / rows + 1 / referenceRows) * chiSquare
}

export function checkShift(limit: number, compared: Compared | string): Finding {
  const gate = 'shift'
  if (typeof compared === 'string') return { gate, passed: true, found: compared, expected: `an index of at most ${limit}` }
  const { counts, reference, run } = compared
  const [rows, before] = [counts, reference].map(all => all.reduce((a, b) => a + b, 0)) as [number, number]
  const index = stabilityIndex(counts, reference)
  const chance = chanceIndex(rows, before, counts.length)
  const allowed = Math.max(limit, chance)
  const by = chance > limit ? `${limit}, and ${figure(chance)} by chance with so few rows` : String(limit)
  const found = `a stability index of ${figure(index)} against run ${run.slice(0, 12)} (${rows} and ${before} values, ${counts.length} bins)`
  return { gate, passed: index <= allowed, found, expected: `at most ${by}` }
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}
