/**
 * Wide integers in limbs of 32 bits: limb i weighs 2^(32 i). Doubles hold the limbs, so that many additions can be made
 * before anything is carried. Normal: all in [0, 2^32) but the last, which bears the sign.
 */
import { powerOfTwo } from './doubles.ts'

const LIMB = powerOfTwo(32)
/** Weights of the five highest limbs that a pair of doubles is made of. */
const PAIR_WEIGHTS = Float64Array.of(powerOfTwo(128), powerOfTwo(96), powerOfTwo(64), LIMB, 1)
/** The least number of limbs that these functions take. */
export const LIMBS_MIN = PAIR_WEIGHTS.length

/** Writes sign·limbs to `to`, in the normal form. */
export function normalise(limbs: Float64Array, sign: 1 | -1, to: Float64Array): void {
  const last = limbs.length - 1
  let carried = 0
  for (let i = 0; i < last; i++) {
    const sum = sign * limbs[i]! + carried
    carried = Math.floor(sum / LIMB)
    to[i] = sum - carried * LIMB
  }
  to[last] = sign * limbs[last]! + carried
}

/** limbs·2^unit, rounded once, to nearest even. The limbs are normal and not negative. */
export function roundLimbs(limbs: Float64Array, unit: number): number {
  const top = Math.max(highestOf(limbs), 2)
  const middle = limbs[top - 1]!
  const lowest = limbs[top - 2]!
  // Two doubles hold 96 bits without rounding; all below can only break a tie, so one bit stands for it.
  const sticky = lowest % 2 === 0 && isAnySet(limbs, top - 2) ? 1 : 0
  const spill = middle & 0x7ff
  const high = limbs[top]! * (LIMB * LIMB) + (middle - spill) * LIMB
  // The weight alone may be out of the range of doubles: half of it, then the other half.
  const exponent = 32 * (top - 2) + unit
  const half = exponent >> 1
  return (high + (spill * LIMB + (lowest + sticky))) * powerOfTwo(half) * powerOfTwo(exponent - half)
}

/** Calls `take` with two doubles whose sum is limbs·2^unit, with a relative error below 2^-101. Normal, not negative. */
export function pairLimbs(limbs: Float64Array, unit: number, take: (high: number, low: number) => void): void {
  const top = Math.max(highestOf(limbs), LIMBS_MIN - 1)
  let high = 0
  let low = 0
  for (let i = 0; i < LIMBS_MIN; i++) {
    const limb = limbs[top - i]! * PAIR_WEIGHTS[i]!
    const sum = high + limb
    low += limb - (sum - high)
    high = sum
  }
  const weight = powerOfTwo(32 * (top - 4) + unit)
  const rounded = high + low
  take(rounded * weight, (low - (rounded - high)) * weight)
}

/** The limbs are normal and not negative. */
export function bigIntOf(limbs: Float64Array): bigint {
  let sum = 0n
  for (let i = highestOf(limbs); i >= 0; i--) sum = (sum << 32n) | BigInt(limbs[i]!)
  return sum
}

/** The index of the highest limb that is not 0, or -1. */
function highestOf(limbs: Float64Array): number {
  let i = limbs.length - 1
  while (i >= 0 && limbs[i] === 0) i--
  return i
}

function isAnySet(limbs: Float64Array, end: number): boolean {
  for (let i = 0; i < end; i++) if (limbs[i] !== 0) return true
  return false
}
