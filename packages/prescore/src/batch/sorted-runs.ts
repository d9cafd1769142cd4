/** Numbers of which some at once come sorted: what would be told of all of them in one ascending array, without one. */

/** Which of both holds the same numbers is no matter. */
export type SortedRun = Float32Array | Float64Array

export class SortedRuns {
  readonly #runs: SortedRun[] = []
  length = 0

  static of(...runs: readonly SortedRun[]): SortedRuns {
    const sorted = new SortedRuns()
    for (const run of runs) sorted.add(run)
    return sorted
  }

  /** @param run ascending, and without NaN */
  add(run: SortedRun): void {
    if (run.length === 0) return
    this.#runs.push(run)
    this.length += run.length
  }

  /** The number before which so many others stand; a zero without its sign. There must be one. */
  at(rank: number): number {
    const windows = this.#runs.map(run => ({ run, from: 0, to: run.length }))
    for (;;) {
      // The middle of the widest is among those that are left: at least as many fall away as half of it.
      const { run, from, to } = windows.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a))
      const pivot = run[(from + to) >> 1] as number
      if (rank < this.#countBelow(pivot)) for (const each of windows) each.to = Math.min(each.to, placeOf(each.run, pivot, false))
      else if (rank >= this.countUpTo(pivot)) for (const each of windows) each.from = Math.max(each.from, placeOf(each.run, pivot, true))
      else return pivot + 0
    }
  }

  /** How many are not above a limit. */
  countUpTo(limit: number): number {
    return this.#runs.reduce((count, run) => count + placeOf(run, limit, true), 0)
  }

  #countBelow(limit: number): number {
    return this.#runs.reduce((count, run) => count + placeOf(run, limit, false), 0)
  }
}

/** How many of the ascending numbers are below a limit, or up to it. */
function placeOf(run: SortedRun, limit: number, isUpTo: boolean): number {
  let [low, high] = [0, run.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const value = run[middle] as number
    if (value < limit || (isUpTo && value === limit)) low = middle + 1
    else high = middle
  }
  return low
}
