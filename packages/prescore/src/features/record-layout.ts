/**
 * What a record of an event holds, in doubles: its key, its bands, its time and tie where their order decides, the values of the lanes.
 * Packed, the key and its only band are one double.
 */
import type { Bands } from './bands.ts'
import type { KeyFilter } from './key-filter.ts'
import type { MomentLane } from './moment-lane.ts'
import type { Statistic } from './plan.ts'

/** Keys that are less leave room for a band below them. */
const PACKED_KEY_MAX = 2 ** 44
const PACKED_BANDS = 256

/** What the order of events decides. */
const ENDS: readonly Statistic[] = ['first', 'last', 'timeSinceLast']

export class RecordLayout {
  readonly width: number
  /** How many of them are times and ties. */
  readonly times: 0 | 1 | 2
  readonly timeAt: number
  readonly isPacked: boolean
  readonly #lanes: readonly MomentLane[]
  readonly #bands: readonly Bands[]

  constructor(lanes: readonly MomentLane[], bands: readonly Bands[], withTies: boolean, filters: readonly KeyFilter[]) {
    const withTimes = lanes.some(({ plan }) => plan.cells.some(({ statistic }) => ENDS.includes(statistic)))
    this.#lanes = lanes
    this.#bands = bands
    this.times = withTimes ? (withTies ? 2 : 1) : 0
    this.isPacked = bands.length === 1 && filters.every(({ greatest }) => greatest < PACKED_KEY_MAX)
    this.timeAt = this.isPacked ? 1 : 1 + bands.length
    this.width = this.valueAt(lanes.length)
  }

  /** The columns before the times. @param packed where keys with their bands are written, if they are */
  begin(keys: Float64Array, bands: readonly Float64Array[], packed: Float64Array): readonly Float64Array[] {
    if (!this.isPacked) return [keys, ...bands]
    const bandOf = bands[0]!
    for (let row = 0; row < packed.length; row++) packed[row] = keys[row]! * PACKED_BANDS + bandOf[row]!
    return [packed]
  }

  bandAt(lane: number): number {
    return 1 + this.#bands.indexOf(this.#lanes[lane]!.bands)
  }

  /** Where the values of a lane begin. */
  valueAt(lane: number): number {
    return this.#lanes.slice(0, lane).reduce((at, { width }) => at + width, this.timeAt + this.times)
  }
}

/** What is too large for a key comes out as another one, which nobody asks for: none of those is as large. */
export function keyOfPacked(packed: number): number {
  return Math.floor(packed / PACKED_BANDS)
}

export function bandOfPacked(packed: number): number {
  return packed - keyOfPacked(packed) * PACKED_BANDS
}
