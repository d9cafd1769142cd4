/** The results of one part of the keys after the other, from the records of its events. */
import { type BandedEvents, type Bands, NO_BAND } from './bands.ts'
import type { KeyParts } from './key-parts.ts'
import { fillEmpty } from './lane.ts'
import type { MomentLane } from './moment-lane.ts'
import { bandOfPacked, type RecordLayout } from './record-layout.ts'
import type { Room } from './room.ts'

const NO_PLACE = -1
const NOTHING = new Float64Array(0)

/** The records of a part in blocks, and the number of each one's key. */
interface Numbered {
  readonly blocks: readonly Float64Array[]
  readonly keys: number
  /** Below 0: nobody asks for the key. */
  readonly numbers: Int32Array
}

/** Where the records go that are put together by key and band. */
interface Placed extends Pick<BandedEvents, 'starts' | 'most'> {
  /** Of each record; {@link NO_PLACE}: it is in no band, or of no key. */
  readonly places: Int32Array
}

export class MomentPart {
  readonly #lanes: readonly MomentLane[]
  readonly #layout: RecordLayout
  readonly #keys: KeyParts
  readonly #asOfUs: number
  readonly #room: Room

  constructor(lanes: readonly MomentLane[], layout: RecordLayout, keys: KeyParts, asOfUs: number, room: Room) {
    this.#lanes = lanes
    this.#layout = layout
    this.#keys = keys
    this.#asOfUs = asOfUs
    this.#room = room
  }

  /** @param results of each lane its cells, by row: those of the part's rows are written. */
  write(part: number, blocks: readonly Float64Array[], results: readonly (readonly Float64Array[])[]): void {
    const rows = this.#keys.rowsOf(part)
    if (rows.length === 0) return
    const asking = this.#room.integers('asking', rows.length)
    const numbered = this.#numbered(blocks, this.#keys.number(rows, asking))
    for (const [bands, lanes] of Map.groupBy(this.#lanes.keys(), lane => this.#lanes[lane]!.bands)) {
      const placed = this.#placed(bands, lanes[0]!, numbered)
      for (const i of lanes) {
        const lane = this.#lanes[i]!
        const own = lane.plan.cells.map(({ statistic }, cell) => fillEmpty(this.#room.doubles(`cell ${cell}`, rows.length), statistic))
        lane.write(this.#eventsOf(i, blocks, placed), asking, this.#asOfUs, own)
        own.forEach((values, cell) => spread(values, rows, results[i]![cell]!))
      }
    }
  }

  #numbered(blocks: readonly Float64Array[], keys: number): Numbered {
    const { width } = this.#layout
    const numbers = this.#room.integers('numbers', blocks.reduce((length, block) => length + block.length, 0) / width)
    let event = 0
    for (const block of blocks) {
      this.#keys.numbersOf(block, this.#layout, numbers, event)
      event += block.length / width
    }
    return { blocks, keys, numbers }
  }

  /** A counting sort by key and band. @param lane one of those with these bands */
  #placed({ windows }: Bands, lane: number, { blocks, keys, numbers }: Numbered): Placed {
    const { width, isPacked } = this.#layout
    const bandAt = this.#layout.bandAt(lane)
    const bands = windows.length
    const starts = this.#room.integers('starts', keys * bands + 1).fill(0)
    const places = this.#room.integers('places', numbers.length)
    let event = 0
    for (const block of blocks) {
      for (let at = 0; at < block.length; at += width, event++) {
        const number = numbers[event]!
        const band = isPacked ? bandOfPacked(block[at]!) : block[at + bandAt]!
        let place = NO_PLACE
        if (number >= 0 && band !== NO_BAND) {
          place = number * bands + band
          starts[place] = starts[place]! + 1
        }
        places[event] = place
      }
    }
    // From behind, so that each place ends up where its events begin.
    let end = 0
    for (let place = 0; place < starts.length; place++) {
      end += starts[place]!
      starts[place] = end
    }
    for (let i = places.length - 1; i >= 0; i--) {
      const place = places[i]!
      if (place === NO_PLACE) continue
      const at = starts[place]! - 1
      starts[place] = at
      places[i] = at
    }
    return { starts, places, most: mostOf(starts, bands) }
  }

  #eventsOf(lane: number, blocks: readonly Float64Array[], { starts, most, places }: Placed): BandedEvents {
    const { bands, width: own, texts, plan } = this.#lanes[lane]!
    const { timeAt, times } = this.#layout
    const valueAt = this.#layout.valueAt(lane)
    const count = starts.at(-1)!
    const column = (name: string, at: number) => this.#scattered(blocks, at, places, this.#room.doubles(name, count))
    const values = own === 0 ? this.#room.doubles('values', count).fill(1) : column('values', valueAt)
    const presence = plan.keepsMissing ? column('presence', valueAt + 1) : values
    const timesUs = times > 0 ? column('times', timeAt) : NOTHING
    const ties = times > 1 ? column('ties', timeAt + 1) : undefined
    return { bands: bands.windows.length, most, starts, values, presence, timesUs, ties, texts }
  }

  /** One double of each record, at the record's place. */
  #scattered(blocks: readonly Float64Array[], offset: number, places: Int32Array, to: Float64Array): Float64Array {
    const { width } = this.#layout
    let event = 0
    for (const block of blocks) {
      for (let at = offset; at < block.length; at += width, event++) {
        const place = places[event]!
        // Adding 0 makes +0 of -0.
        if (place !== NO_PLACE) to[place] = block[at]! + 0
      }
    }
    return to
  }
}

/** Of the events of a key. */
function mostOf(starts: Int32Array, bands: number): number {
  let most = 0
  for (let at = bands; at < starts.length; at += bands) most = Math.max(most, starts[at]! - starts[at - bands]!)
  return most
}

function spread(values: Float64Array, rows: Int32Array, to: Float64Array): void {
  for (let i = 0; i < rows.length; i++) to[rows[i]!] = values[i]!
}
