import { type DurationText, PrescoreError, parseDurationUs, parseInstantUs } from '../base/index.ts'
import type { AggregationDefinition, PeriodName } from './types.ts'

export const PERIODS: readonly PeriodName[] = ['thisHour', 'today', 'thisWeek', 'thisMonth']

export type WindowText = DurationText | PeriodName | 'all'

/** What a window's text says. @throws PrescoreError `invalid_window` */
export function windowIn(text: WindowText): Pick<AggregationDefinition, 'windowUs' | 'period'> {
  if (text === 'all') return {}
  const period = PERIODS.find(name => name === text)
  if (period !== undefined) return { period }
  const windowUs = parseDurationUs(text)
  if (windowUs !== undefined) return { windowUs }
  const expected = `a duration such as '15m', '3h' or '28d', or one of ${[...PERIODS, 'all'].join(', ')}`
  throw new PrescoreError('invalid_window', { where: 'over', found: JSON.stringify(text), expected })
}

/** Microseconds of a duration in a definition. @throws PrescoreError `invalid_window` */
export function durationUs(text: string, where: string): number {
  const us = parseDurationUs(text)
  if (us !== undefined) return us
  const fix = "Write a whole number with its unit: '30s', '15m', '3h', '28d' or '2w'."
  throw new PrescoreError('invalid_window', {
    where,
    found: JSON.stringify(text),
    expected: "a duration such as '15m', '3h' or '28d'",
    fix,
  })
}

/** A moment in a definition. @throws PrescoreError `invalid_value` */
export function momentUs(text: string, where: string): number {
  const us = parseInstantUs(text)
  if (us !== undefined) return us
  throw new PrescoreError('invalid_value', {
    where,
    found: JSON.stringify(text),
    expected: 'a time with a zone, such as 2001-06-15T03:00:00-04:00',
    fix: 'Write date, time and zone: Z for UTC, or the offset from it.',
  })
}
