/** Counts and sums by key and window, of values that are cut on grids, so that any order adds up to the same. */
import type { BandedEvents } from './bands.ts'
import { productError } from './doubles.ts'
import { addParts, cutterOf, type Grid, PartSum } from './grid.ts'
import { plainVariance } from './moments.ts'
import { type SumColumns, writeSums } from './sum-columns.ts'

/** What is written of one window. */
export interface BandSumWindow {
  readonly band: number
  readonly columns: SumColumns
}

/** Of so many parts at most sums are kept in the processor's registers while they are added to. */
const FEW_PARTS = 2
const FEW_SQUARES_PARTS = 4

export class BandSums {
  readonly #events: BandedEvents
  readonly #grid: Grid
  readonly #squaresGrid: Grid
  readonly #sum: PartSum
  readonly #squares: PartSum
  /** Of the window at hand: the count, the parts of the value, the parts of its square. */
  readonly #total: Float64Array
  readonly #zeros: Float64Array
  readonly #squaresAt: number
  /** Of the second part of a value, and of the three upper parts of its square. */
  readonly #cutters: Float64Array
  readonly #hasSum: boolean
  readonly #hasSquares: boolean

  /** Grids without parts: there is no sum of that. */
  constructor(events: BandedEvents, grid: Grid, squaresGrid: Grid) {
    this.#events = events
    this.#grid = grid
    this.#squaresGrid = squaresGrid
    this.#sum = new PartSum(grid)
    this.#squares = new PartSum(squaresGrid)
    this.#hasSum = grid.cutters.length > 0
    this.#hasSquares = squaresGrid.cutters.length > 0
    this.#squaresAt = 1 + Math.max(FEW_PARTS, grid.cutters.length)
    this.#total = new Float64Array(this.#squaresAt + Math.max(FEW_SQUARES_PARTS, squaresGrid.cutters.length))
    this.#cutters = Float64Array.of(cutterOf(grid, 1), ...[1, 2, 3].map(part => cutterOf(squaresGrid, part)))
    this.#zeros = new Float64Array(this.#total.length)
  }

  /** @param keyOf the key of each row to write. @param windows the shortest first. */
  write(keyOf: Int32Array, windows: readonly BandSumWindow[]): void {
    const { bands, starts } = this.#events
    const [parts, squaresParts] = [this.#grid.cutters.length, this.#squaresGrid.cutters.length]
    const isPlain = parts <= 1 && squaresParts <= 1
    const areFew = parts <= FEW_PARTS && squaresParts <= FEW_SQUARES_PARTS
    for (let row = 0; row < keyOf.length; row++) {
      const first = keyOf[row]! * bands
      let at = starts[first]!
      this.#total.fill(0)
      for (const { band, columns } of windows) {
        const end = starts[first + band + 1]!
        if (isPlain) this.#addPlain(at, end)
        else if (areFew) this.#addFew(at, end)
        else this.#addParts(at, end)
        at = end
        if (isPlain) this.#writePlain(columns, row)
        else this.#writeParts(columns, row)
      }
    }
  }

  /** One part at most of each: it is the value itself. */
  #addPlain(from: number, to: number): void {
    const { values } = this.#events
    const total = this.#total
    const at = this.#squaresAt
    // Not as one pattern: numbers would be made objects.
    let count = total[0]!
    let sum = total[1]!
    let squares = total[at]!
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value !== value) continue
      count++
      if (!this.#hasSum) continue
      sum += value
      if (this.#hasSquares) squares += value * value
    }
    total[0] = count
    total[1] = sum
    total[at] = squares
  }

  /** The parts that a grid does not have stay 0. */
  #addFew(from: number, to: number): void {
    const { values } = this.#events
    const total = this.#total
    const at = this.#squaresAt
    const cutters = this.#cutters
    const cutter = cutters[0]!
    const first = cutters[1]!
    const second = cutters[2]!
    const third = cutters[3]!
    const hasSquares = this.#hasSquares
    let count = total[0]!
    let low = total[1]!
    let high = total[2]!
    let squares0 = total[at]!
    let squares1 = total[at + 1]!
    let squares2 = total[at + 2]!
    let squares3 = total[at + 3]!
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value !== value) continue
      count++
      const upper = value + cutter - cutter
      high += upper
      low += value - upper
      if (!hasSquares) continue
      let rest = value * value
      const error = productError(value, value, rest)
      let part = rest + third - third
      squares3 += part
      rest -= part
      part = rest + second - second
      squares2 += part
      rest -= part
      part = rest + first - first
      squares1 += part
      squares0 += rest - part
      part = error + third - third
      squares3 += part
      rest = error - part
      part = rest + second - second
      squares2 += part
      rest -= part
      part = rest + first - first
      squares1 += part
      squares0 += rest - part
    }
    total[0] = count
    total[1] = low
    total[2] = high
    total[at] = squares0
    total[at + 1] = squares1
    total[at + 2] = squares2
    total[at + 3] = squares3
  }

  #addParts(from: number, to: number): void {
    const { values } = this.#events
    const total = this.#total
    for (let i = from; i < to; i++) {
      const value = values[i]!
      if (value !== value) continue
      total[0] = total[0]! + 1
      if (this.#hasSum) addParts(value, this.#grid, total, 1)
      if (!this.#hasSquares) continue
      const square = value * value
      addParts(square, this.#squaresGrid, total, this.#squaresAt)
      addParts(productError(value, value, square), this.#squaresGrid, total, this.#squaresAt)
    }
  }

  #writePlain(columns: SumColumns, row: number): void {
    const total = this.#total
    const [count, sum] = [total[0]!, total[1]!]
    if (columns.count !== undefined) columns.count[row] = count
    if (columns.sum !== undefined) columns.sum[row] = sum
    if (columns.mean !== undefined) columns.mean[row] = sum / count
    if (columns.std === undefined) return
    const rounded = plainVariance(sum, total[this.#squaresAt]!, count)
    if (rounded === rounded || count < 2) columns.std[row] = Math.sqrt(rounded)
    else this.#writeParts(columns, row)
  }

  #writeParts(columns: SumColumns, row: number): void {
    this.#sum.set(this.#total, 1, this.#zeros, 0)
    this.#squares.set(this.#total, this.#squaresAt, this.#zeros, 0)
    writeSums(columns, row, this.#total[0]!, this.#sum, this.#squares)
  }
}
