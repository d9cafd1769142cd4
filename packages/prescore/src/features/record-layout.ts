/** What a record of an event holds, in doubles: its key, its bands, its time and tie where their order decides, the values of the lanes. */
import type { Bands } from './bands.ts'
import type { MomentLane } from './moment-lane.ts'
import type { Statistic } from './plan.ts'

/** What the order of events decides. */
const ENDS: readonly Statistic[] = ['first', 'last', 'timeSinceLast']

export class RecordLayout {
  readonly width: number
  /** How many of them are times and ties. */
  readonly times: 0 | 1 | 2
  readonly timeAt: number
  readonly #lanes: readonly MomentLane[]
  readonly #bands: readonly Bands[]

  constructor(lanes: readonly MomentLane[], bands: readonly Bands[], withTies: boolean) {
    const withTimes = lanes.some(({ plan }) => plan.cells.some(({ statistic }) => ENDS.includes(statistic)))
    this.#lanes = lanes
    this.#bands = bands
    this.times = withTimes ? (withTies ? 2 : 1) : 0
    this.timeAt = 1 + bands.length
    this.width = this.valueAt(lanes.length)
  }

  bandAt(lane: number): number {
    return 1 + this.#bands.indexOf(this.#lanes[lane]!.bands)
  }

  /** Where the values of a lane begin. */
  valueAt(lane: number): number {
    return this.#lanes.slice(0, lane).reduce((at, { width }) => at + width, this.timeAt + this.times)
  }
}
