/**
 * Intervals by resampling whole days. Flights of one day share its weather, so a day is what could have come out otherwise,
 * not a flight.
 */

/** A figure of the held-out days, when each day counts as often as its weight says. */
export type Measure = (weights: Float64Array) => number

export interface Estimate {
  readonly value: number
  /** 95 % of the resampled values lie between these. */
  readonly low: number
  readonly high: number
}

/** How often each day counts: as many draws with replacement as there are days, so many times. The same seed gives the same draws. */
export function resampledDays(days: number, times: number, seed: number): readonly Float64Array[] {
  const random = randomFrom(seed)
  return Array.from({ length: times }, () => {
    const weights = new Float64Array(days)
    for (let i = 0; i < days; i++) weights[Math.floor(random() * days)]! += 1
    return weights
  })
}

/** The measure of the days as they were. */
export function value(measure: Measure, days: number): number {
  return measure(new Float64Array(days).fill(1))
}

/** The same with its interval. Differences of measures share the draws, so they are paired. */
export function estimate(measure: Measure, draws: readonly Float64Array[]): Estimate {
  const resampled = Float64Array.from(draws, measure).sort()
  return { value: value(measure, draws[0]?.length ?? 0), low: quantile(resampled, 0.025), high: quantile(resampled, 0.975) }
}

export function difference(a: Measure, b: Measure): Measure {
  return weights => a(weights) - b(weights)
}

/** Between the two nearest of ascending values, linearly. */
export function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)] as number, sorted[Math.ceil(place)] as number]
  return below + (above - below) * (place - Math.floor(place))
}

/** Mulberry32: numbers in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    const once = Math.imul(state ^ (state >>> 15), state | 1)
    const twice = once ^ (once + Math.imul(once ^ (once >>> 7), once | 61))
    return ((twice ^ (twice >>> 14)) >>> 0) / 4294967296
  }
}
