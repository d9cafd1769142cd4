/**
 * One as-of for all keys, as a batch asks it. Windows end together, so each event falls into one **band**: what a window holds
 * more than those that begin after it. An event is met once, in whatever order, and windows are put together from bands.
 */
import type { Ordered } from './order.ts'
import type { Cell } from './plan.ts'
import type { EventColumns } from './timeline.ts'
import type { Window } from './windows.ts'

/** The band of an event that does not count. */
export const NO_BAND = 255
/** More windows than these are not met in a lane. */
const BANDS_MAX = 254

/** The events of one lane by row, each with its band. */
export interface BandedEvents extends Ordered {
  readonly keys: number
  /** How many bands there are: one for each window. */
  readonly bands: number
  readonly keyOf: Int32Array
  readonly bandOf: Uint8Array
}

/** A window holds its own band and all before it. */
export interface BandWindow {
  readonly window: Window
  readonly band: number
}

/** The windows of some cells, the one that begins last first; undefined: too many. */
export function bandWindows(cells: readonly Cell[], endUs: number): BandWindow[] | undefined {
  const windows = [...new Set(cells.map(({ window }) => window))].sort((a, b) => b.startUs(endUs) - a.startUs(endUs) || 0)
  return windows.length > BANDS_MAX ? undefined : windows.map((window, band) => ({ window, band }))
}

/**
 * The band of each event as of a moment.
 * @param presence NaN where an event does not count.
 * @param withKnown whether only what was known then counts.
 */
export function bandsOf(
  { rows, timeUs, knownAtUs }: EventColumns,
  presence: Float64Array,
  windows: readonly BandWindow[],
  moment: { readonly asOfUs: number; readonly endUs: number; readonly withKnown: boolean },
): Uint8Array {
  const { asOfUs, endUs, withKnown } = moment
  const startsUs = Float64Array.from(windows, ({ window }) => window.startUs(endUs))
  const firstUs = startsUs.at(-1)!
  const bands = new Uint8Array(rows)
  for (let i = 0; i < rows; i++) {
    const us = timeUs[i]!
    const present = presence[i]!
    let band = NO_BAND
    if (us < endUs && us >= firstUs && present === present && !(withKnown && knownAtUs[i]! > asOfUs)) {
      band = 0
      while (us < startsUs[band]!) band++
    }
    bands[i] = band
  }
  return bands
}
