/**
 * A feature's value as its rank among the thresholds that the trees compare it with: 2i + 1 on the i-th of them, 2i
 * between it and the one before. So each comparison of floats becomes one of small integers, `rank >= cut`, made once
 * a row for all nodes. NaN is below or above all, whichever way its nodes send it: a feature has up to two ranks.
 *
 * A step is packed as (cut - 1) · 2^b + slot, and a rank stands in its slot as rank · 2^b: the rank is at or above the
 * cut exactly where step - rank is negative, so nothing needs to be unpacked but the slot.
 */
import { Unsupported } from './unsupported.ts'

const BITS_MAX = 29

/** Rows, trees or features that are worked on side by side: each waits for memory at every step. */
export const LANES = 8

/** What a feature's values are looked for among, and where its ranks stand. */
export interface Search {
  readonly feature: number
  /** Ascending, each of them once. */
  readonly thresholds: Float64Array
  /** The slots of the ranks whose NaN is below or above all. */
  readonly left: number
  readonly right: number
}

/** The thresholds and slots of each feature that a tree looks at. Slot 0 is always 0: leaves look there. */
export class Ranks {
  /** Slots of a row, each of 4 bytes. */
  words = 1
  /** The last of them, for ranks that no node uses. */
  unused = 0
  /** Bits of a packed step that hold its slot, as its place in bytes. */
  slotBits = 0
  /** By number of thresholds, most of them first: those that are looked for side by side take as many steps. */
  searches: readonly Search[] = []
  readonly #byFeature = new Map<number, { readonly thresholds: Float64Array; left: number; right: number }>()

  /** @throws Unsupported for a threshold that is NaN */
  constructor(features: readonly number[], thresholds: readonly number[]) {
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
      this.#byFeature.set(feature, { thresholds: kept, left: 0, right: 0 })
    }
  }

  /** The rank of a threshold. */
  rankOf(feature: number, threshold: number): number {
    const { thresholds } = this.#of(feature)
    let [low, high] = [0, thresholds.length - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (thresholds[middle]! < threshold) low = middle + 1
      else high = middle
    }
    return 2 * low + 1
  }

  /** Where nodes that send NaN left or right find the rank of a feature. */
  slotOf(feature: number, nan: 'left' | 'right'): number {
    const entry = this.#of(feature)
    if (entry[nan] === 0) entry[nan] = this.words++
    return entry[nan]
  }

  /** To be called once after all slots are given. @throws Unsupported where steps do not fit into 30 bits */
  freeze(): void {
    this.unused = this.words++
    this.slotBits = Math.ceil(Math.log2(this.words * 4))
    const entries = [...this.#byFeature].sort(([, a], [, b]) => b.thresholds.length - a.thresholds.length)
    this.searches = entries.map(([feature, { thresholds, left, right }]) => ({
      feature,
      thresholds,
      left: left || this.unused,
      right: right || this.unused,
    }))
    if (this.slotBits + Math.log2(this.nanRight + 1) > BITS_MAX) throw new Unsupported('too many thresholds and features')
  }

  /** Above every cut. */
  get nanRight(): number {
    return 2 * (this.searches[0]?.thresholds.length ?? 0) + 2
  }

  #of(feature: number) {
    const entry = this.#byFeature.get(feature)
    if (entry === undefined) throw new Unsupported(`a node that looks at feature ${feature}`)
    return entry
  }
}
