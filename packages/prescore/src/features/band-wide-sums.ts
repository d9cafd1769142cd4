/** Counts and sums by key and window, of values of any range, with infinities. */
import type { BandSumWindow } from './band-sums.ts'
import type { BandedEvents } from './bands.ts'
import { ExactSum } from './exact-sum.ts'
import { type BitRange, squaresOf } from './sum.ts'
import { writeSums } from './sum-columns.ts'

/** @param range of the values. @param keyOf the key of each row to write. @param windows the shortest first. */
export function writeWideSums(events: BandedEvents, range: BitRange, keyOf: Int32Array, windows: readonly BandSumWindow[]): void {
  const { bands, starts, values } = events
  const [sum, squares] = [new ExactSum(range), new ExactSum(squaresOf(range))]
  const withSquares = windows.some(({ columns }) => columns.std !== undefined)
  for (let row = 0; row < keyOf.length; row++) {
    const first = keyOf[row]! * bands
    let count = 0
    let at = starts[first]!
    sum.clear()
    squares.clear()
    for (const { band, columns } of windows) {
      const end = starts[first + band + 1]!
      for (; at < end; at++) {
        const value = values[at]!
        if (value !== value) continue
        count++
        sum.add(value)
        if (withSquares) squares.addSquare(value)
      }
      writeSums(columns, row, count, sum, squares)
    }
  }
}
