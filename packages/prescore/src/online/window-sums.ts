/**
 * Sums of the values in one window, without rounding: in the fewest parts that are exact for a key's values, or wide. What
 * is read from them is rounded once, by the kernel, so it does not depend on the form.
 */
import {
  addParts,
  type BitRange,
  canSplit,
  EVERY_DOUBLE,
  ExactSum,
  type Grid,
  gridOf,
  highestBitOf,
  lowestBitOf,
  PartSum,
  productError,
  type SumColumns,
  squaresOf,
  writeSums,
} from '../features/index.ts'

/** What must be summed up beside the count. */
export interface SumNeeds {
  readonly withSums: boolean
  readonly withSquares: boolean
}

/** Sums as a few numbers. */
export interface SumParts {
  /** Equal numbers: the parts mean the same. */
  readonly form: number
  /** So many are parts of the sum; the others are of the sum of squares. */
  readonly ofSum: number
  readonly parts: Float64Array
}

export interface WindowSums {
  readonly form: number
  clear(): void
  add(value: number): void
  /** Whether parts of that form can be merged. */
  takes(form: number): boolean
  merge(sums: SumParts): void
  /** Adds what wide sums told of themselves. Only if these are wide. */
  mergeWide(state: WideState): void
  /** A copy of what was summed up; undefined: it has no parts. */
  take(): SumParts | undefined
  write(columns: SumColumns, count: number): void
}

/** The states of an exact sum, and of one of squares, of any doubles. */
export interface WideState {
  readonly sum: Float64Array
  readonly squares: Float64Array | undefined
}

/** Nothing was seen yet. */
export const NO_BITS: BitRange = Object.freeze({ lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY })
/** No bits: no parts. */
const NOTHING: BitRange = { lowest: 0, highest: -1 }
export const WIDE = -1
/** Ranges are rounded up to multiples of so many bits, so that few forms serve all keys. */
const STEP_BITS = 16
const STEPS = 256

/** The sums of one reader, by form. */
export class SumForms {
  readonly #needs: SumNeeds
  readonly #made = new Map<number, WindowSums>()

  constructor(needs: SumNeeds) {
    this.#needs = needs
  }

  /** For values of a range, at most so many. */
  of(range: BitRange, events: number): WindowSums {
    return this.#ofForm(this.#needs.withSums ? formOf(range, events) : 0)
  }

  /** For any values. */
  wide(): WindowSums {
    return this.#ofForm(this.#needs.withSums ? WIDE : 0)
  }

  #ofForm(form: number): WindowSums {
    const known = this.#made.get(form)
    if (known !== undefined) return known
    const made = form === WIDE ? new WideWindowSums(this.#needs) : new PartWindowSums(form, this.#needs)
    this.#made.set(form, made)
    return made
  }
}

/** The bits of the first `count` values; an infinity counts as 2^1024. */
export function bitsOf(values: Float64Array, count: number): BitRange {
  let lowest = Number.POSITIVE_INFINITY
  let greatest = 0
  for (let i = 0; i < count; i++) {
    const size = Math.abs(values[i]!)
    if (!(size > 0)) continue
    if (size > greatest) greatest = size
    // Once an odd integer is among them, integers cannot have a lower bit.
    if (lowest > 0 || Math.floor(size) !== size) lowest = Math.min(lowest, lowestBitOf(size))
  }
  return greatest === 0 ? NO_BITS : { lowest, highest: highestBitOf(greatest) }
}

export function union(a: BitRange, b: BitRange): BitRange {
  return { lowest: Math.min(a.lowest, b.lowest), highest: Math.max(a.highest, b.highest) }
}

/** A number for the rounded range and the bits of the count. */
function formOf({ lowest, highest }: BitRange, events: number): number {
  const low = lowest > highest ? 0 : Math.floor(lowest / STEP_BITS)
  const high = lowest > highest ? 0 : Math.floor(highest / STEP_BITS)
  if (!canSplit(rangeOf(low, high))) return WIDE
  const countBits = Math.max(8, (33 - Math.clz32(events)) & ~1)
  return ((low + STEPS / 2) * STEPS + high + STEPS / 2) * 32 + countBits
}

