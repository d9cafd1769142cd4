/**
 * A feature's value as its rank among the thresholds that the trees compare it with: 2i + 1 on the i-th of them, 2i
 * between it and the one before. So each comparison of floats becomes one of small integers, `rank >= cut`, made once
 * a row for all nodes. NaN is below or above all, whichever way its nodes send it: a feature has up to two ranks.
 *
 * A step is packed as (cut - 1) · 2^b + slot, and a rank stands in its slot as rank · 2^b: the rank is at or above the
 * cut exactly where step - rank is negative, so nothing needs to be unpacked but the slot.
 */
import { arrayOf, type FloatType, type Matrix } from '../runtime.ts'
import { Unsupported } from './unsupported.ts'

const BITS_MAX = 29

/** Ranks of four rows lie side by side in a slot, so that the rows' lanes differ by a constant. */
export const LANES = 4

/** The thresholds and slots of each feature that a tree looks at. Slot 0 is always 0: leaves look there. */
export class Ranks {
  /** Words of the ranks of four rows; slots are named by their first one. */
  words = LANES
  /** Bits of a packed step that hold its slot. */
  slotBits = 0
  #thresholdsMax = 0
  readonly #byFeature = new Map<number, { readonly thresholds: Float64Array; left: number; right: number }>()
  #features = new Int32Array(0)
  #firsts = new Int32Array(0)
  #counts = new Int32Array(0)
  #lefts = new Int32Array(0)
  #rights = new Int32Array(0)
  #thresholds: Matrix = new Float64Array(0)
  readonly #precision: FloatType

  /** @throws Unsupported for a threshold that is NaN */
  constructor(features: readonly number[], thresholds: readonly number[], precision: FloatType) {
    this.#precision = precision
    const lists = new Map<number, number[]>()
    features.forEach((feature, i) => {
      const threshold = thresholds[i] as number
      if (threshold !== threshold) throw new Unsupported('a threshold that is NaN')
      const list = lists.get(feature)
      if (list === undefined) lists.set(feature, [threshold])
      else list.push(threshold)
    })
    for (const [feature, list] of [...lists].sort(([a], [b]) => a - b)) {
      const distinct = Float64Array.from(list).sort()
      const kept = distinct.filter((value, i) => i === 0 || value !== distinct[i - 1])
      this.#thresholdsMax = Math.max(this.#thresholdsMax, kept.length)
      this.#byFeature.set(feature, { thresholds: kept, left: 0, right: 0 })
    }
  }

  /** The rank of a threshold. */
  rankOf(feature: number, threshold: number): number {
    const { thresholds } = this.#of(feature)
    return 2 * lowerOne(thresholds, 0, thresholds.length, threshold) + 1
  }

  /** Where nodes that send NaN left or right find the rank of a feature. */
  slotOf(feature: number, nan: 'left' | 'right'): number {
    const entry = this.#of(feature)
    if (entry[nan] === 0) {
      entry[nan] = this.words
      this.words += LANES
    }
    return entry[nan]
  }

