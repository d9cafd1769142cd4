/** Counts of values by size, in plain numbers: what a histogram says when it is asked. */
export class Buckets {
  /** Upper bounds, ascending; what is greater than all is in a last bucket of its own. */
  readonly bounds: readonly number[]
  readonly counts: Float64Array
  sum = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.counts = new Float64Array(bounds.length + 1)
  }

  add(value: number, times = 1): void {
    const { bounds, counts } = this
    let i = 0
    while (i < bounds.length && value > bounds[i]!) i++
    counts[i]! += times
    this.sum += value * times
  }

  get count(): number {
    return this.counts.reduce((sum, each) => sum + each, 0)
  }
}
