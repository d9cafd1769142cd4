/** How many different values there are by key and window: a value belongs to the shortest window that holds one of its events. */
import type { BandColumn } from './band-extremes.ts'
import type { BandedEvents } from './bands.ts'
import { ValueTable } from './value-table.ts'

/** @param keyOf the key of each row to write. @param windows the shortest first. */
export function writeDistinct(events: BandedEvents, keyOf: Int32Array, windows: readonly BandColumn[]): void {
  const { bands, starts, values } = events
  const table = new ValueTable()
  for (let row = 0; row < keyOf.length; row++) {
    const first = keyOf[row]! * bands
    let count = 0
    let at = starts[first]!
    table.clear(starts[first + bands]! - at)
    for (const { band, values: results } of windows) {
      const end = starts[first + band + 1]!
      for (; at < end; at++) {
        const value = values[at]!
        if (value !== value) continue
        const slot = table.slotOf(value)
        if (table.numbers[slot] === 0) table.numbers[slot] = ++count
      }
      results[row] = count
    }
  }
}
