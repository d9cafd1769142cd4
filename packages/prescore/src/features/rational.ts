/** The last resort: the double nearest to a ratio of integers of any size. */
import { powerOfTwo } from './doubles.ts'

const PRECISION_BITS = 53
const LEAST_EXPONENT = -1074
const QUOTIENT_BITS = 66

/** numerator / denominator · 2^exponent, rounded once, to nearest even. The denominator is positive. Never −0. */
export function roundRational(numerator: bigint, denominator: bigint, exponent: number): number {
  if (numerator === 0n) return 0
  const size = numerator < 0n ? -numerator : numerator
  const shift = Math.max(0, QUOTIENT_BITS + bitLength(denominator) - bitLength(size))
  const scaled = size << BigInt(shift)
  const quotient = scaled / denominator
  const isExact = quotient * denominator === scaled
  const rounded = roundInteger(quotient, isExact, exponent - shift)
  return numerator < 0n ? 0 - rounded : rounded
}

/** (integer + something in [0, 1), which is 0 if exact) · 2^exponent, rounded once. The integer has more than 53 bits. */
function roundInteger(integer: bigint, isExact: boolean, exponent: number): number {
  const bits = bitLength(integer)
  const highest = bits + exponent
  if (highest > 1024) return Number.POSITIVE_INFINITY
  const kept = Math.min(PRECISION_BITS, highest - LEAST_EXPONENT)
  const drop = BigInt(bits - kept)
  const half = 1n << (drop - 1n)
  const rest = integer - ((integer >> drop) << drop)
  const whole = Number(integer >> drop)
  const isUp = rest > half || (rest === half && (!isExact || whole % 2 === 1))
  return (isUp ? whole + 1 : whole) * powerOfTwo(highest - kept)
}

function bitLength(positive: bigint): number {
  const digits = positive.toString(16)
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28
}
