/** Counts and sums by key and band, of values of any range, with infinities. */
import type { BandSumWindow } from './band-sums.ts'
import { type BandedEvents, NO_BAND } from './bands.ts'
import { ExactSum } from './exact-sum.ts'
import { groupRows } from './segments.ts'
import { type BitRange, squaresOf } from './sum.ts'
import { writeSums } from './sum-columns.ts'

/** @param range of the values. @param keyOf the key of each row to write. @param windows the shortest first. */
export function writeWideSums(events: BandedEvents, range: BitRange, keyOf: Int32Array, windows: readonly BandSumWindow[]): void {
  const { keys, bandOf, values } = events
  const of = groupRows(events.keyOf, keys)
  const [sum, squares] = [new ExactSum(range), new ExactSum(squaresOf(range))]
  const withSquares = windows.some(({ columns }) => columns.std !== undefined)
  for (let row = 0; row < keyOf.length; row++) {
    const key = keyOf[row]!
    if (key < 0) continue
    let count = 0
    let seen = 0
    sum.clear()
    squares.clear()
    for (const { band, columns } of windows) {
      for (let i = of.starts[key]!; i < of.starts[key + 1]!; i++) {
        const event = of.rows[i]!
        const own = bandOf[event]!
        if (own === NO_BAND || own < seen || own > band) continue
        count++
        sum.add(values[event]!)
        if (withSquares) squares.addSquare(values[event]!)
      }
      seen = band + 1
      writeSums(columns, row, count, sum, squares)
    }
  }
}
