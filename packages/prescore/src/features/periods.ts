/** Hours, days, weeks and months as the clocks of a zone tell them. */
import type { ZoneRules } from '../expressions/index.ts'
import type { PeriodName } from '../project/index.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const WEEK_US = 7 * DAY_US
/** The epoch was a Thursday. */
const MONDAY_US = -3 * DAY_US

/**
 * The periods of one length follow each other without gap or overlap, also where clocks change: one begins at the first moment
 * at which the clocks show its first local time or a later one, and lasts until the next begins. So an hour that is told twice
 * is one of two hours, and a day that is skipped has no length.
 */
export interface Periods {
  /** No period is longer. */
  readonly longestUs: number
  /** The first moment of the period that a moment belongs to. */
  beginUs(us: number): number
  /** The first moment of the one that follows. */
  nextUs(us: number): number
}

/** Of local times. */
interface Calendar {
  readonly longestUs: number
  begin(localUs: number): number
  /** @param beginUs of a period. */
  next(beginUs: number): number
}

const CALENDARS: Readonly<Record<PeriodName, Calendar>> = {
  thisHour: regular(HOUR_US, 0),
  today: regular(DAY_US, 0),
  thisWeek: regular(WEEK_US, MONDAY_US),
  thisMonth: { longestUs: 31 * DAY_US, begin: us => monthUs(us, 0), next: us => monthUs(us, 1) },
}

export function periodsOf(name: PeriodName, rules: ZoneRules): Periods {
  const calendar = CALENDARS[name]
  // The period that was found last: the next moment mostly lies in it too.
  let fromUs = Number.POSITIVE_INFINITY
  let untilUs = Number.NEGATIVE_INFINITY
  const find = (us: number): void => {
    if (us >= fromUs && us < untilUs) return
    let localUs = calendar.begin(rules.toLocalUs(us))
    fromUs = rules.reachedUs(localUs)
    untilUs = rules.reachedUs(calendar.next(localUs))
    // Clocks that go back over the beginning of a period do not take it back.
    while (untilUs <= us) {
      localUs = calendar.next(localUs)
      fromUs = untilUs
      untilUs = rules.reachedUs(calendar.next(localUs))
    }
  }
  return {
    longestUs: calendar.longestUs + rules.spreadUs,
    beginUs: us => {
      find(us)
      return fromUs
    },
    nextUs: us => {
      find(us)
      return untilUs
    },
  }
}

function regular(lengthUs: number, originUs: number): Calendar {
  return {
    longestUs: lengthUs,
    begin: us => Math.floor((us - originUs) / lengthUs) * lengthUs + originUs,
    next: us => us + lengthUs,
  }
}

/** The first moment of the month, or of one that comes so many months later. */
function monthUs(localUs: number, later: number): number {
  const date = new Date(Math.floor(localUs / 1000))
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later) * 1000
}
