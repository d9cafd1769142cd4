/** The results of one part of the keys after the other, from the records of its events. */
import { type BandedEvents, NO_BAND } from './bands.ts'
import type { KeyParts } from './key-parts.ts'
import { fillEmpty } from './lane.ts'
import type { MomentLane } from './moment-lane.ts'
import { bandOfPacked, type RecordLayout } from './record-layout.ts'
import type { Room } from './room.ts'

/** The records of a part in blocks, and the number of each one's key. */
interface Numbered {
  readonly blocks: readonly Float64Array[]
  readonly keys: number
  /** Below 0: nobody asks for the key. */
  readonly numbers: Int32Array
  /** The number of events of the key that has the most. */
  readonly most: number
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
    this.#lanes.forEach((lane, i) => {
      const own = lane.plan.cells.map(({ statistic }, cell) => fillEmpty(this.#room.doubles(`cell ${cell}`, rows.length), statistic))
      lane.write(this.#eventsOf(i, numbered), numbered.most, asking, this.#asOfUs, own)
      own.forEach((values, cell) => spread(values, rows, results[i]![cell]!))
    })
  }

  #numbered(blocks: readonly Float64Array[], keys: number): Numbered {
    const { width } = this.#layout
    const counts = this.#room.integers('counts', keys).fill(0)
    const numbers = this.#room.integers('numbers', blocks.reduce((length, block) => length + block.length, 0) / width)
    let event = 0
    let most = 0
    for (const block of blocks) {
      this.#keys.numbersOf(block, this.#layout, numbers, event)
      event += block.length / width
    }
    for (let i = 0; i < event; i++) {
      const number = numbers[i]!
      if (number < 0) continue
      const count = counts[number]! + 1
      counts[number] = count
      if (count > most) most = count
    }
    return { blocks, keys, numbers, most }
  }

  /** The events that count in a lane. */
  #eventsOf(lane: number, { blocks, keys, numbers }: Numbered): BandedEvents {
    const { bands, width: own, texts, plan } = this.#lanes[lane]!
    const { width, timeAt, times, isPacked } = this.#layout
    const [bandAt, valueAt] = [this.#layout.bandAt(lane), this.#layout.valueAt(lane)]
    const presenceAt = plan.keepsMissing ? valueAt + 1 : valueAt
    const room = this.#room
    const keyOf = room.integers('keys', numbers.length)
    const bandOf = room.bytes('bands', numbers.length)
    const values = room.doubles('values', numbers.length)
    const timesUs = room.doubles('times', times > 0 ? numbers.length : 0)
    const ties = times > 1 ? room.doubles('ties', numbers.length) : undefined
    let event = 0
    let count = 0
    for (const block of blocks) {
      for (let at = 0; at < block.length; at += width, event++) {
        const number = numbers[event]!
        const band = isPacked ? bandOfPacked(block[at]!) : block[at + bandAt]!
        const presence = own === 0 ? 1 : block[at + presenceAt]!
        if (number < 0 || band === NO_BAND || presence !== presence) continue
        keyOf[count] = number
        bandOf[count] = band
        // Adding 0 makes +0 of -0.
        values[count] = own === 0 ? 1 : block[at + valueAt]! + 0
        if (times > 0) timesUs[count] = block[at + timeAt]!
        if (ties !== undefined) ties[count] = block[at + timeAt + 1]!
        count++
      }
    }
    const of = { keyOf: keyOf.subarray(0, count), bandOf: bandOf.subarray(0, count), values: values.subarray(0, count) }
    return { keys, bands: bands.windows.length, ...of, timesUs, ties, texts }
  }
}

function spread(values: Float64Array, rows: Int32Array, to: Float64Array): void {
  for (let i = 0; i < rows.length; i++) to[rows[i]!] = values[i]!
}
