/** The first or the last event by key and window. */
import type { BandedEvents } from './bands.ts'
import { isLater } from './order.ts'

const NONE = -1

/** What is written of one window: what an event comes to. */
export interface BandEndColumn {
  readonly band: number
  readonly values: Float64Array
  readonly resultOf: (event: number) => number
}

/**
 * Of each window its first event comes from the band that reaches back furthest, its last from the one that does least.
 * @param keyOf the key of each row to write. @param windows the shortest first.
 */
export function writeEnds(events: BandedEvents, end: 'first' | 'last', keyOf: Int32Array, windows: readonly BandEndColumn[]): void {
  const { bands, starts } = events
  for (let row = 0; row < keyOf.length; row++) {
    const first = keyOf[row]! * bands
    let event = NONE
    let seen = 0
    for (const { band, values, resultOf } of windows) {
      for (; seen <= band; seen++) {
        const other = event === NONE || end === 'first' ? endOf(events, end, starts[first + seen]!, starts[first + seen + 1]!) : NONE
        if (other !== NONE) event = other
      }
      if (event !== NONE) values[row] = resultOf(event)
    }
  }
}

/** Among the events of one band. */
function endOf(events: BandedEvents, end: 'first' | 'last', from: number, to: number): number {
  const { presence } = events
  let held = NONE
  for (let i = from; i < to; i++) {
    if (presence[i] !== presence[i]) continue
    if (held === NONE || (end === 'last' ? isLater(events, i, held) : isLater(events, held, i))) held = i
  }
  return held
}
