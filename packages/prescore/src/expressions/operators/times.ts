/** Calendar parts of a timestamp as read in its zone, and durations to and from numbers. */
import type { ValueType } from '../value-type.ts'
import { DURATION, FLOAT64, INT64, isKind, isNumber, type Operator } from './operator.ts'

const DAY_US = 86_400_000_000
const HOUR_US = 3_600_000_000
const MINUTE_US = 60_000_000

/** A whole part of the local time; the evaluator has applied the zone, so this sees local microseconds. */
const calendar = (evaluate: (localUs: number) => number): Operator => ({
  takes: 'a timestamp with a zone',
  result: ([a]) => (isKind(a, 'timestamp') ? INT64 : undefined),
  evaluate,
  local: true,
})

/** Another local time; the evaluator reads it in the zone again. */
const localTime = (evaluate: (localUs: number) => number): Operator => ({
  takes: 'a timestamp with a zone',
  result: ([a]) => (isKind(a, 'timestamp') ? a : undefined),
  evaluate,
  local: true,
})

/** Rounded to the nearest microsecond, halves up. */
const fromNumber = (unitUs: number): Operator => ({
  takes: 'a number',
  result: ([a]: readonly ValueType[]) => (isNumber(a) ? DURATION : undefined),
  evaluate: (amount: number) => Math.round(amount * unitUs),
})

const toNumber = (unitUs: number): Operator => ({
  takes: 'a duration',
  result: ([a]) => (isKind(a, 'duration') ? FLOAT64 : undefined),
  evaluate: (us: number) => us / unitUs,
})

const days = (localUs: number) => Math.floor(localUs / DAY_US)

/** One for all calls, so that none allocates. */
const date = new Date(0)
const dateOf = (localUs: number): Date => {
  date.setTime(days(localUs) * 86_400_000)
  return date
}

export const times = {
  /** 0 to 23. */
  hourOfDay: calendar(us => Math.floor((us - days(us) * DAY_US) / HOUR_US)),
  /** 0 to 59. */
  minuteOfHour: calendar(us => Math.floor((us - Math.floor(us / HOUR_US) * HOUR_US) / MINUTE_US)),
  /** ISO 8601: 1 for Monday to 7 for Sunday. */
  dayOfWeek: calendar(us => ((((days(us) + 3) % 7) + 7) % 7) + 1),
  /** 1 to 31. */
  dayOfMonth: calendar(us => dateOf(us).getUTCDate()),
  /** 1 to 12. */
  monthOfYear: calendar(us => dateOf(us).getUTCMonth() + 1),
  /** Midnight, or where the clocks skip it the first moment of the day. */
  startOfDay: localTime(us => days(us) * DAY_US),
  seconds: fromNumber(1_000_000),
  minutes: fromNumber(MINUTE_US),
  hours: fromNumber(HOUR_US),
  days: fromNumber(DAY_US),
  inSeconds: toNumber(1_000_000),
  inMinutes: toNumber(MINUTE_US),
  inHours: toNumber(HOUR_US),
  inDays: toNumber(DAY_US),
} satisfies Record<string, Operator>
