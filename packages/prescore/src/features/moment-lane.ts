/** One lane of a moment: what is kept of its events, and its cells for the keys of one part. */
import { type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { writeDistinct } from './band-distinct.ts'
import { type BandEndColumn, writeEnds } from './band-ends.ts'
import { type BandColumn, writeExtremes } from './band-extremes.ts'
import { BandSums, type BandSumWindow } from './band-sums.ts'
import { writeWideSums } from './band-wide-sums.ts'
import type { BandedEvents, Bands, BandWindow } from './bands.ts'
import { laneValues } from './lane-values.ts'
import type { Cell, LanePlan, Statistic } from './plan.ts'
import { sumForm } from './sums.ts'
import { TextCodes } from './text-codes.ts'

const SUMS = ['count', 'sum', 'mean', 'std'] as const

export class MomentLane {
  readonly plan: LanePlan
  readonly bands: Bands
  /** Of the codes, where the values are codes. */
  readonly #codes = new TextCodes()
  #areCodes = false

  constructor(plan: LanePlan, bands: Bands) {
    this.plan = plan
    this.bands = bands
  }

  /** How many doubles of a record are the lane's. */
  get width(): number {
    const { value, filter, keepsMissing } = this.plan
    return keepsMissing ? 2 : value === undefined && filter === undefined ? 0 : 1
  }

  get texts(): readonly string[] | undefined {
    return this.#areCodes ? this.#codes.texts : undefined
  }

  /** The column whose numbers need be exact; undefined: it does not matter which value an event has. */
  exactColumn(columns: readonly Column[]): NumberColumn | undefined {
    const { value, cells } = this.plan
    const column = value === undefined ? undefined : columns[value]!
    const countsOnly = cells.every(({ statistic }) => statistic === 'count')
    return column === undefined || countsOnly || isStringColumn(column) ? undefined : column
  }

  /**
   * Of each event its value, NaN where it does not count; where missing values are kept, NaN is one, and what follows tells which count.
   * @param columns of the plan's expressions
   */
  columns(columns: readonly Column[], rows: number, where: string): readonly Float64Array[] {
    const { value, filter, keepsMissing } = this.plan
    if (this.width === 0) return []
    const own = value === undefined ? undefined : this.#numbers(columns[value]!)
    const condition = filter === undefined ? undefined : columns[filter]
    const order = { rows: inOrder(rows) }
    const valuesOf = (of: Column | undefined, given: Column | undefined) => laneValues(of, given, order, true, where)
    if (keepsMissing) return [valuesOf(own, undefined), valuesOf(undefined, condition)]
    // As they are: 0 is made of −0 when they are taken up again.
    if (own !== undefined && condition === undefined && !isStringColumn(own)) return [own.values]
    return [valuesOf(own, condition)]
  }

  /** Makes the codes of other texts, in records, those of this lane. @param at where the code is in a record of so many doubles */
  translate(texts: readonly string[], records: Float64Array, at: number, width: number): void {
    this.#areCodes = true
    const own = this.#codes.translation(texts)
    for (let i = at; i < records.length; i += width) {
      const code = records[i]!
      if (code === code) records[i] = own[code]!
    }
  }

  /** Writes a column for each cell. @param keyOf the key of each row to write */
  write(events: BandedEvents, keyOf: Int32Array, asOfUs: number, results: readonly Float64Array[]): void {
    const cells = new Cells(this.plan.cells, this.bands.windows, results)
    writeAllSums(events, keyOf, cells.sums())
    const [greatest, least, first, last, sinceLast, distinct] = cells.columns('max', 'min', 'first', 'last', 'timeSinceLast', 'distinct')
    if (greatest!.length > 0) writeExtremes(events, 1, keyOf, greatest!)
    if (least!.length > 0) writeExtremes(events, -1, keyOf, least!)
    const valueOf = (event: number) => events.values[event]!
    const sinceOf = (event: number) => asOfUs - events.timesUs[event]!
    const ends = [...ending(last!, valueOf), ...ending(sinceLast!, sinceOf)].sort((a, b) => a.band - b.band)
    if (first!.length > 0) writeEnds(events, 'first', keyOf, ending(first!, valueOf))
    if (ends.length > 0) writeEnds(events, 'last', keyOf, ends)
    if (distinct!.length > 0) writeDistinct(events, keyOf, distinct!)
  }

  #numbers(column: Column): Column {
    if (!isStringColumn(column)) return column
    this.#areCodes = true
    return { ...column, codes: this.#codes.of(column) } satisfies StringColumn
  }
}

function ending(columns: readonly BandColumn[], resultOf: (event: number) => number): BandEndColumn[] {
  return columns.map(column => ({ ...column, resultOf }))
}

function writeAllSums(events: BandedEvents, keyOf: Int32Array, windows: readonly BandSumWindow[]): void {
  if (windows.length === 0) return
  const { range, grids } = sumForm(
    events.values,
    events.most,
    windows.map(({ columns }) => columns),
  )
  if (grids === undefined) writeWideSums(events, range, keyOf, windows)
  else new BandSums(events, grids.grid, grids.squares).write(keyOf, windows)
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

let numbers = new Int32Array(0)

/** Rows one after the other. */
function inOrder(rows: number): Int32Array {
  if (numbers.length < rows) numbers = Int32Array.from({ length: 2 * rows }, (_, row) => row)
  return numbers.subarray(0, rows)
}