function rangeOf(low: number, high: number): BitRange {
  return { lowest: low * STEP_BITS, highest: high * STEP_BITS + STEP_BITS - 1 }
}

class PartWindowSums implements WindowSums {
  readonly form: number
  readonly #parts: Float64Array
  readonly #grid: Grid
  readonly #squaresGrid: Grid
  readonly #sum: PartSum
  readonly #squares: PartSum
  readonly #zeros: Float64Array

  constructor(form: number, { withSums, withSquares }: SumNeeds) {
    const range = rangeOf(Math.floor(form / 32 / STEPS) - STEPS / 2, (Math.floor(form / 32) % STEPS) - STEPS / 2)
    const most = 2 ** (form % 32) - 1
    this.form = form
    this.#grid = gridOf(withSums ? range : NOTHING, most)
    this.#squaresGrid = gridOf(withSquares ? squaresOf(range) : NOTHING, most)
    this.#sum = new PartSum(this.#grid)
    this.#squares = new PartSum(this.#squaresGrid)
    this.#parts = new Float64Array(this.#grid.cutters.length + this.#squaresGrid.cutters.length)
    this.#zeros = new Float64Array(this.#parts.length)
  }

  clear(): void {
    this.#parts.fill(0)
  }

  add(value: number): void {
    const sumParts = this.#grid.cutters.length
    if (sumParts > 0) addParts(value, this.#grid, this.#parts, 0)
    if (this.#parts.length === sumParts) return
    const square = value * value
    addParts(square, this.#squaresGrid, this.#parts, sumParts)
    addParts(productError(value, value, square), this.#squaresGrid, this.#parts, sumParts)
  }

  takes(form: number): boolean {
    return form === this.form
  }

  merge({ parts }: SumParts): void {
    for (let k = 0; k < parts.length; k++) this.#parts[k] = this.#parts[k]! + parts[k]!
  }

  mergeWide(): never {
    throw new TypeError('wide sums do not fit into parts')
  }

  take(): SumParts {
    return { form: this.form, ofSum: this.#grid.cutters.length, parts: this.#parts.slice() }
  }

  write(columns: SumColumns, count: number): void {
    const sumParts = this.#grid.cutters.length
    this.#sum.set(this.#parts, 0, this.#zeros, 0)
    this.#squares.set(this.#parts, sumParts, this.#zeros, sumParts)
    writeSums(columns, 0, count, this.#sum, this.#squares)
  }
}

/** Sums of any values, which can be put into a state and taken up from it. */
export class WideWindowSums implements WindowSums {
  readonly form = WIDE
  readonly #sum = new ExactSum(EVERY_DOUBLE)
  readonly #squares = new ExactSum(squaresOf(EVERY_DOUBLE))
  readonly #withSquares: boolean

  constructor({ withSquares }: SumNeeds) {
    this.#withSquares = withSquares
  }

  clear(): void {
    this.#sum.clear()
    this.#squares.clear()
  }

  add(value: number): void {
    this.#sum.add(value)
    if (this.#withSquares) this.#squares.addSquare(value)
  }

  takes(form: number): boolean {
    return form !== WIDE
  }

  /** Parts are doubles, and what they come to is the sum. */
  merge({ ofSum, parts }: SumParts): void {
    for (let k = 0; k < ofSum; k++) this.#sum.add(parts[k]!)
    for (let k = ofSum; k < parts.length; k++) this.#squares.add(parts[k]!)
  }

  mergeWide({ sum, squares }: WideState): void {
    this.#sum.mergeState(sum)
    if (squares !== undefined) this.#squares.mergeState(squares)
  }

  take(): undefined {}

  state(): WideState {
    return { sum: this.#sum.state(), squares: this.#withSquares ? this.#squares.state() : undefined }
  }

  write(columns: SumColumns, count: number): void {
    writeSums(columns, 0, count, this.#sum, this.#squares)
  }
}
