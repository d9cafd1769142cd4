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
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)|(Z))$/.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(i => Number(match[i] ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const date = new Date(ms)
  const whole =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    minute < 60 &&
    second < 60
  if (!whole) return undefined
  const us = ms * 1000 + Number((match[7] ?? '').padEnd(6, '0')) - offsetUs(match[8] ?? match[9] ?? 'Z')
  return Math.abs(us) <= TIME_US_MAX ? us : undefined
}

function offsetUs(zone: string): number {
  if (zone === 'Z') return 0
  const sign = zone.startsWith('-') ? -1 : 1
  const digits = zone.slice(1).replace(':', '')
  return sign * (Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2)) * 60) * 1_000_000
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
