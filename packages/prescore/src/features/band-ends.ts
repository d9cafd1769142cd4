/** The first or the last event by key and band. */
import type { BandColumn } from './band-extremes.ts'
import { type BandedEvents, NO_BAND } from './bands.ts'
import { isLater } from './order.ts'

const NONE = -1

/** Of each window its first event comes from the band that reaches back furthest, its last from the one that does least. */
export class BandEnds {
  readonly #events: BandedEvents
  readonly #end: 'first' | 'last'
  /** By key and band: the row of the event. */
  readonly #rows: Int32Array

  constructor(events: BandedEvents, end: 'first' | 'last') {
    this.#events = events
    this.#end = end
    this.#rows = endsOf(events, end)
  }

  /** @param windows the shortest first. */
  writeValues(keyOf: Int32Array, windows: readonly BandColumn[]): void {
    this.#write(keyOf, windows, event => this.#events.values[event]!)
  }

  writeTimeSince(keyOf: Int32Array, windows: readonly BandColumn[], asOfUs: number): void {
    this.#write(keyOf, windows, event => asOfUs - this.#events.timesUs[event]!)
  }

  #write(keyOf: Int32Array, windows: readonly BandColumn[], resultOf: (event: number) => number): void {
    const { bands } = this.#events
    for (let row = 0; row < keyOf.length; row++) {
      const key = keyOf[row]!
      if (key < 0) continue
      let event = NONE
      let seen = 0
      for (const { band, values } of windows) {
        for (; seen <= band; seen++) {
          const other = this.#rows[key * bands + seen]!
          if (other !== NONE && (event === NONE || this.#end === 'first')) event = other
        }
        if (event !== NONE) values[row] = resultOf(event)
      }
    }
  }
}

function endsOf(events: BandedEvents, end: 'first' | 'last'): Int32Array {
  const { keys, bands, keyOf, bandOf } = events
  const rows = new Int32Array(keys * bands).fill(NONE)
  const isLast = end === 'last'
  for (let i = 0; i < keyOf.length; i++) {
    const [key, band] = [keyOf[i]!, bandOf[i]!]
    if (key < 0 || band === NO_BAND) continue
    const at = key * bands + band
    const held = rows[at]!
    if (held === NONE || (isLast ? isLater(events, i, held) : isLater(events, held, i))) rows[at] = i
  }
  return rows
}
