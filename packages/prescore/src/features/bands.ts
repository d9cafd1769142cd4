/**
 * One as-of for all keys, as a batch asks it. Windows end together, so each event falls into one **band**: what a window holds
 * more than those that begin after it. An event is met once, in whatever order, and windows are put together from bands.
 */
import type { Ordered } from './order.ts'
import type { Cell, LanePlan } from './plan.ts'
import type { EventColumns } from './timeline.ts'
import type { Window } from './windows.ts'

/** The band of an event that does not count. */
export const NO_BAND = 255
/** More windows than these are not met in a group. */
const BANDS_MAX = 254

/** The events of one lane, put together by key and, of a key, by band. */
export interface BandedEvents extends Ordered {
  /** How many bands there are: one for each window. */
  readonly bands: number
  /** Of the most events that a key has. */
  readonly most: number
  /** By key·bands + band: where the events begin. They end where the next begin. */
  readonly starts: Int32Array
  /** NaN: the event does not count in this lane. The values themselves, but where missing ones are kept. */
  readonly presence: Float64Array
}

/** A window holds its own band and all before it. */
export interface BandWindow {
  readonly window: Window
  readonly band: number
}

/** The bands of lanes of the same delay. */
export class Bands {
  readonly delayUs: number
  /** The one that begins last first. */
  readonly windows: readonly BandWindow[]
  readonly #asOfUs: number
  readonly #endUs: number
  readonly #startsUs: Float64Array
  /** Whether only what was known then counts. */
  readonly #withKnown: boolean

  /** The bands of these lanes. */
  static of(lanes: readonly LanePlan[], asOfUs: number, withKnown: boolean): readonly Bands[] {
    const byDelay = Map.groupBy(lanes, ({ delayUs }) => delayUs)
    return [...byDelay].map(
      ([delayUs, of]) =>
        new Bands(
          of.flatMap(({ cells }) => cells),
          delayUs,
          asOfUs,
          withKnown,
        ),
    )
  }

  private constructor(cells: readonly Cell[], delayUs: number, asOfUs: number, withKnown: boolean) {
    const endUs = asOfUs - delayUs
    const windows = [...new Set(cells.map(({ window }) => window))].sort((a, b) => b.startUs(endUs) - a.startUs(endUs) || 0)
    this.delayUs = delayUs
    this.windows = windows.map((window, band) => ({ window, band }))
    this.#asOfUs = asOfUs
    this.#endUs = endUs
    this.#startsUs = Float64Array.from(windows, window => window.startUs(endUs))
    this.#withKnown = withKnown
  }

  get areTooMany(): boolean {
    return this.windows.length > BANDS_MAX
  }

  /** Writes the band of each event, whatever its value. */
  write({ rows, timeUs, knownAtUs }: EventColumns, bands: Float64Array): void {
    const [startsUs, endUs, asOfUs] = [this.#startsUs, this.#endUs, this.#asOfUs]
    const isKnownAsked = this.#withKnown && knownAtUs !== timeUs
    const latestUs = this.#withKnown ? asOfUs : Number.POSITIVE_INFINITY
    const firstUs = startsUs.at(-1)!
    for (let i = 0; i < rows; i++) {
      const us = timeUs[i]!
      let band = NO_BAND
      if (us < endUs && us >= firstUs && (isKnownAsked ? knownAtUs[i]! : us) <= latestUs) {
        band = 0
        while (us < startsUs[band]!) band++
      }
      bands[i] = band
    }
  }
}
