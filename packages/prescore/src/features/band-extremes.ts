/** The greatest (or least) value by key and window. */
import type { BandedEvents } from './bands.ts'

/** What is written of one window. */
export interface BandColumn {
  readonly band: number
  readonly values: Float64Array
}

/** @param sign 1: the greatest; -1: the least. @param keyOf the key of each row to write. @param windows the shortest first. */
export function writeExtremes(events: BandedEvents, sign: 1 | -1, keyOf: Int32Array, windows: readonly BandColumn[]): void {
  const { bands, starts, values } = events
  for (let row = 0; row < keyOf.length; row++) {
    const first = keyOf[row]! * bands
    let best = Number.NaN
    let at = starts[first]!
    for (const { band, values: results } of windows) {
      const end = starts[first + band + 1]!
      for (; at < end; at++) {
        const other = sign * values[at]!
        if (!(best >= other) && other === other) best = other
      }
      results[row] = sign * best
    }
  }
}
