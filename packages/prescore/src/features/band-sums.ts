/** Counts and sums by key and band, cut on grids, so that any order adds up to the same. */
import { type BandedEvents, NO_BAND } from './bands.ts'
import { productError } from './doubles.ts'
import { addParts, type Grid, PartSum } from './grid.ts'
import { plainVariance } from './moments.ts'
import { type SumColumns, writeSums } from './sum-columns.ts'

/** What is written of one window. */
export interface BandSumWindow {
  readonly band: number
  readonly columns: SumColumns
}

export class BandSums {
  readonly #events: BandedEvents
  readonly #grid: Grid
  readonly #squaresGrid: Grid
  readonly #stride: number
  /** By key and band: the count, the parts of the value, the parts of its square. */
  readonly #records: Float64Array
  readonly #sum: PartSum
  readonly #squares: PartSum
  readonly #isPlain: boolean
  /** Of the key at hand: the bands so far. */
  readonly #total: Float64Array
  readonly #zeros: Float64Array

  /** Grids without parts: there is no sum of that. */
  constructor(events: BandedEvents, grid: Grid, squaresGrid: Grid) {
    this.#events = events
    this.#grid = grid
    this.#squaresGrid = squaresGrid
    this.#stride = 1 + grid.cutters.length + squaresGrid.cutters.length
    this.#records = new Float64Array(events.keys * events.bands * this.#stride)
    this.#sum = new PartSum(grid)
    this.#squares = new PartSum(squaresGrid)
    this.#isPlain = grid.cutters.length <= 1 && squaresGrid.cutters.length <= 1
    this.#total = new Float64Array(this.#stride)
    this.#zeros = new Float64Array(this.#stride)
    if (this.#isPlain) this.#addPlain()
    else this.#addParts()
  }

  /** @param keyOf the key of each row to write; below 0: none. @param windows the shortest first. */
  write(keyOf: Int32Array, windows: readonly BandSumWindow[]): void {
    const { bands } = this.#events
    for (let row = 0; row < keyOf.length; row++) {
      const key = keyOf[row]!
      if (key < 0) continue
      let added = 0
      this.#total.fill(0)
      for (const { band, columns } of windows) {
        for (; added <= band; added++) this.#merge((key * bands + added) * this.#stride)
        if (this.#isPlain) this.#writePlain(columns, row)
        else this.#writeParts(columns, row)
      }
    }
  }

  /** One part at most of each: it is the value itself. */
  #addPlain(): void {
    const { keyOf, bandOf, bands, values } = this.#events
    const records = this.#records
    const stride = this.#stride
    const [hasSum, hasSquares] = [this.#grid.cutters.length > 0, this.#squaresGrid.cutters.length > 0]
    for (let i = 0; i < keyOf.length; i++) {
      const [key, band] = [keyOf[i]!, bandOf[i]!]
      if (key < 0 || band === NO_BAND) continue
      const at = (key * bands + band) * stride
      records[at] = records[at]! + 1
      if (!hasSum) continue
      const value = values[i]!
      records[at + 1] = records[at + 1]! + value
      if (hasSquares) records[at + 2] = records[at + 2]! + value * value
    }
  }

  #addParts(): void {
    const { keyOf, bandOf, bands, values } = this.#events
    const records = this.#records
    const squaresAt = 1 + this.#grid.cutters.length
    const [hasSum, hasSquares] = [squaresAt > 1, this.#squaresGrid.cutters.length > 0]
    for (let i = 0; i < keyOf.length; i++) {
      const [key, band] = [keyOf[i]!, bandOf[i]!]
      if (key < 0 || band === NO_BAND) continue
      const at = (key * bands + band) * this.#stride
      const value = values[i]!
      records[at] = records[at]! + 1
      if (hasSum) addParts(value, this.#grid, records, at + 1)
      if (!hasSquares) continue
      const square = value * value
      addParts(square, this.#squaresGrid, records, at + squaresAt)
      addParts(productError(value, value, square), this.#squaresGrid, records, at + squaresAt)
    }
  }

  #merge(at: number): void {
    for (let k = 0; k < this.#stride; k++) this.#total[k] = this.#total[k]! + this.#records[at + k]!
  }

  #writePlain(columns: SumColumns, row: number): void {
    const [count, sum, squares] = this.#total as unknown as [number, number, number]
    if (columns.count !== undefined) columns.count[row] = count
    if (columns.sum !== undefined) columns.sum[row] = sum
    if (columns.mean !== undefined) columns.mean[row] = sum / count
    if (columns.std === undefined) return
    const rounded = plainVariance(sum, squares, count)
    if (rounded === rounded || count < 2) columns.std[row] = Math.sqrt(rounded)
    else this.#writeParts(columns, row)
  }

  #writeParts(columns: SumColumns, row: number): void {
    this.#sum.set(this.#total, 1, this.#zeros, 0)
    this.#squares.set(this.#total, 1 + this.#grid.cutters.length, this.#zeros, 0)
    writeSums(columns, row, this.#total[0]!, this.#sum, this.#squares)
  }
}
