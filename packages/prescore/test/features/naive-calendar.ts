/**
 * Where calendar windows begin, found by looking at the clock minute by minute. The clock is Node's, whose rules are not
 * ours; offsets are whole minutes here.
 */
import type { PeriodName } from '../../src/project/index.ts'

const MINUTE_US = 60_000_000
const HOUR = 60
const DAY = 24 * HOUR
/** Before any minute that is asked for: more than the longest month, with clocks set back by a day. */
const BEFORE = 34 * DAY

/** Which period a local time belongs to, as a number that grows. */
const NUMBER_OF: Readonly<Record<PeriodName, (localMinute: number) => number>> = {
  thisHour: minute => Math.floor(minute / HOUR),
  today: minute => Math.floor(minute / DAY),
  thisWeek: minute => Math.floor((minute / DAY + 3) / 7),
  thisMonth: minute => {
    const date = new Date(minute * 60_000)
    return date.getUTCFullYear() * 12 + date.getUTCMonth()
  },
}

export interface NaiveCalendar {
  /** The first moment at which the greatest number so far was seen. */
  beganUs(period: PeriodName, us: number): number
}

/** For moments from `fromUs` to `untilUs`. */
export function naiveCalendar(zone: string, fromUs: number, untilUs: number): NaiveCalendar {
  const first = Math.floor(fromUs / MINUTE_US) - BEFORE
  const local = localMinutes(zone, first, Math.floor(untilUs / MINUTE_US))
  const began = new Map<PeriodName, number[]>()
  for (const [period, numberOf] of Object.entries(NUMBER_OF) as [PeriodName, (minute: number) => number][]) {
    let greatest = Number.NEGATIVE_INFINITY
    let at = 0
    const all = local.map((minute, i) => {
      if (numberOf(minute) > greatest) [greatest, at] = [numberOf(minute), i]
      return at
    })
    began.set(period, all)
  }
  return {
    beganUs: (period, us) => (first + (began.get(period)?.[Math.floor(us / MINUTE_US) - first] as number)) * MINUTE_US,
  }
}

/** What the clock shows at each minute. It is asked for all minutes of an hour only where it does not simply go on. */
function localMinutes(zone: string, first: number, last: number): number[] {
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, hourCycle: 'h23', ...parts })
  const at = (minute: number): number => {
    const found = new Map<string, number>(format.formatToParts(minute * 60_000).map(({ type, value }) => [type, Number(value)]))
    const part = (name: string) => found.get(name) as number
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) / 60_000
  }
  const minutes: number[] = []
  for (let hour = first; hour <= last; hour += HOUR) {
    const shown = at(hour)
    const goesOn = at(hour + HOUR) === shown + HOUR
    for (let minute = 0; minute < HOUR; minute++) minutes.push(goesOn ? shown + minute : at(hour + minute))
  }
  return minutes
}

/** Clocks at their worst, each with a moment (UTC) at which they change. */
export const CHANGES: readonly (readonly [zone: string, moment: string, what: string])[] = [
  ['UTC', '1970-01-01T00:00', 'nothing changes'],
  ['Asia/Kolkata', '2020-03-01T00:00', 'nothing changes, half an hour off'],
  ['America/New_York', '2025-03-09T07:00', '2:00 is skipped'],
  ['America/New_York', '2025-11-02T06:00', '1:00 is told twice'],
  ['America/Sao_Paulo', '2018-11-04T03:00', 'midnight is skipped, and the day begins at 1:00'],
  ['America/Havana', '2024-11-03T05:00', 'midnight is told twice'],
  ['America/St_Johns', '2010-11-07T02:31', 'a minute after midnight it is the day before again'],
  ['Australia/Lord_Howe', '2024-04-06T15:00', 'half an hour is told twice'],
  ['Pacific/Apia', '2011-12-30T10:00', 'a day is skipped'],
  ['Pacific/Kwajalein', '1993-08-21T12:00', 'a day is skipped, too'],
  ['Asia/Beirut', '2024-10-26T21:00', 'midnight goes back to 23:00'],
]
