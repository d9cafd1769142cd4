/**
 * Times in events are texts. A number is refused: it could count seconds, milliseconds or microseconds, each would be
 * believed, and the log would keep the wrong one for ever. A text says what it means.
 */
import { parseInstantUs, TIME_US_MAX } from '../../base/index.ts'
import type { ZoneRules } from '../../expressions/index.ts'

export type TimeProblem = 'wrong_type' | 'zone_missing' | 'time_out_of_range'

/** Microseconds in UTC of an ISO 8601 text; one without a zone is a local time of the source's zone, as in scans. */
export function eventTimeUs(text: string, zone: ZoneRules | undefined): number | TimeProblem {
  const instant = parseInstantUs(text)
  if (instant !== undefined) return instant
  const local = parseInstantUs(`${text}Z`)
  if (local === undefined) return isInstant(inOurTime(text)) ? 'time_out_of_range' : 'wrong_type'
  if (zone === undefined) return 'zone_missing'
  const us = zone.toUtcUs(local)
  return Math.abs(us) <= TIME_US_MAX ? us : 'time_out_of_range'
}

function isInstant(text: string): boolean {
  return parseInstantUs(text) !== undefined || parseInstantUs(`${text}Z`) !== undefined
}

/** The same date between 1700 and 2099: the calendar repeats itself after 400 years. */
function inOurTime(text: string): string {
  const year = Number(text.slice(0, 4))
  return `${1700 + ((year + 300) % 400)}${text.slice(4)}`
}
