/**
 * Sums of values that are cut on grids. The sums of all first events of a key, in the order in which they come in and in
 * the order in which they go out: a window's sum is the difference of two of them, whatever its length.
 */
import type { Crossings } from './crossings.ts'
import { productError } from './doubles.ts'
import { addParts, type Grid, PartSum } from './grid.ts'
import { plainVariance } from './moments.ts'
import type { Room } from './room.ts'
import { longest } from './segments.ts'
import { type SumColumns, type SumWindow, writeSums } from './sum-columns.ts'
import { isAsked, type Lane } from './sweep.ts'
import type { Questions } from './timeline.ts'

export class PrefixSums {
  readonly #lane: Lane
  readonly #questions: Questions
  readonly #grid: Grid
  readonly #squaresGrid: Grid
  readonly #sum: PartSum
  readonly #squares: PartSum
  readonly #isPlain: boolean
  /** Doubles in a record: the count, the parts of the value, the parts of its square. */
  readonly #stride: number
  /** A record for each event of a key, in the timeline's order; none where the values themselves are all that there is to it. */
  readonly #records: Float64Array
  /** The sums of the first records, in three orders. */
  readonly #inTime: Float64Array
  readonly #inEntries: Float64Array
  readonly #inExits: Float64Array
  /** Of the window at hand: those of what has come in, and of what has gone out. */
  #entered: Float64Array
  #left: Float64Array

