/** Doubles taken apart and put together, bit by bit. */
const DOUBLE = new Float64Array(1)
const WORDS = new Uint32Array(DOUBLE.buffer)
/** 2^27 + 1 splits a double into two halves of at most 26 bits each (Veltkamp). */
const SPLITTER = 134217729

/** 2^exponent, exactly, from the least denormal (-1074) to 1023. */
export function powerOfTwo(exponent: number): number {
  WORDS[0] = exponent < -1042 ? 1 << (exponent + 1074) : 0
  WORDS[1] = exponent >= -1022 ? (exponent + 1023) << 20 : exponent >= -1042 ? 1 << (exponent + 1042) : 0
  return DOUBLE[0]!
}

/** The exponent of the highest bit of a double that is not 0; of a denormal: the highest that one can have; of infinity: 1024. */
export function highestBitOf(x: number): number {
  DOUBLE[0] = x
  const field = (WORDS[1]! >>> 20) & 0x7ff
  return Math.max(field, 1) - 1023
}

/** The exponent of the lowest bit that is set in a double that is not 0; of infinity: 1024. */
export function lowestBitOf(x: number): number {
  DOUBLE[0] = x
  const low = WORDS[0]!
  const field = (WORDS[1]! >>> 20) & 0x7ff
  const high = (WORDS[1]! & 0xfffff) | (field === 0 ? 0 : 0x100000)
  return Math.max(field, 1) - 1075 + (low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high))
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word)
}

/** x·y − product, exactly, where product = fl(x·y) and nothing over- or underflows (Dekker). */
export function productError(x: number, y: number, product: number): number {
  const xs = SPLITTER * x
  const xHigh = xs - (xs - x)
  const xLow = x - xHigh
  const ys = SPLITTER * y
  const yHigh = ys - (ys - y)
  const yLow = y - yHigh
  return xLow * yLow - (product - xHigh * yHigh - xLow * yHigh - xHigh * yLow)
}
