/**
 * Time is integer microseconds since the Unix epoch, UTC, held in a double.
 * That is exact within ±2^53 µs (the years 1685 to 2255); anything outside is refused where it enters.
 */
import { PrescoreError } from './errors.ts'

export const TIME_US_MAX = 2 ** 53 - 1

const UNIT_US: Readonly<Record<string, number>> = {
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
  w: 604_800_000_000,
}

export type DurationUnit = 's' | 'm' | 'h' | 'd' | 'w'
/** A length of time as a user writes it: '15m', '3h', '28d'. A day is 24 hours. */
export type DurationText = `${number}${DurationUnit}` | `${number}ms`

/** Microseconds of '15m', '3h', '28d', '50ms'; undefined when the text is not a positive whole number of microseconds. */
export function parseDurationUs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|[smhdw])$/.exec(text)
  if (match === null) return undefined
  const us = Number(match[1]) * (match[2] === 'ms' ? 1000 : (UNIT_US[match[2] as string] as number))
  return Number.isSafeInteger(us) && us > 0 ? us : undefined
}

/** Reads an ISO 8601 instant with a zone (`Z` or an offset), to the microsecond; undefined when it is not one. */
export function parseInstantUs(text: string): number | undefined {
  const dayMs = dayMsOf(text)
  if (dayMs !== dayMs) return undefined
  const separator = text.charCodeAt(10)
  if (separator === Z) return text.length === 11 ? bounded(dayMs * 1000) : undefined
  const hour = digits(text, 11, 2)
  const minute = digits(text, 14, 2)
  const isTime = (separator === T || separator === SPACE) && text.charCodeAt(13) === COLON && hour < 24 && minute < 60
  if (!isTime) return undefined
  const hasSeconds = text.charCodeAt(16) === COLON
  const second = hasSeconds ? digits(text, 17, 2) : 0
  const fractionFrom = hasSeconds && text.charCodeAt(19) === POINT ? 20 : -1
  const zoneAt = fractionFrom < 0 ? (hasSeconds ? 19 : 16) : endOfDigits(text, fractionFrom)
  const us = fractionFrom < 0 ? 0 : fractionUs(text, fractionFrom, zoneAt)
  const zoneUs = offsetUs(text, zoneAt)
  return second < 60 && us === us ? bounded(dayMs * 1000 + ((hour * 60 + minute) * 60 + second) * 1_000_000 + us - zoneUs) : undefined
}

/** Codes of characters. */
const PLUS = 0x2b
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const SPACE = 0x20
const T = 0x54
const Z = 0x5a

/** Of the date at the beginning; NaN: there is none. */
function dayMsOf(text: string): number {
  if (text.charCodeAt(4) !== MINUS || text.charCodeAt(7) !== MINUS) return Number.NaN
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 2)
  const day = digits(text, 8, 2)
  // Date.UTC takes years below 100 for those of the last century; they are out of range in any case.
  const isDate = year >= 100 && month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month)
  return isDate ? Date.UTC(year, month - 1, day) : Number.NaN
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** So many digits as a number; NaN where they are none. */
function digits(text: string, from: number, count: number): number {
  let number = 0
  for (let at = from; at < from + count; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (!(digit >= 0 && digit <= 9)) return Number.NaN
    number = number * 10 + digit
  }
  return number
}

function endOfDigits(text: string, from: number): number {
  let at = from
  while (digits(text, at, 1) >= 0) at++
  return at
}

/** Of one to six digits; NaN: there are more, or none. */
function fractionUs(text: string, from: number, end: number): number {
  const count = end - from
  return count >= 1 && count <= 6 ? digits(text, from, count) * 10 ** (6 - count) : Number.NaN
}

/** Of a zone that ends the text; NaN: it does not. */
function offsetUs(text: string, at: number): number {
  const sign = text.charCodeAt(at)
  if (sign === Z) return text.length === at + 1 ? 0 : Number.NaN
  if (sign !== PLUS && sign !== MINUS) return Number.NaN
  const minutesAt = text.charCodeAt(at + 3) === COLON ? at + 4 : at + 3
  if (text.length !== minutesAt + 2) return Number.NaN
  const us = (digits(text, at + 1, 2) * 3600 + digits(text, minutesAt, 2) * 60) * 1_000_000
  return sign === MINUS ? -us : us
}

/** Undefined where it is no number, or none that is exact. */
function bounded(us: number): number | undefined {
  return Math.abs(us) <= TIME_US_MAX ? us : undefined
}

/** Like {@link parseInstantUs}, but refuses with an error that names the option. @throws PrescoreError `wrong_use` */
export function instantUs(text: string, where: string): number {
  const us = parseInstantUs(text)
  if (us !== undefined) return us
  throw new PrescoreError('wrong_use', {
    where,
    found: JSON.stringify(text),
    expected: 'a time with a zone, such as 2001-06-15T03:00:00-04:00',
    fix: 'Write date, time and zone: Z for UTC, or the offset from it.',
  })
}

/** The second that was formatted last: answers of one moment share it. */
let lastSecond = Number.NaN
let lastText = ''

/** `2001-06-15T07:00:00.000000Z` */
export function formatInstant(us: number): string {
  const second = Math.floor(us / 1_000_000)
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toISOString().slice(0, -4)
    lastSecond = second
  }
  return `${lastText}${String(us - second * 1_000_000).padStart(6, '0')}Z`
}