  /** To be called once after all slots are given. @throws Unsupported where steps do not fit into 30 bits */
  freeze(): void {
    this.slotBits = Math.ceil(Math.log2(this.words))
    if (this.slotBits + Math.log2(this.#nanRight + 1) > BITS_MAX) throw new Unsupported('too many thresholds and features')
    // By number of thresholds: those that are looked for side by side take as many steps. One stands before the first.
    const entries = [...this.#byFeature].sort(([, a], [, b]) => b.thresholds.length - a.thresholds.length)
    const length = entries.reduce((sum, [, { thresholds }]) => sum + thresholds.length, 1)
    this.#features = Int32Array.from(entries, ([feature]) => feature)
    this.#counts = Int32Array.from(entries, ([, { thresholds }]) => thresholds.length)
    this.#lefts = Int32Array.from(entries, ([, { left }]) => left)
    this.#rights = Int32Array.from(entries, ([, { right }]) => right)
    this.#thresholds = arrayOf(this.#precision, length)
    this.#firsts = new Int32Array(entries.length)
    let first = 1
    for (const [i, [, { thresholds }]] of entries.entries()) {
      this.#firsts[i] = first
      this.#thresholds.set(thresholds, first)
      first += thresholds.length
    }
  }

  /** The ranks of one row, whose values begin at `from`: four features at once, of about as many thresholds each. */
  fillOne(matrix: Matrix, from: number, ranks: Int32Array): void {
    const [features, firsts, counts, thresholds] = [this.#features, this.#firsts, this.#counts, this.#thresholds]
    let i = 0
    for (; i + 3 < features.length; i += 4) {
      const a = matrix[from + features[i]!]!
      const b = matrix[from + features[i + 1]!]!
      const c = matrix[from + features[i + 2]!]!
      const d = matrix[from + features[i + 3]!]!
      let lowA = firsts[i]!
      let lowB = firsts[i + 1]!
      let lowC = firsts[i + 2]!
      let lowD = firsts[i + 3]!
      let leftB = counts[i + 1]!
      let leftC = counts[i + 2]!
      let leftD = counts[i + 3]!
      // The first has most; where only one is left of the others, nothing is added.
      for (let leftA = counts[i]!; leftA > 1; ) {
        const halfA = leftA >>> 1
        const halfB = leftB >>> 1
        const halfC = leftC >>> 1
        const halfD = leftD >>> 1
        lowA += halfA & -Number(thresholds[lowA + halfA - 1]! < a)
        lowB += halfB & -Number(thresholds[lowB + halfB - 1]! < b)
        lowC += halfC & -Number(thresholds[lowC + halfC - 1]! < c)
        lowD += halfD & -Number(thresholds[lowD + halfD - 1]! < d)
        leftA -= halfA
        leftB -= halfB
        leftC -= halfC
        leftD -= halfD
      }
      this.#put(ranks, i, 0, a, lowA)
      this.#put(ranks, i + 1, 0, b, lowB)
      this.#put(ranks, i + 2, 0, c, lowC)
      this.#put(ranks, i + 3, 0, d, lowD)
    }
    for (; i < features.length; i++) {
      const value = matrix[from + features[i]!]!
      this.#put(ranks, i, 0, value, lowerOne(thresholds, firsts[i]!, counts[i]!, value))
    }
  }

  /** The ranks of four rows of `features` values, the first of which begins at `from`: of a feature, all four at once. */
  fillFour(matrix: Matrix, from: number, features: number, ranks: Int32Array): void {
    const thresholds = this.#thresholds
    for (let i = 0; i < this.#features.length; i++) {
      const first = this.#firsts[i]!
      const at = from + this.#features[i]!
      const a = matrix[at]!
      const b = matrix[at + features]!
      const c = matrix[at + 2 * features]!
      const d = matrix[at + 3 * features]!
      let lowA = first
      let lowB = first
      let lowC = first
      let lowD = first
      for (let left = this.#counts[i]!; left > 1; ) {
        const half = left >>> 1
        lowA += half & -Number(thresholds[lowA + half - 1]! < a)
        lowB += half & -Number(thresholds[lowB + half - 1]! < b)
        lowC += half & -Number(thresholds[lowC + half - 1]! < c)
        lowD += half & -Number(thresholds[lowD + half - 1]! < d)
        left -= half
      }
      this.#put(ranks, i, 0, a, lowA)
      this.#put(ranks, i, 1, b, lowB)
      this.#put(ranks, i, 2, c, lowC)
      this.#put(ranks, i, 3, d, lowD)
    }
  }

  /** @param low the last threshold that may be at or above the value, or the value is above all */
  #put(ranks: Int32Array, feature: number, lane: number, value: number, low: number): void {
    const first = this.#firsts[feature]!
    const threshold = this.#thresholds[low]!
    const rank = (2 * (low - first) + 2 * Number(threshold < value) + Number(threshold === value)) << this.slotBits
    const isNumber = value === value
    ranks[this.#lefts[feature]! + lane] = isNumber ? rank : -1 << this.slotBits
    ranks[this.#rights[feature]! + lane] = isNumber ? rank : this.#nanRight << this.slotBits
    // A slot that no node uses is the one of leaves.
    ranks[lane] = 0
  }

  /** Above every cut. */
  get #nanRight(): number {
    return 2 * this.#thresholdsMax + 2
  }

  #of(feature: number) {
    const entry = this.#byFeature.get(feature)
    if (entry === undefined) throw new Unsupported(`a node that looks at feature ${feature}`)
    return entry
  }
}

/**
 * Where among `count` thresholds from `first` a value belongs: the last that may be at or above it. It halves without
 * a branch: which way a row goes cannot be foretold, and each wrong guess of the processor costs more than a step.
 */
function lowerOne(thresholds: Matrix, first: number, count: number, value: number): number {
  let low = first
  for (let left = count; left > 1; ) {
    const half = left >>> 1
    low += half & -Number(thresholds[low + half - 1]! < value)
    left -= half
  }
  return low
}
