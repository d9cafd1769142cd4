/** How many different values there are by key and window: a value belongs to the shortest window that holds one of its events. */
import type { BandColumn } from './band-extremes.ts'
import { type BandedEvents, NO_BAND } from './bands.ts'
import { groupRows } from './segments.ts'
import { ValueTable } from './value-table.ts'

/** @param windows the shortest first. */
export function writeDistinct(events: BandedEvents, keyOf: Int32Array, windows: readonly BandColumn[]): void {
  const { bands } = events
  const counts = distinctByBand(events)
  for (let row = 0; row < keyOf.length; row++) {
    const key = keyOf[row]!
    if (key < 0) continue
    let count = 0
    let seen = 0
    for (const { band, values } of windows) {
      for (; seen <= band; seen++) count += counts[key * bands + seen]!
      values[row] = count
    }
  }
}

/** By key and band: the values that no shorter window holds. */
function distinctByBand({ keys, bands, keyOf, bandOf, values }: BandedEvents): Int32Array {
  const counts = new Int32Array(keys * bands)
  const { starts, rows } = groupRows(keyOf, keys)
  const table = new ValueTable()
  for (let key = 0; key < keys; key++) {
    table.clear(starts[key + 1]! - starts[key]!)
    for (let i = starts[key]!; i < starts[key + 1]!; i++) {
      const event = rows[i]!
      const band = bandOf[event]!
      if (band === NO_BAND) continue
      const slot = table.slotOf(values[event]!)
      const known = table.numbers[slot]!
      // A new value has 0; bands count from 1 here.
      if (known !== 0 && known <= band + 1) continue
      if (known !== 0) counts[key * bands + known - 1] = counts[key * bands + known - 1]! - 1
      counts[key * bands + band] = counts[key * bands + band]! + 1
      table.numbers[slot] = band + 1
    }
  }
  return counts
}
