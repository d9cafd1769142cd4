/**
 * Features as of one moment for all keys, as a batch asks: events come in any order and any number of chunks, are dealt to parts of the
 * keys, and each part is put together from bands, with nothing put in order.
 */
import { type Column, numberValues, takeRows } from '../expressions/index.ts'
import { Bands, NO_BAND } from './bands.ts'
import { DealtRecords } from './dealt-records.ts'
import { KeyParts, NO_PART } from './key-parts.ts'
import { emptyResults } from './lane.ts'
import { MomentLane } from './moment-lane.ts'
import { MomentPart } from './moment-part.ts'
import type { Cell, LanePlan } from './plan.ts'
import { RecordLayout } from './record-layout.ts'
import { Room } from './room.ts'
import { type ClockName, checkTimes, type EventColumns } from './timeline.ts'

/** Results of a lane: a column by row for each cell; NaN is missing. Texts are given by their codes. */
export interface LaneResults {
  readonly cells: readonly Float64Array[]
  readonly texts: readonly string[] | undefined
}

export interface MomentAsked {
  /** The key of each row that asks, a safe integer; NaN: none, as if the key had no events. */
  readonly keys: Float64Array
  readonly asOfUs: number
  readonly clock: ClockName
  /** Whether events come with a tie. */
  readonly withTies: boolean
  /** Names the group in messages. */
  readonly where: string
}

export class Moment {
  readonly #asked: MomentAsked
  readonly #lanes: readonly MomentLane[]
  readonly #bands: readonly Bands[]
  readonly #layout: RecordLayout
  readonly #keys: KeyParts
  readonly #records: DealtRecords
  readonly #room = new Room()

  /** Undefined: they have too many windows. @param lanes that are put together from bands. @throws PrescoreError `time_out_of_range` */
  static of(lanes: readonly LanePlan[], asked: MomentAsked): Moment | undefined {
    checkTimes(Float64Array.of(asked.asOfUs), 'as-of')
    const bands = Bands.of(lanes, asked.asOfUs, asked.clock === 'as-served')
    return bands.some(({ areTooMany }) => areTooMany) ? undefined : new Moment(lanes, bands, asked)
  }

  /** Whether a lane can be put together from bands. */
  static serves({ cells }: LanePlan): boolean {
    return !cells.some(needsOrder)
  }

  private constructor(lanes: readonly LanePlan[], bands: readonly Bands[], asked: MomentAsked) {
    this.#asked = asked
    this.#bands = bands
    this.#lanes = lanes.map(lane => new MomentLane(lane, bands.find(({ delayUs }) => delayUs === lane.delayUs)!))
    this.#layout = new RecordLayout(this.#lanes, bands, asked.withTies)
    this.#keys = new KeyParts(asked.keys)
    this.#records = new DealtRecords(this.#keys.parts, this.#layout.width)
  }

  /** The rows that may count, of keys that are asked for, whatever their event times and values. */
  wanted({ rows, knownAtUs }: EventColumns, keys: Float64Array): Int32Array {
    const latestUs = this.#asked.clock === 'as-served' ? this.#asked.asOfUs : Number.POSITIVE_INFINITY
    const wanted = new Int32Array(rows)
    let count = 0
    for (let row = 0; row < rows; row++) if (knownAtUs[row]! <= latestUs && this.#keys.has(keys[row]!)) wanted[count++] = row
    return wanted.subarray(0, count)
  }

  /**
   * @param columns of the plan's expressions.
   * @param keys of the events, safe integers; NaN: none.
   * @throws PrescoreError `lossy_cast`, `missing_time`, `time_out_of_range`
   */
  add(events: EventColumns, columns: readonly Column[], keys: Float64Array): void {
    const { rows, timeUs, tie } = events
    const partOf = this.#room.integers('parts', rows)
    this.#keys.deal(keys, rows, partOf)
    const bands = this.#bands.map((each, i) => {
      const bandOf = this.#room.doubles(`bands ${i}`, rows)
      each.write(events, bandOf)
      return bandOf
    })
    dropUncounted(partOf, bands)
    this.#check(events, partOf)
    const values = this.#lanes.flatMap(lane => {
      this.#checkExact(lane, columns, keys, partOf)
      return lane.columns(columns, rows, this.#asked.where)
    })
    const times = [timeUs, ...(tie === undefined ? [] : [tie])].slice(0, this.#layout.times)
    this.#records.append(partOf, rows, [keys, ...bands, ...times, ...values])
  }

  /** Of each lane. What was added is forgotten. */
  results(): readonly LaneResults[] {
    const { keys, asOfUs } = this.#asked
    const results = this.#lanes.map(({ plan }) => plan.cells.map(({ statistic }) => emptyResults(statistic, keys.length)))
    const part = new MomentPart(this.#lanes, this.#layout, this.#keys, asOfUs, this.#room)
    for (let number = 0; number < this.#keys.parts; number++) part.write(number, this.#records.take(number), results)
    return this.#lanes.map(({ texts }, i) => ({ cells: results[i]!, texts }))
  }

  #check({ timeUs, knownAtUs }: EventColumns, partOf: Int32Array): void {
    checkTimes(timeUs, 'event time', partOf)
    if (this.#asked.clock === 'as-served' && knownAtUs !== timeUs) checkTimes(knownAtUs, 'known at', partOf)
  }

  /** @throws PrescoreError `lossy_cast` where the value of an event of a key that is asked for is no double */
  #checkExact(lane: MomentLane, columns: readonly Column[], keys: Float64Array, partOf: Int32Array): void {
    const column = lane.exactColumn(columns)
    if (column?.exact === undefined) return
    const { values } = column
    const lossy = partOf.findIndex(
      (part, row) => part !== NO_PART && Math.abs(values[row]!) > Number.MAX_SAFE_INTEGER && this.#keys.has(keys[row]!),
    )
    if (lossy >= 0) numberValues(takeRows(column, [lossy]), this.#asked.where)
  }
}

/** What falls into no band. */
function dropUncounted(partOf: Int32Array, bands: readonly Float64Array[]): void {
  const [first] = bands
  if (first === undefined) return
  for (let row = 0; row < partOf.length; row++) {
    if (first[row] !== NO_BAND) continue
    let counts = false
    for (let i = 1; i < bands.length && !counts; i++) counts = bands[i]![row] !== NO_BAND
    if (!counts) partOf[row] = NO_PART
  }
}

/** What is not put together from bands. */
function needsOrder({ statistic, rank }: Cell): boolean {
  return rank > 1 || statistic === 'mode'
}
