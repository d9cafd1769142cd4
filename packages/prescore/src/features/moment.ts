/** Features as of one moment for all keys, as a batch asks: from bands, with nothing put in order. */
import type { Column } from '../expressions/index.ts'
import { writeDistinct } from './band-distinct.ts'
import { BandEnds } from './band-ends.ts'
import { type BandColumn, writeExtremes } from './band-extremes.ts'
import { BandSums, type BandSumWindow } from './band-sums.ts'
import { type BandedEvents, type BandWindow, bandsOf, bandWindows } from './bands.ts'
import { emptyResults } from './lane.ts'
import { valuesOf } from './lane-values.ts'
import { Parts } from './parts.ts'
import type { Cell, LanePlan, Statistic } from './plan.ts'
import { sumForm } from './sums.ts'
import type { Asked } from './sweeps.ts'

/** Doubles of all records: beyond 256 MiB a walk through the events in order takes less. */
const RECORDS_MAX = 1 << 25
/** What the order of events decides. */
const ENDS: readonly Statistic[] = ['first', 'last', 'timeSinceLast']
const NO_ORDER = { timesUs: new Float64Array(0), ties: undefined }
const SUMS = ['count', 'sum', 'mean', 'std'] as const

export class Moment {
  readonly #asked: Asked
  readonly #asOfUs: number
  /** The events as they come. */
  readonly #rows: Int32Array
  readonly #parts: Parts
  /** By event, part by part. */
  readonly #keyOf: Int32Array
  /** Made for the first lane that needs it. */
  #inOrder: Pick<BandedEvents, 'timesUs' | 'ties'> | undefined
  /** The number of events of the key that has the most. */
  readonly #most: number

  /** Undefined: it is not one moment. */
  static of(asked: Asked): Moment | undefined {
    const { asOfUs } = asked.queries
    const [first] = asOfUs
    return first !== undefined && asOfUs.every(us => us === first) ? new Moment(asked, first) : undefined
  }

  private constructor(asked: Asked, asOfUs: number) {
    this.#asked = asked
    this.#asOfUs = asOfUs
    const { events, keyOf, keys } = asked
    this.#rows = new Int32Array(events.rows)
    for (let row = 0; row < events.rows; row++) this.#rows[row] = row
    this.#parts = new Parts(keyOf, keys)
    this.#keyOf = this.#parts.moved(keyOf)
    this.#most = mostOfKey(this.#keyOf, keys)
  }

  /** A column by query row for each cell of the lane; undefined: it takes a walk. @throws PrescoreError `lossy_cast` */
  compute(lane: LanePlan, columns: readonly Column[]): readonly Float64Array[] | undefined {
    const { events, keys, queries, clock, where } = this.#asked
    if (lane.cells.some(needsOrder)) return undefined
    const endUs = this.#asOfUs - lane.delayUs
    const windows = bandWindows(lane.cells, endUs)
    if (windows === undefined) return undefined
    const { values, presence, texts } = valuesOf(lane, columns, { rows: this.#rows, places: this.#rows }, where)
    const bandOf = bandsOf(events, presence, windows, { asOfUs: this.#asOfUs, endUs, withKnown: clock === 'as-served' })
    const order = lane.cells.some(({ statistic }) => ENDS.includes(statistic)) ? this.#order() : NO_ORDER
    const moved = { keyOf: this.#keyOf, bandOf: this.#parts.moved(bandOf), values: this.#parts.moved(values) }
    const banded = { keys, bands: windows.length, ...moved, ...order, texts }
    const results = lane.cells.map(({ statistic }) => emptyResults(statistic, queries.keyOf.length))
    return this.#write(banded, new Cells(lane.cells, windows, results)) ? results : undefined
  }

  #order(): Pick<BandedEvents, 'timesUs' | 'ties'> {
    const { timeUs, tie } = this.#asked.events
    this.#inOrder ??= { timesUs: this.#parts.moved(timeUs), ties: tie === undefined ? undefined : this.#parts.moved(tie) }
    return this.#inOrder
  }

  /** @returns false where sums need to be wide, or too much room */
  #write(events: BandedEvents, cells: Cells): boolean {
    const { keyOf } = this.#asked.queries
    if (!this.#writeSums(events, cells.sums())) return false
    const [greatest, least, first, last, sinceLast, distinct] = cells.columns('max', 'min', 'first', 'last', 'timeSinceLast', 'distinct')
    if (greatest!.length > 0) writeExtremes(events, 1, keyOf, greatest!)
    if (least!.length > 0) writeExtremes(events, -1, keyOf, least!)
    if (first!.length > 0) new BandEnds(events, 'first').writeValues(keyOf, first!)
    if (last!.length + sinceLast!.length > 0) {
      const ends = new BandEnds(events, 'last')
      ends.writeValues(keyOf, last!)
      ends.writeTimeSince(keyOf, sinceLast!, this.#asOfUs)
    }
    if (distinct!.length > 0) writeDistinct(events, keyOf, distinct!)
    return true
  }

  #writeSums(events: BandedEvents, windows: readonly BandSumWindow[]): boolean {
    if (windows.length === 0) return true
    const columns = windows.map(each => each.columns)
    const { grids } = sumForm(events.values, this.#most, columns)
    if (grids === undefined || grids.record * events.keys * events.bands > RECORDS_MAX) return false
    new BandSums(events, grids.grid, grids.squares).write(this.#asked.queries.keyOf, windows)
    return true
  }
}

/** What is not put together from bands. */
function needsOrder({ statistic, rank }: Cell): boolean {
  return rank > 1 || statistic === 'mode'
}

/** The cells of a lane by statistic, the shortest window first. */
class Cells {
  readonly #cells: readonly Cell[]
  readonly #windows: readonly BandWindow[]
  readonly #results: readonly Float64Array[]

  constructor(cells: readonly Cell[], windows: readonly BandWindow[], results: readonly Float64Array[]) {
    this.#cells = cells
    this.#windows = windows
    this.#results = results
  }

  columns(...statistics: readonly Statistic[]): BandColumn[][] {
    return statistics.map(statistic =>
      this.#windows.flatMap(({ window, band }) => {
        const values = this.#find(statistic, window)
        return values === undefined ? [] : [{ band, values }]
      }),
    )
  }

  sums(): BandSumWindow[] {
    return this.#windows.flatMap(({ window, band }) => {
      const [count, sum, mean, std] = SUMS.map(statistic => this.#find(statistic, window))
      const isUsed = [count, sum, mean, std].some(column => column !== undefined)
      return isUsed ? [{ band, columns: { count, sum, mean, std } }] : []
    })
  }

  #find(statistic: Statistic, window: BandWindow['window']): Float64Array | undefined {
    return this.#results[this.#cells.findIndex(cell => cell.statistic === statistic && cell.window === window)]
  }
}

function mostOfKey(keyOf: Int32Array, keys: number): number {
  const counts = new Int32Array(keys)
  let most = 0
  for (let i = 0; i < keyOf.length; i++) {
    const key = keyOf[i]!
    if (key < 0) continue
    const count = counts[key]! + 1
    counts[key] = count
    if (count > most) most = count
  }
  return most
}
