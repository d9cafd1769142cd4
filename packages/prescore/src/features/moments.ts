/**
 * Mean and variance from exact sums, each rounded once. Doubles in pairs decide nearly always; where their error
 * bound leaves two candidates, integers of any size do.
 */
import { powerOfTwo, productError } from './doubles.ts'
import { roundRational } from './rational.ts'
import { canSplit, type Sum } from './sum.ts'

/** Relative errors: of a quotient of pairs, and of a difference of pairs to its first term. With room. */
const QUOTIENT_ERROR = powerOfTwo(-100)
const DIFFERENCE_ERROR = powerOfTwo(-96)
/** n(n − 1) and nearly all of n·Σx² are exact up to this many values. */
const PAIRED_COUNT_MAX = 1 << 26

/** Σx / n, rounded once. Without values: NaN. Never −0. */
export function mean(sum: Sum, count: number): number {
  if (count === 0 || !sum.isFinite) return count === 0 ? Number.NaN : sum.value()
  if (canSplit(sum.range)) {
    sum.split()
    const rounded = roundQuotient(sum.high, sum.low, Math.abs(sum.high) * sum.error, count)
    if (rounded === rounded) return rounded
  }
  return roundRational(sum.toBigInt(), BigInt(count), sum.unit)
}

/** (n·Σx² − (Σx)²) / (n(n − 1)), rounded once. Fewer than two values, or an infinity among them: NaN. */
export function variance(sum: Sum, squares: Sum, count: number): number {
  if (count < 2 || !sum.isFinite) return Number.NaN
  if (canSplit(sum.range) && count <= PAIRED_COUNT_MAX) {
    sum.split()
    squares.split()
    const rounded = pairedVariance(sum.high, sum.low, squares.high, squares.low, DIFFERENCE_ERROR, count)
    if (rounded === rounded) return rounded
  }
  // Each sum has its own unit.
  const shift = 2 * sum.unit - squares.unit
  const numerator = BigInt(count) * squares.toBigInt() - ((sum.toBigInt() ** 2n) << BigInt(shift))
  return roundRational(numerator, BigInt(count) * BigInt(count - 1), squares.unit)
}

/**
 * The same where both sums are small integers of one unit: doubles hold them, and every term is exact.
 * NaN also where it is not decided (a tie, or very many values).
 */
export function plainVariance(sum: number, squares: number, count: number): number {
  if (count < 2 || count > PAIRED_COUNT_MAX) return Number.NaN
  const first = count * squares
  const second = sum * sum
  // Of integers that are so small, every step but the last is exact; the sum of squares times their number is never the lesser.
  if (first <= Number.MAX_SAFE_INTEGER && Math.floor(sum) === sum && Math.floor(squares) === squares)
    return (first - second) / (count * (count - 1))
  return pairedVariance(sum, 0, squares, 0, 0, count)
}

/** NaN where two candidates remain. */
function pairedVariance(
  sumHigh: number,
  sumLow: number,
  squaresHigh: number,
  squaresLow: number,
  relativeError: number,
  count: number,
): number {
  const first = count * squaresHigh
  const second = sumHigh * sumHigh
  const difference = first - second
  const back = difference - first
  const differenceError = first - (difference - back) - (second + back)
  const errors = productError(count, squaresHigh, first) - productError(sumHigh, sumHigh, second)
  const rest = differenceError + errors + (count * squaresLow - 2 * sumHigh * sumLow)
  const high = difference + rest
  return roundQuotient(high, rest - (high - difference), first * relativeError, count * (count - 1))
}

/** (high + low) / divisor, rounded once, if that is certain for any numerator within ± error; else NaN. Never −0. */
function roundQuotient(high: number, low: number, error: number, divisor: number): number {
  const first = high / divisor
  const product = first * divisor
  const rest = high - product - productError(first, divisor, product) + low
  const second = rest / divisor
  const margin = error / divisor + Math.abs(first) * QUOTIENT_ERROR
  const least = first + (second - margin)
  return least === first + (second + margin) ? least : Number.NaN
}
