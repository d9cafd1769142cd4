/** Chooses how the sums of a lane are held: in the fewest parts that are exact for its values, or wide. */
import { highestBitOf, lowestBitOf, powerOfTwo } from './doubles.ts'
import { type Grid, gridOf } from './grid.ts'
import { PrefixSums } from './prefix-sums.ts'
import type { Room } from './room.ts'
import { longest } from './segments.ts'
import { type BitRange, canSplit, squaresOf } from './sum.ts'
import type { SumColumns, SumWindow } from './sum-columns.ts'
import { type Lane, sweepWindow } from './sweep.ts'
import type { Questions } from './timeline.ts'
import { WideSums } from './wide-sums.ts'

/** Longer records are slower than limbs. */
const RECORD_MAX = 12
/** Longer prefixes leave the caches far behind: 32 MiB. */
const PREFIXES_MAX = 1 << 22
/** Of a power of two that is a double. */
const EXPONENT_MAX = 1023
/** No bits: no parts. */
const NOTHING: BitRange = { lowest: 0, highest: -1 }

/** Writes the columns of all windows. */
export function computeSums(lane: Lane, questions: Questions, windows: readonly SumWindow[], room: Room): void {
  const most = longest(lane.timeline.starts)
  const { range, grids } = sumForm(
    lane.values,
    most,
    windows.map(({ columns }) => columns),
  )
  if (grids !== undefined && grids.record * most <= PREFIXES_MAX)
    new PrefixSums(lane, questions, grids.grid, grids.squares, room).write(windows)
  else for (const { exits, columns } of windows) sweepWindow(lane, questions, exits, new WideSums(columns, range))
}

/** How the sums of a lane are held. */
export interface SumForm {
  /** Of the values. */
  readonly range: BitRange
  /** How they and their squares are cut, and how many doubles that makes of one, with the count. Undefined: they need wide sums. */
  readonly grids: { readonly grid: Grid; readonly squares: Grid; readonly record: number } | undefined
}

/** @param most of a key. */
export function sumForm(values: Float64Array, most: number, columns: readonly SumColumns[]): SumForm {
  const withSquares = columns.some(({ std }) => std !== undefined)
  const withSums = withSquares || columns.some(({ sum, mean }) => sum !== undefined || mean !== undefined)
  const range = withSums ? rangeOf(values) : NOTHING
  if (!canSplit(range)) return { range, grids: undefined }
  const grid = gridOf(range, most)
  const squares = gridOf(withSquares ? squaresOf(range) : NOTHING, most)
  const record = 1 + grid.cutters.length + squares.cutters.length
  return { range, grids: record <= RECORD_MAX ? { grid, squares, record } : undefined }
}

/** The bits of the values; an infinity counts as 2^1024. */
function rangeOf(values: Float64Array): BitRange {
  let lowest = Number.POSITIVE_INFINITY
  // 2^-lowest: what it makes an integer of has no lower bit. NaN: that is not told so.
  let unit = Number.NaN
  let greatest = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value !== value || value === 0) continue
    const size = Math.abs(value)
    if (size > greatest) greatest = size
    if (Math.floor(size * unit) === size * unit) continue
    lowest = Math.min(lowest, lowestBitOf(size))
    unit = lowest <= 0 && lowest > -EXPONENT_MAX ? powerOfTwo(-lowest) : Number.NaN
  }
  return greatest === 0 ? { lowest: 0, highest: 0 } : { lowest, highest: highestBitOf(greatest) }
}