  /** Grids without parts: there is no sum of that. @param room where the sums are meanwhile */
  constructor(lane: Lane, questions: Questions, grid: Grid, squaresGrid: Grid, room: Room) {
    this.#lane = lane
    this.#questions = questions
    this.#grid = grid
    this.#squaresGrid = squaresGrid
    this.#sum = new PartSum(grid)
    this.#squares = new PartSum(squaresGrid)
    this.#isPlain = grid.cutters.length <= 1 && squaresGrid.cutters.length <= 1
    this.#stride = 1 + grid.cutters.length + squaresGrid.cutters.length
    const size = longest(lane.timeline.starts) * this.#stride
    this.#records = room.doubles('records', this.#isPlain ? 0 : size)
    // The sums of no records are 0.
    const prefixes = (name: string) => room.doubles(name, size + this.#stride).fill(0, 0, this.#stride)
    this.#inTime = prefixes('sums in time')
    this.#inEntries = lane.entries.order === undefined ? this.#inTime : prefixes('sums in entries')
    this.#inExits = lane.entries.order === undefined ? this.#inTime : prefixes('sums in exits')
    this.#entered = lane.entries.order === undefined ? this.#inTime : this.#inEntries
    this.#left = this.#inTime
  }

  write(windows: readonly SumWindow[]): void {
    const keys = this.#lane.timeline.starts.length - 1
    for (let key = 0; key < keys; key++) if (isAsked(this.#questions, key)) this.#writeKey(key, windows)
  }

  #writeKey(key: number, windows: readonly SumWindow[]): void {
    const { timeline, entries } = this.#lane
    const from = timeline.starts[key]!
    const to = timeline.starts[key + 1]!
    if (!this.#isPlain) this.#cut(from, to)
    if (entries.order === undefined) this.#accumulate(from, to, undefined, this.#inTime)
    else this.#accumulate(from, to, entries.order, this.#inEntries)
    let isInTime = entries.order === undefined
    for (const { exits, columns } of windows) {
      if (exits.order === undefined && !isInTime) {
        this.#accumulate(from, to, undefined, this.#inTime)
        isInTime = true
      }
      if (exits.order !== undefined) this.#accumulate(from, to, exits.order, this.#inExits)
      this.#answer(key, from, exits, columns)
    }
  }

  #cut(from: number, to: number): void {
    const { values } = this.#lane
    const records = this.#records.fill(0, 0, (to - from) * this.#stride)
    const hasSum = this.#grid.cutters.length > 0
    const hasSquares = this.#squaresGrid.cutters.length > 0
    for (let i = from, at = 0; i < to; i++, at += this.#stride) {
      const value = values[i]!
      if (value !== value) continue
      records[at] = 1
      if (hasSum) addParts(value, this.#grid, records, at + 1)
      if (!hasSquares) continue
      const square = value * value
      addParts(square, this.#squaresGrid, records, at + 1 + this.#grid.cutters.length)
      addParts(productError(value, value, square), this.#squaresGrid, records, at + 1 + this.#grid.cutters.length)
    }
  }

  /** Record n of `prefixes` is the sum of the first n records in the order. */
  #accumulate(from: number, to: number, order: Int32Array | undefined, prefixes: Float64Array): void {
    if (this.#isPlain) {
      if (this.#stride === 1) addCounts(this.#lane.values, from, to, order, prefixes)
      else if (this.#stride === 2) addValues(this.#lane.values, from, to, order, prefixes)
      else addSquares(this.#lane.values, from, to, order, prefixes)
      return
    }
    const records = this.#records
    const stride = this.#stride
    for (let i = from, at = 0; i < to; i++, at += stride) {
      const record = (order === undefined ? i - from : order[i]! - from) * stride
      for (let k = 0; k < stride; k++) prefixes[at + stride + k] = prefixes[at + k]! + records[record + k]!
    }
  }

  #answer(key: number, from: number, exits: Crossings, columns: SumColumns): void {
    this.#left = exits.order === undefined ? this.#inTime : this.#inExits
    if (this.#isPlain) {
      this.#writePlain(key, from, exits, columns)
      return
    }
    const { starts, rows } = this.#questions
    const end = starts[key + 1]!
    for (let query = starts[key]!; query < end; query++) {
      const entered = (this.#lane.entries.passed[query]! - from) * this.#stride
      const left = (exits.passed[query]! - from) * this.#stride
      this.#writeParts(columns, rows[query]!, entered, left)
    }
  }

  /** Where there is but one part, it is the sum itself. */
  #writePlain(key: number, from: number, exits: Crossings, columns: SumColumns): void {
    const { starts, rows } = this.#questions
    const { count: counts, sum: sums, mean: means, std: stds } = columns
    const [enteredAt, leftAt] = [this.#lane.entries.passed, exits.passed]
    const [inPrefixes, outPrefixes, stride] = [this.#entered, this.#left, this.#stride]
    const end = starts[key + 1]!
    for (let query = starts[key]!; query < end; query++) {
      const entered = (enteredAt[query]! - from) * stride
      const left = (leftAt[query]! - from) * stride
      const row = rows[query]!
      const count = inPrefixes[entered]! - outPrefixes[left]!
      if (counts !== undefined) counts[row] = count
      if (sums === undefined && means === undefined && stds === undefined) continue
      const sum = inPrefixes[entered + 1]! - outPrefixes[left + 1]!
      if (sums !== undefined) sums[row] = sum
      if (means !== undefined) means[row] = sum / count
      if (stds === undefined) continue
      const rounded = plainVariance(sum, inPrefixes[entered + 2]! - outPrefixes[left + 2]!, count)
      if (rounded === rounded || count < 2) stds[row] = Math.sqrt(rounded)
      else this.#writeParts(columns, row, entered, left)
    }
  }

  #writeParts(columns: SumColumns, row: number, entered: number, left: number): void {
    const squaresAt = 1 + this.#grid.cutters.length
    this.#sum.set(this.#entered, entered + 1, this.#left, left + 1)
    this.#squares.set(this.#entered, entered + squaresAt, this.#left, left + squaresAt)
    writeSums(columns, row, this.#between(entered, left), this.#sum, this.#squares)
  }

  #between(entered: number, left: number): number {
    return this.#entered[entered]! - this.#left[left]!
  }
}

/** Prefixes of counts. */
function addCounts(values: Float64Array, from: number, to: number, order: Int32Array | undefined, prefixes: Float64Array): void {
  let count = 0
  for (let i = from, at = 1; i < to; i++, at++) {
    const value = values[order === undefined ? i : order[i]!]!
    if (value === value) count++
    prefixes[at] = count
  }
}

/** Prefixes of counts and values. */
function addValues(values: Float64Array, from: number, to: number, order: Int32Array | undefined, prefixes: Float64Array): void {
  let count = 0
  let sum = 0
  for (let i = from, at = 2; i < to; i++, at += 2) {
    const value = values[order === undefined ? i : order[i]!]!
    if (value === value) {
      count++
      sum += value
    }
    prefixes[at] = count
    prefixes[at + 1] = sum
  }
}

/** Prefixes of counts, values and their squares. */
function addSquares(values: Float64Array, from: number, to: number, order: Int32Array | undefined, prefixes: Float64Array): void {
  let count = 0
  let sum = 0
  let squares = 0
  for (let i = from, at = 3; i < to; i++, at += 3) {
    const value = values[order === undefined ? i : order[i]!]!
    if (value === value) {
      count++
      sum += value
      squares += value * value
    }
    prefixes[at] = count
    prefixes[at + 1] = sum
    prefixes[at + 2] = squares
  }
}
