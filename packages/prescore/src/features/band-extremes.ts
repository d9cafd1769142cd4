/** The greatest (or least) value by key and band. */
import { type BandedEvents, NO_BAND } from './bands.ts'

/** What is written of one window. */
export interface BandColumn {
  readonly band: number
  readonly values: Float64Array
}

/** @param sign 1: the greatest; -1: the least. @param windows the shortest first. */
export function writeExtremes(events: BandedEvents, sign: 1 | -1, keyOf: Int32Array, windows: readonly BandColumn[]): void {
  const { bands } = events
  const greatest = greatestOf(events, sign)
  for (let row = 0; row < keyOf.length; row++) {
    const key = keyOf[row]!
    if (key < 0) continue
    let best = Number.NaN
    let seen = 0
    for (const { band, values } of windows) {
      for (; seen <= band; seen++) {
        const other = greatest[key * bands + seen]!
        if (other === other && !(best >= other)) best = other
      }
      values[row] = sign * best
    }
  }
}

/** NaN where there is none. */
function greatestOf({ keys, bands, keyOf, bandOf, values }: BandedEvents, sign: 1 | -1): Float64Array {
  const greatest = new Float64Array(keys * bands).fill(Number.NaN)
  for (let i = 0; i < keyOf.length; i++) {
    const [key, band] = [keyOf[i]!, bandOf[i]!]
    if (key < 0 || band === NO_BAND) continue
    const at = key * bands + band
    const value = sign * values[i]!
    if (!(greatest[at]! >= value)) greatest[at] = value
  }
  return greatest
}
