/** What a sum without rounding is, in whatever form it is held. */

/** The exponents of the lowest and of the highest bit that is set in any of the summed values. */
export interface BitRange {
  readonly lowest: number
  readonly highest: number
}

export const EVERY_DOUBLE: BitRange = Object.freeze({ lowest: -1074, highest: 1023 })

/** The bits of the squares of such values. */
export function squaresOf({ lowest, highest }: BitRange): BitRange {
  return { lowest: 2 * lowest, highest: 2 * highest + 1 }
}

export interface Sum {
  /** Of the summed values (or squares). */
  readonly range: BitRange
  /** The exponent of the unit of `toBigInt`. */
  readonly unit: number
  /** Neither NaN nor an infinity is in the sum. */
  readonly isFinite: boolean
  /** The sum rounded once, to nearest even; what IEEE makes of infinities and NaN. Never −0. */
  value(): number
  /** Sets `high` and `low`: the sum is high + low, with a relative error of at most `error`. Only if it `canSplit`. */
  split(): void
  readonly high: number
  readonly low: number
  readonly error: number
  /** The exact sum of the finite values, in its unit. */
  toBigInt(): bigint
}

const SPLIT_EXPONENT_MAX = 350

/** Whether sums of such values, and of their squares, can be computed with in pairs of doubles that neither under- nor overflow. */
export function canSplit({ lowest, highest }: BitRange): boolean {
  return lowest > -SPLIT_EXPONENT_MAX && highest < SPLIT_EXPONENT_MAX
}
