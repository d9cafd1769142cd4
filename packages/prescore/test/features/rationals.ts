/** Doubles as exact integers, and the double nearest to a ratio found by bisection: slow, and plain to see. */

/** Every finite double is a whole number of these: 2^-1074. */
const UNITS = 1n << 1074n
const BITS = new BigUint64Array(1)
const DOUBLE = new Float64Array(BITS.buffer)
const INFINITY_BITS = 0x7ffn << 52n

/** A finite double in units of 2^-1074. */
export function unitsOf(x: number): bigint {
  DOUBLE[0] = x
  const bits = BITS[0] as bigint
  const size = unitsOfBits(bits & ~(1n << 63n))
  return bits >> 63n === 1n ? -size : size
}

/** Infinity counts as 2^1024, the next double there would be. */
function unitsOfBits(bits: bigint): bigint {
  const field = bits >> 52n
  const fraction = bits & ((1n << 52n) - 1n)
  return field === 0n ? fraction : (fraction | (1n << 52n)) << (field - 1n)
}

/** The double nearest to numerator / denominator, ties to even; never -0. */
export function nearestDouble(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return 0 - nearestDouble(-numerator, denominator)
  // The greatest double at or below: the bits of doubles that are not negative are in their order.
  let below = 0n
  let above = INFINITY_BITS
  while (above - below > 1n) {
    const middle = (below + above) / 2n
    if (unitsOfBits(middle) * denominator <= numerator * UNITS) below = middle
    else above = middle
  }
  const twice = 2n * numerator * UNITS
  const between = (unitsOfBits(below) + unitsOfBits(above)) * denominator
  const isUp = twice > between || (twice === between && above % 2n === 0n)
  BITS[0] = isUp ? above : below
  return DOUBLE[0]!
}

export function sumOf(values: readonly number[]): number {
  return nearestDouble(totalUnits(values), UNITS)
}

export function meanOf(values: readonly number[]): number {
  return nearestDouble(totalUnits(values), BigInt(values.length) * UNITS)
}

/** Of the sample: (nΣx² − (Σx)²) / (n(n − 1)). */
export function varianceOf(values: readonly number[]): number {
  const count = BigInt(values.length)
  const sum = totalUnits(values)
  const squares = values.reduce((total, value) => total + unitsOf(value) ** 2n, 0n)
  return nearestDouble(count * squares - sum * sum, count * (count - 1n) * UNITS * UNITS)
}

export function totalUnits(values: readonly number[]): bigint {
  return values.reduce((total, value) => total + unitsOf(value), 0n)
}
