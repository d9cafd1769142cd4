/** Cron expressions: five fields, or a name for them. What cannot be read is told by its field. */

/** Which local minutes are due. */
export interface Cron {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  readonly months: ReadonlySet<number>
  /** Whether a day is due, by its day of the month and of the week (Sunday: 0). */
  readonly isDue: (dayOfMonth: number, dayOfWeek: number) => boolean
  /** The hour is `*`, or a step of it: due as time goes by, and not at hours of the clock. */
  readonly isEveryHour: boolean
}

const NAMED: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}
const FIELDS = [
  { name: 'minute', least: 0, most: 59, words: [] },
  { name: 'hour', least: 0, most: 23, words: [] },
  { name: 'day of month', least: 1, most: 31, words: [] },
  { name: 'month', least: 1, most: 12, words: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] },
  { name: 'day of week', least: 0, most: 7, words: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const
const DAYS_OF_MONTH_MAX = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

type Field = (typeof FIELDS)[number]

/** What is wrong with an expression. */
export class CronProblem extends Error {}

/** @throws CronProblem */
export function parseCron(text: string): Cron {
  const trimmed = text.trim().toLowerCase()
  const parts = (NAMED[trimmed] ?? trimmed).split(/\s+/)
  if (trimmed.startsWith('@') && NAMED[trimmed] === undefined)
    throw new CronProblem(`${trimmed} is none of ${Object.keys(NAMED).join(', ')}`)
  if (parts.length !== FIELDS.length) throw new CronProblem(`${trimmed === '' ? 0 : parts.length} fields in the place of five`)
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, i) => valuesOf(field, parts[i] as string)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const [ofMonth, ofWeek] = [new Set(days), new Set(weekdays.map(day => day % 7))]
  const [isAnyDay, isAnyWeekday] = [parts[2]?.startsWith('*') === true, parts[4]?.startsWith('*') === true]
  if (isAnyWeekday && !months.some(month => days.some(day => day <= (DAYS_OF_MONTH_MAX[month - 1] as number))))
    throw new CronProblem('no such day in any of the months')
  return {
    minutes,
    hours,
    months: new Set(months),
    // Both given: either will do, as it always was.
    isDue: (day, weekday) => (isAnyDay || isAnyWeekday ? ofMonth.has(day) && ofWeek.has(weekday) : ofMonth.has(day) || ofWeek.has(weekday)),
    isEveryHour: parts[1]?.startsWith('*') === true,
  }
}

/** The values of a field, ascending. */
function valuesOf(field: Field, text: string): number[] {
  const values = new Set<number>()
  for (const item of text.split(',')) for (const value of itemValues(field, item)) values.add(value)
  return [...values].sort((a, b) => a - b)
}

function itemValues(field: Field, item: string): number[] {
  const [, range = '', , step] = /^([^/]+)(\/(\d{1,3}))?$/.exec(item) ?? []
  const [from, to] = rangeOf(field, item, range, step !== undefined)
  const by = step === undefined ? 1 : Number(step)
  if (by < 1) throw problemOf(field, item)
  const values: number[] = []
  for (let value = from; value <= to; value += by) values.push(value)
  return values
}

function rangeOf(field: Field, item: string, range: string, hasStep: boolean): readonly [number, number] {
  const { least, most } = field
  // A week has no eighth day: its Sunday is both 0 and 7.
  if (range === '*') return [least, field.name === 'day of week' ? 6 : most]
  const [from, to, more] = range.split('-').map(text => numberOf(field, item, text))
  if (from === undefined || more !== undefined || (hasStep && to === undefined)) throw problemOf(field, item)
  if (to !== undefined && to < from) throw problemOf(field, item)
  return [from, to ?? from]
}

function numberOf(field: Field, item: string, text: string): number {
  const word = (field.words as readonly string[]).indexOf(text)
  const value = word >= 0 ? word + field.least : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (value >= field.least && value <= field.most) return value
  throw problemOf(field, item)
}

function problemOf({ name, least, most }: Field, item: string): CronProblem {
  return new CronProblem(`${JSON.stringify(item)} as ${name}, which is from ${least} to ${most}`)
}
