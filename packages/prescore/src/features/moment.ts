/**
 * Features as of one moment for all keys, as a batch asks: events come in any order and any number of chunks, are dealt to parts of the
 * keys, and each part is put together from bands, with nothing put in order.
 */
import { type Column, numberValues, takeRows } from '../expressions/index.ts'
import { Bands, NO_BAND } from './bands.ts'
import { DealtRecords } from './dealt-records.ts'
import { dealKeys, dealKeysAmong, firstParts, type KeyFilter, keyFilter, NO_PART } from './key-filter.ts'
import { KeyParts } from './key-parts.ts'
import { emptyResults } from './lane.ts'
import { MomentLane } from './moment-lane.ts'
import { MomentPart } from './moment-part.ts'
import type { Cell, LanePlan } from './plan.ts'
import { RecordLayout } from './record-layout.ts'
import { type RecordSpill, runsOf, type SpilledRecords, spilledOf } from './record-spill.ts'
import { Room } from './room.ts'
import { packedBlocks, type SharedBlocks, unpackedBlocks } from './shared-blocks.ts'
import { type ClockName, checkTimes, type EventColumns } from './timeline.ts'

/** Results of a lane: a column by row for each cell; NaN is missing. Texts are given by their codes. */
export interface LaneResults {
  readonly cells: readonly Float64Array[]
  readonly texts: readonly string[] | undefined
  /** Whether what is missing is the one NaN. */
  readonly hasOneNaN: boolean
}

/** What one has read for another. Plain data. */
export interface MomentShare {
  /** Records by part of the keys of the other. */
  readonly blocks: SharedBlocks
  /** Of each lane the texts of its codes. */
  readonly texts: readonly (readonly string[] | undefined)[]
  /** In the place of the blocks. */
  readonly spilled: SpilledRecords | undefined
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
  /** Absent: all records are kept in memory. */
  readonly spill?: RecordSpill | undefined
}

