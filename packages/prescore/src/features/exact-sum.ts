/**
 * Sums of doubles without rounding. The state is one wide integer, so adding, subtracting and merging are exact
 * and commute; nothing is rounded until the value is read, and then once.
 */
import { powerOfTwo, productError } from './doubles.ts'
import { bigIntOf, LIMBS_MIN, normalise, pairLimbs, roundLimbs } from './limbs.ts'
import { type BitRange, EVERY_DOUBLE, type Sum } from './sum.ts'

const DOUBLE = new Float64Array(1)
const WORDS = new Uint32Array(DOUBLE.buffer)

/** Each addition moves a limb by less than 2^32; after so many, limbs could leave the safe integers. */
const ADDITIONS_MAX = 1 << 20
/** Room above the highest bit for 2^53 values and the sign. */
const HEADROOM_BITS = 55
/** Squares outside of these lose bits of their error term to over- or underflow: they are scaled first. */
const SQUARE_MAX = powerOfTwo(400)
const SQUARE_MIN = powerOfTwo(-400)
const SCALE_BITS = 600

/** The sum of values, or of squares of values, all of them in the range it was made for. */
export class ExactSum implements Sum {
  readonly range: BitRange
  /** A mantissa may reach 52 bits below the lowest bit that is set in it. */
  readonly unit: number
  /** In the unit; normal while nothing was added since. */
  readonly #limbs: Float64Array
  readonly #magnitude: Float64Array
  #additions = 0
  #positiveInfinities = 0
  #negativeInfinities = 0
  #missing = 0
  high = 0
  low = 0
  readonly error = powerOfTwo(-101)

  constructor(range: BitRange = EVERY_DOUBLE) {
    this.range = range
    this.unit = range.lowest - 52
    const limbs = Math.ceil((range.highest - this.unit + 1 + HEADROOM_BITS) / 32)
    this.#limbs = new Float64Array(Math.max(limbs, LIMBS_MIN))
    this.#magnitude = new Float64Array(this.#limbs.length)
  }

  clear(): void {
    this.#limbs.fill(0)
    this.#additions = 0
    this.#positiveInfinities = 0
    this.#negativeInfinities = 0
    this.#missing = 0
  }

  add(x: number): void {
    if (x - x === 0) this.#accumulate(x, 0, 1)
    else this.#count(x, 1)
  }

  subtract(x: number): void {
    if (x - x === 0) this.#accumulate(x, 0, -1)
    else this.#count(x, -1)
  }

  addSquare(x: number): void {
    if (x - x === 0) this.#square(x, 1)
    else this.#count(x * x, 1)
  }

  subtractSquare(x: number): void {
    if (x - x === 0) this.#square(x, -1)
    else this.#count(x * x, -1)
  }

  /** Adds a sum of the same range. */
  merge(other: ExactSum): void {
    this.#normalise()
    other.#normalise()
    for (let i = 0; i < this.#limbs.length; i++) this.#limbs[i] = this.#limbs[i]! + other.#limbs[i]!
    this.#additions = 1
    this.#positiveInfinities += other.#positiveInfinities
    this.#negativeInfinities += other.#negativeInfinities
    this.#missing += other.#missing
  }

  /** Adds what another sum of the same range told by `state`. */
  mergeState(state: Float64Array): void {
    this.#normalise()
    const limbs = this.#limbs.length
    for (let i = 0; i < limbs; i++) this.#limbs[i] = this.#limbs[i]! + state[i]!
    this.#additions = 1
    this.#positiveInfinities += state[limbs]!
    this.#negativeInfinities += state[limbs + 1]!
    this.#missing += state[limbs + 2]!
  }

  get isFinite(): boolean {
    return this.#positiveInfinities === 0 && this.#negativeInfinities === 0 && this.#missing === 0
  }

  isZero(): boolean {
    this.#normalise()
    return this.isFinite && this.#limbs.every(limb => limb === 0)
  }

  /** The same numbers for the same sum, whatever led to it: the limbs, then the counts of +∞, −∞ and NaN. */
  state(): Float64Array {
    this.#normalise()
    return Float64Array.of(...this.#limbs, this.#positiveInfinities, this.#negativeInfinities, this.#missing)
  }

  /** For sums of values: those of squares can be out of the range of doubles. */
  value(): number {
    return this.isFinite ? this.#signed(roundLimbs(this.#absolute(), this.unit)) : this.#infinite()
  }

  split(): void {
    pairLimbs(this.#absolute(), this.unit, (high, low) => {
      this.high = this.#signed(high)
      this.low = this.#signed(low)
    })
  }

  toBigInt(): bigint {
    const sum = bigIntOf(this.#absolute())
    return this.#isNegative() ? -sum : sum
  }

  #accumulate(x: number, shift: number, sign: number): void {
    DOUBLE[0] = x
    const low = WORDS[0]!
    const word = WORDS[1]!
    const field = (word >>> 20) & 0x7ff
    const high = field === 0 ? word & 0xfffff : (word & 0xfffff) | 0x100000
    const at = (field === 0 ? 1 : field) - 1075 + shift - this.unit
    if (x !== 0) this.#addBits(high, low, at, word >>> 31 === 0 ? sign : -sign)
  }

  /** Adds sign·(high·2^32 + low)·2^at. */
  #addBits(high: number, low: number, at: number, sign: number): void {
    const limbs = this.#limbs
    const i = at >>> 5
    const bits = at & 31
    limbs[i] = limbs[i]! + sign * ((low << bits) >>> 0)
    if (bits === 0) {
      limbs[i + 1] = limbs[i + 1]! + sign * high
    } else {
      limbs[i + 1] = limbs[i + 1]! + sign * (((low >>> (32 - bits)) | (high << bits)) >>> 0)
      limbs[i + 2] = limbs[i + 2]! + sign * (high >>> (32 - bits))
    }
    if (++this.#additions === ADDITIONS_MAX) this.#normalise()
  }

  /** Adds sign·x², as the rounded product and its exact error. */
  #square(x: number, sign: number): void {
    const size = Math.abs(x)
    const scale = size > SQUARE_MAX ? -SCALE_BITS : size < SQUARE_MIN ? SCALE_BITS : 0
    const scaled = scale === 0 ? x : x * powerOfTwo(scale)
    const product = scaled * scaled
    this.#accumulate(product, -2 * scale, sign)
    this.#accumulate(productError(scaled, scaled, product), -2 * scale, sign)
  }

  #count(x: number, by: number): void {
    if (x > 0) this.#positiveInfinities += by
    else if (x < 0) this.#negativeInfinities += by
    else this.#missing += by
  }

  #infinite(): number {
    const both = this.#positiveInfinities > 0 && this.#negativeInfinities > 0
    if (both || this.#missing > 0) return Number.NaN
    return this.#positiveInfinities > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  }

  #normalise(): void {
    if (this.#additions === 0) return
    normalise(this.#limbs, 1, this.#limbs)
    this.#additions = 0
  }

  #isNegative(): boolean {
    return this.#limbs[this.#limbs.length - 1]! < 0
  }

  #signed(value: number): number {
    return this.#isNegative() ? -value : value
  }

  /** The limbs of the absolute value, all in [0, 2^32). */
  #absolute(): Float64Array {
    this.#normalise()
    if (!this.#isNegative()) return this.#limbs
    normalise(this.#limbs, -1, this.#magnitude)
    return this.#magnitude
  }
}
