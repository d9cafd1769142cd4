/**
 * Rows on which two runtimes of the same trees would differ if they differed at all: values on the thresholds, one
 * unit in the last place beside them, between them, missing, infinite, denormal. The same rows each time.
 */
import { arrayOf, type FloatType, type Matrix } from '../runtime.ts'

const SPECIAL = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-42, -1e-42, 5e-324, 3.4e38, -3.4e38]

export function trialRows(thresholds: ReadonlyMap<number, readonly number[]>, features: number, type: FloatType, rows: number): Matrix {
  const matrix = arrayOf(type, rows * features)
  const random = generator()
  const beside = type === 'float32' ? besideFloat : besideDouble
  for (let i = 0; i < matrix.length; i++) {
    const list = thresholds.get(i % features) ?? SPECIAL
    const threshold = list[Math.floor(random() * list.length)] as number
    const kind = random()
    if (kind < 0.3) matrix[i] = threshold
    else if (kind < 0.6) matrix[i] = beside(threshold, random() < 0.5 ? 1 : -1)
    else if (kind < 0.7) matrix[i] = SPECIAL[Math.floor(random() * SPECIAL.length)] as number
    else matrix[i] = threshold + (list[Math.floor(random() * list.length)]! - threshold) * random()
  }
  return matrix
}

const float = new Float32Array(1)
const floatBits = new Int32Array(float.buffer)
const double = new Float64Array(1)
const doubleBits = new BigInt64Array(double.buffer)

function besideFloat(value: number, steps: number): number {
  float[0] = value
  floatBits[0]! += steps
  return float[0]!
}

function besideDouble(value: number, steps: number): number {
  double[0] = value
  doubleBits[0]! += BigInt(steps)
  return double[0]!
}

/** Numbers from 0 to below 1, always the same ones. */
function generator(): () => number {
  let state = 42
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