export class Moment {
  readonly #asked: MomentAsked
  readonly #lanes: readonly MomentLane[]
  readonly #bands: readonly Bands[]
  #layout: RecordLayout
  /** Tells the keys that are asked for here. */
  readonly filter: KeyFilter
  readonly #keys: KeyParts
  readonly #room = new Room()
  #records: DealtRecords
  /** Whom events are dealt to, in the order of their numbers, and which of them this is. Undefined: all are kept here. */
  #owners: { readonly filters: readonly KeyFilter[]; readonly self: number } | undefined
  /** Of others, by part. */
  #received: Float64Array[][]
  /** Of others, where they are in spills. */
  readonly #spilled: Pick<MomentShare, 'spilled' | 'texts'>[] = []

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
    this.filter = keyFilter(asked.keys)
    this.#layout = new RecordLayout(this.#lanes, bands, asked.withTies, [this.filter])
    this.#keys = new KeyParts(asked.keys, this.filter)
    this.#records = new DealtRecords(this.filter.parts, this.#layout.width, asked.spill)
    this.#received = Array.from({ length: this.filter.parts }, () => [])
  }

  /** Before anything is added: from now on events are kept for several, this one among them. @param filters of the same lanes, by owner */
  shareWith(filters: readonly KeyFilter[], self: number): void {
    this.#owners = { filters, self }
    this.#layout = new RecordLayout(this.#lanes, this.#bands, this.#asked.withTies, filters)
    this.#records = new DealtRecords(firstParts(filters).at(-1)!, this.#layout.width, this.#asked.spill)
  }

  /** What was added for another owner. It is forgotten here. */
  shareOf(owner: number): MomentShare {
    const [from, to] = this.#partsOf(owner)
    const spilled = this.#records.spilled()
    const blocks = Array.from({ length: to - from }, (_, i) => this.#records.take(from + i))
    return {
      blocks: packedBlocks(blocks),
      texts: this.#lanes.map(({ texts }) => texts),
      spilled: spilled === undefined ? undefined : spilledOf(spilled, from, to),
    }
  }

  /** Adds what another has read. */
  receive({ blocks: packed, texts, spilled }: MomentShare): void {
    const blocks = unpackedBlocks(packed, this.filter.parts)
    this.#translate(blocks.flat(), texts)
    blocks.forEach((of, part) => {
      this.#received[part]!.push(...of)
    })
    if (spilled !== undefined) this.#spilled.push({ spilled, texts })
  }

  /** Makes the codes of others, in records, those of the lanes here. */
  #translate(blocks: readonly Float64Array[], texts: MomentShare['texts']): void {
    this.#lanes.forEach((lane, i) => {
      const own = texts[i]
      if (own !== undefined) for (const block of blocks) lane.translate(own, block, this.#layout.valueAt(i), this.#layout.width)
    })
  }

  /** The rows that may count, of keys that are asked for, whatever their event times and values. */
  wanted({ rows, knownAtUs }: EventColumns, keys: Float64Array): Int32Array {
    const latestUs = this.#asked.clock === 'as-served' ? this.#asked.asOfUs : Number.POSITIVE_INFINITY
    const wanted = new Int32Array(rows)
    let count = 0
    for (let row = 0; row < rows; row++) if (knownAtUs[row]! <= latestUs && this.#isWanted(keys[row]!)) wanted[count++] = row
    return wanted.subarray(0, count)
  }

  /**
   * @param columns of the plan's expressions.
   * @param keys of the events, safe integers; NaN: none.
   * @param ownerOf for whom each event is, where they are kept for several; below 0: nobody
   * @throws PrescoreError `lossy_cast`, `missing_time`, `time_out_of_range`
   */
  add(events: EventColumns, columns: readonly Column[], keys: Float64Array, ownerOf?: Int32Array): void {
    const { rows, timeUs, tie } = events
    const partOf = this.#room.integers('parts', rows)
    if (this.#owners === undefined) dealKeys(this.filter, keys, partOf)
    else dealKeysAmong(this.#owners.filters, keys, ownerOf!, partOf)
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
    const begin = this.#layout.begin(keys, bands, this.#room.doubles('packed', this.#layout.isPacked ? rows : 0))
    this.#records.append(partOf, rows, [...begin, ...times, ...values])
  }

  /** Of each lane. What was added is forgotten. */
  results(): readonly LaneResults[] {
    const { keys, asOfUs } = this.#asked
    const results = this.#lanes.map(({ plan }) => plan.cells.map(({ statistic }) => emptyResults(statistic, keys.length)))
    const part = new MomentPart(this.#lanes, this.#layout, this.#keys, asOfUs, this.#room)
    const [first, end] = this.#partsOf(this.#owners?.self ?? 0)
    const own = this.#records.spilled()
    if (own !== undefined) this.#spilled.push({ spilled: spilledOf(own, first, end), texts: [] })
    for (let number = 0; number < this.filter.parts; number++) {
      const blocks = [...this.#records.take(first + number), ...this.#received[number]!, ...this.#takenUp(number)]
      part.write(number, blocks, results)
      this.#received[number] = []
      this.#asked.spill?.rewind()
    }
    this.#spilled.length = 0
    return this.#lanes.map(({ texts }, i) => ({ cells: results[i]!, texts, hasOneNaN: false }))
  }

  /** Records of a part that are in spills. */
  #takenUp(part: number): readonly Float64Array[] {
    return this.#spilled.flatMap(({ spilled, texts }) => {
      const runs = [...runsOf(this.#asked.spill!, spilled!, part)]
      this.#translate(runs, texts)
      return runs
    })
  }

  /** Whether an event of the key counts. What others ask for is told by their filters alone. */
  #isWanted(key: number): boolean {
    return this.#owners !== undefined || this.#keys.has(key)
  }

  #partsOf(owner: number): readonly [from: number, to: number] {
    const firsts = firstParts(this.#owners?.filters ?? [this.filter])
    return [firsts[owner]!, firsts[owner + 1]!]
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
      (part, row) => part !== NO_PART && Math.abs(values[row]!) > Number.MAX_SAFE_INTEGER && this.#isWanted(keys[row]!),
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
