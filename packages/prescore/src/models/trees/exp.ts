/**
 * e^x of float32, as glibc's expf computes it: the same bits for every float on every platform, where ONNX Runtime has
 * those of the machine's own library. In doubles: 2^(k/32) from a table, times a polynomial of degree 3 for the rest.
 */
const TABLE = Float64Array.of(
  1,
  1.0218971486541166,
  1.0442737824274138,
  1.0671404006768237,
  1.0905077326652577,
  1.1143867425958924,
  1.1387886347566916,
  1.1637248587775775,
  1.189207115002721,
  1.215247359980469,
  1.241857812073484,
  1.2690509571917332,
  1.2968395546510096,
  1.3252366431597413,
  1.3542555469368927,
  1.383909881963832,
  Math.SQRT2,
  1.4451808069770467,
  1.4768261459394993,
  1.5091644275934228,
  1.5422108254079407,
  1.5759808451078865,
  1.6104903319492543,
  1.645755478153965,
  1.681792830507429,
  1.718619298122478,
  1.7562521603732995,
  1.7947090750031072,
  1.8340080864093424,
  1.8741676341103,
  1.9152065613971474,
  1.9571441241754002,
)
/** Beyond these the result is 0 or infinite. */
const LOWEST = -104
const HIGHEST = 89
/** Added and taken off again, it rounds to a whole number. */
const ROUNDER = 1.5 * 2 ** 52
const STEPS_PER_E = 46.16624130844683
const CUBE = 1.6938359250920212e-6
const SQUARE = 2.3459809789509004e-4
const LINEAR = 0.021660849396613134

/** @param x a float32 @returns a float32 */
export function expFloat(x: number): number {
  if (!(x >= LOWEST)) return x < LOWEST ? 0 : Number.NaN
  if (x > HIGHEST) return Number.POSITIVE_INFINITY
  const steps = STEPS_PER_E * x
  const whole = steps + ROUNDER - ROUNDER
  const rest = steps - whole
  const scale = TABLE[whole & 31]! * 2 ** (whole >> 5)
  return Math.fround(((CUBE * rest + SQUARE) * (rest * rest) + (LINEAR * rest + 1)) * scale)
}

/** 1 / (1 + e^-x), each step rounded to float32. */
export function logisticFloat(x: number): number {
  const value = Math.fround(1 / Math.fround(1 + expFloat(-Math.abs(x))))
  return x < 0 ? Math.fround(1 - value) : value
}
