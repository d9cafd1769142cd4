import { writeDigits, writePadded } from '../base/index.ts'
import type { FloatType } from './runtime.ts'

/** Beyond 9 significant digits every float32 is told from its neighbours. */
const DIGITS_MAX = 9
/** Up to 10^22 powers of ten are exact in a double, so a quotient of whole numbers is rounded only once. */
const EXACT_POWER_MAX = 22
const POWERS = Float64Array.from({ length: EXACT_POWER_MAX + 1 }, (_, i) => 10 ** i)
const SMALLEST_NORMAL = 2 ** -126
const MINUS = 0x2d
const POINT = 0x2e

/**
 * The JSON text of a value: the shortest that reads back to the same number in its type, be it read straight into that
 * type or through a double. A float32 prints as 0.31, not as 0.3100000023841858 (three powers of two, 2^-96, 2^87 and
 * 2^90, take a digit more than they need). -0 keeps its sign; what JSON cannot say (NaN, ±Infinity) is null, as in
 * JSON.stringify.
 */
export function valueText(value: number, type: FloatType): string {
  if (!Number.isFinite(value)) return 'null'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  return type === 'float64' ? String(value) : float32Text(value)
}

/** A text takes no more bytes. */
export const VALUE_BYTES_MAX = 32

/** Puts {@link valueText} where bytes are. @returns where it ends; there must be room for {@link VALUE_BYTES_MAX} */
export function writeValueText(value: number, type: FloatType, to: Uint8Array, at: number): number {
  const units = type === 'float32' ? commonUnits(value) : Number.NaN
  if (!Number.isNaN(units)) return writeUnits(units, to, at)
  const text = valueText(value, type)
  for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i)
  return at + text.length
}

function writeUnits(units: number, to: Uint8Array, at: number): number {
  let end = at
  if (units < 0) to[end++] = MINUS
  const size = Math.abs(units)
  const power = POWERS[decimalsFound] as number
  const whole = Math.floor(size / power)
  end = writeDigits(whole, to, end)
  if (decimalsFound === 0) return end
  to[end++] = POINT
  return writePadded(size - whole * power, decimalsFound, to, end)
}

function float32Text(value: number): string {
  const units = commonUnits(value)
  if (Number.isNaN(units)) return anyText(value)
  if (decimalsFound === 0) return String(units)
  const digits = String(Math.abs(units)).padStart(decimalsFound + 1, '0')
  const point = digits.length - decimalsFound
  return `${value < 0 ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** Between them, numbers are written without an exponent, and what is not whole has places behind the point. */
const COMMON = { least: 1e-6, below: 2 ** 23 }
/** So many digits tell most numbers, or one more. */
const DIGITS_MOST = 7
/** Closer to the middle of two than any error of a product is. */
const NEAR_MIDDLE = 1e-4

/** Of the number whose units were told last. */
let decimalsFound = 0

/** The number as a whole number of units of its last place, whose decimals are then {@link decimalsFound}: NaN where that is not as simple. */
function commonUnits(value: number): number {
  const size = Math.abs(value)
  if (!(size >= COMMON.least && size < COMMON.below)) return Number.NaN
  decimalsFound = 0
  if (Number.isInteger(value)) return value
  const before = placesBefore(size)
  let decimals = DIGITS_MOST - before
  let units = unitsOf(value, decimals)
  if (isSaidBy(units, decimals, value)) {
    for (let fewer = decimals - 1; fewer > 0; fewer--) {
      const rounded = unitsOf(value, fewer)
      if (!isSaidBy(rounded, fewer, value)) break
      ;[units, decimals] = [rounded, fewer]
    }
  } else {
    decimals++
    units = unitsOf(value, decimals)
    if (!isSaidBy(units, decimals, value)) {
      // Of nine digits the nearest is meant, whatever reads back.
      decimals++
      const exact = value * (POWERS[decimals] as number)
      if (Math.abs((Math.abs(exact) % 1) - 0.5) < NEAR_MIDDLE) return Number.NaN
      units = Math.round(exact)
    }
  }
  // A last place of nothing is not written.
  if (units % 10 === 0) return Number.NaN
  decimalsFound = decimals
  return units
}

/** How many digits a number has before its point; of numbers below 1, less one for each zero behind it. */
function placesBefore(size: number): number {
  let places = 0
  if (size >= 1) while (size >= (POWERS[places] as number)) places++
  else while (size * (POWERS[1 - places] as number) < 1) places--
  return places
}

function unitsOf(value: number, decimals: number): number {
  return Math.round(value * (POWERS[decimals] as number))
}

function isSaidBy(units: number, decimals: number, value: number): boolean {
  return readsBack(units / (POWERS[decimals] as number), value)
}

function anyText(value: number): string {
  const exponent = Math.floor(Math.log10(Math.abs(value)))
  // Six digits survive a normal float32, so fewer need no try; five, for the exponent may be one too small.
  for (let digits = Math.abs(value) < SMALLEST_NORMAL ? 1 : 5; digits < DIGITS_MAX; digits++) {
    const rounded = roundTo(value, digits, digits - 1 - exponent)
    if (readsBack(rounded, value)) return String(rounded)
  }
  return String(Number(value.toPrecision(DIGITS_MAX)))
}

/** The value with so many significant digits: the same double as its text would read to, without making the text. */
function roundTo(value: number, digits: number, decimals: number): number {
  if (decimals >= 0 && decimals <= EXACT_POWER_MAX) {
    const power = POWERS[decimals] as number
    return Math.round(value * power) / power
  }
  return Number(value.toPrecision(digits))
}

/** Whether it lies strictly inside what rounds to the float32: on the edge, a reader straight to float32 may take the neighbour. */
function readsBack(rounded: number, value: number): boolean {
  return Math.fround(rounded + (rounded - value) * 2 ** -27) === value
}
