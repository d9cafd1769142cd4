/**
 * Values cut on fixed grids into parts that doubles add and subtract without rounding: a sum is a few plain numbers.
 * Integers that are small enough are one part, uncut; most other data are two, and four for their squares.
 */
import { powerOfTwo } from './doubles.ts'
import { ExactSum } from './exact-sum.ts'
import type { BitRange, Sum } from './sum.ts'

/** Part k of a value is a multiple of 2^(lowest + k·width), and less than 2^width of them. */
export interface Grid {
  readonly range: BitRange
  readonly width: number
  /** Adding and subtracting number k rounds to grid k. One for each part. */
  readonly cutters: Float64Array
}

/** For sums of at most `most` values: each part of such a sum is within 2^53 of its units. For ranges within 2^±900. */
export function gridOf(range: BitRange, most: number): Grid {
  const width = 52 - (32 - Math.clz32(most))
  const parts = Math.ceil((range.highest + 1 - range.lowest) / width)
  return { range, width, cutters: Float64Array.from({ length: parts }, (_, k) => 1.5 * powerOfTwo(52 + range.lowest + k * width)) }
}

/** The cutter of a part; where the grid has no such part, one that cuts every value of the range to nothing. */
export function cutterOf({ range, cutters }: Grid, part: number): number {
  return cutters[part] ?? 1.5 * powerOfTwo(55 + range.highest)
}

/** Adds the parts of a value to those at `at`. */
export function addParts(value: number, { cutters }: Grid, to: Float64Array, at: number): void {
  let rest = value
  for (let k = cutters.length - 1; k > 0; k--) {
    const cutter = cutters[k]!
    const part = rest + cutter - cutter
    to[at + k] = to[at + k]! + part
    rest -= part
  }
  to[at] = to[at]! + rest
}

/** A sum in parts, as the difference of two prefixes. */
export class PartSum implements Sum {
  readonly range: BitRange
  readonly unit: number
  readonly isFinite = true
  readonly error: number
  high = 0
  low = 0
  readonly #width: number
  readonly #parts: Float64Array
  readonly #wide: ExactSum | undefined

  constructor({ range, width, cutters }: Grid) {
    this.range = range
    this.unit = range.lowest
    this.error = cutters.length === 1 ? 0 : powerOfTwo(-101)
    this.#width = width
    this.#parts = new Float64Array(cutters.length)
    this.#wide = cutters.length <= 2 ? undefined : new ExactSum(range)
  }

  /** The prefix at `of` in one array less the prefix at `less` in the other. */
  set(prefixes: Float64Array, of: number, others: Float64Array, less: number): void {
    const parts = this.#parts
    for (let k = 0; k < parts.length; k++) parts[k] = prefixes[of + k]! - others[less + k]!
  }

  /** One or two parts: what IEEE rounds once. More: by way of limbs. */
  value(): number {
    const [first = 0, second = 0] = this.#parts
    if (this.#wide === undefined) return first + second
    this.#wide.clear()
    for (const part of this.#parts) this.#wide.add(part)
    return this.#wide.value()
  }

  /**
   * What is summed up is a multiple of the next part's last bit, so its rounding error is exact; and it is rounded only
   * where it is beyond anything that the parts below could cancel.
   */
  split(): void {
    const parts = this.#parts
    let high = 0
    let low = 0
    for (let k = parts.length - 1; k >= 0; k--) {
      const part = parts[k]!
      const sum = high + part
      low += part - (sum - high)
      high = sum
    }
    this.high = high + low
    this.low = low - (this.high - high)
  }

  toBigInt(): bigint {
    let sum = 0n
    for (let k = this.#parts.length - 1; k >= 0; k--) {
      const unit = powerOfTwo(this.unit + k * this.#width)
      sum = (sum << BigInt(this.#width)) + BigInt(this.#parts[k]! / unit)
    }
    return sum
  }
}
