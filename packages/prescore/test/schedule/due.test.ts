/** When an expression is due, where clocks change: against a walk through the minutes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { zoneRules } from '../../src/expressions/index.ts'
import { parseCron } from '../../src/project/index.ts'
import { DueTimes } from '../../src/schedule/due.ts'

const MINUTE_US = 60_000_000
const at = (instant: string) => Date.parse(instant) * 1000
const shown = (us: readonly number[]) => us.map(each => new Date(each / 1000).toISOString().slice(0, 16)).reverse()
const dueOn = (cron: string, zone: string, from: string, until: string) => shown(new DueTimes(cron, zone).between(at(from), at(until), 100))

test('clocks go forward: what they skip is due at the change, once; an hour of * is not due in what is skipped', () => {
  // New York, 2026-03-08: 02:00 becomes 03:00, at 07:00 UTC.
  const day = ['America/New_York', '2026-03-08T04:00:00Z', '2026-03-08T09:00:00Z'] as const
  assert.deepEqual(dueOn('30 2 * * *', ...day), ['2026-03-08T07:00'])
  assert.deepEqual(dueOn('0,15,45 2 * * *', ...day), ['2026-03-08T07:00'])
  assert.deepEqual(dueOn('0 2,3 * * *', ...day), ['2026-03-08T07:00'])
  assert.deepEqual(dueOn('30 1,3 * * *', ...day), ['2026-03-08T06:30', '2026-03-08T07:30'])
  assert.deepEqual(dueOn('30 * * * *', ...day), [
    '2026-03-08T04:30',
    '2026-03-08T05:30',
    '2026-03-08T06:30',
    '2026-03-08T07:30',
    '2026-03-08T08:30',
  ])
})

test('clocks go back: what they show twice is due once, the first time; an hour of * each time', () => {
  // New York, 2026-11-01: 02:00 becomes 01:00, at 06:00 UTC.
  const day = ['America/New_York', '2026-11-01T04:00:00Z', '2026-11-01T08:30:00Z'] as const
  assert.deepEqual(dueOn('30 1 * * *', ...day), ['2026-11-01T05:30'])
  assert.deepEqual(dueOn('0 2 * * *', ...day), ['2026-11-01T07:00'])
  assert.deepEqual(dueOn('30 * * * *', ...day), [
    '2026-11-01T04:30',
    '2026-11-01T05:30',
    '2026-11-01T06:30',
    '2026-11-01T07:30',
    '2026-11-01T08:30',
  ])
})

test('a day that a zone skips, and midnights that are skipped', () => {
  // Apia had no 30 December 2011.
  assert.deepEqual(dueOn('0 12 * * *', 'Pacific/Apia', '2011-12-29T00:00:00Z', '2011-12-31T00:00:00Z'), [
    '2011-12-29T22:00',
    '2011-12-30T10:00',
    '2011-12-30T22:00',
  ])
  // São Paulo, 2018-11-04: 00:00 becomes 01:00.
  assert.deepEqual(dueOn('@daily', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', '2018-11-05T12:00:00Z'), [
    '2018-11-04T03:00',
    '2018-11-05T02:00',
  ])
})

const field = (least: number, most: number) => {
  const number = fc.integer({ min: least, max: most })
  const range = fc.tuple(number, number).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`)
  return fc.oneof(
    fc.constant('*'),
    fc.integer({ min: 1, max: 20 }).map(step => `*/${step}`),
    fc.array(fc.oneof(number.map(String), range), { minLength: 1, maxLength: 3 }).map(items => items.join(',')),
  )
}
const expression = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)).map(fields => fields.join(' '))
const ZONES = ['UTC', 'America/New_York', 'Europe/Paris', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'America/Sao_Paulo']

/** Walks through the minutes: the definition as it is written. */
function walked(cron: string, zone: string, fromUs: number, untilUs: number): number[] {
  const { isEveryHour, ...fields } = parseCron(cron)
  const rules = zoneRules(zone) as NonNullable<ReturnType<typeof zoneRules>>
  const isNamed = (minute: number) => {
    const date = new Date(minute * 60_000)
    return (
      fields.minutes.includes(date.getUTCMinutes()) &&
      fields.hours.includes(date.getUTCHours()) &&
      fields.months.has(date.getUTCMonth() + 1) &&
      fields.isDue(date.getUTCDate(), date.getUTCDay())
    )
  }
  const localMinute = (us: number) => Math.floor(rules.toLocalUs(us) / MINUTE_US)
  const due: number[] = []
  // From some days before, so that what was shown before is known.
  let shownUntil = localMinute(fromUs - 3 * 1_440 * MINUTE_US)
  for (let us = fromUs - 3 * 1_440 * MINUTE_US; us <= untilUs; us += MINUTE_US) {
    const minute = localMinute(us)
    const reached = isEveryHour ? [minute] : Array.from({ length: Math.max(0, minute - shownUntil) }, (_, i) => shownUntil + 1 + i)
    if (us > fromUs && reached.some(isNamed)) due.push(us)
    shownUntil = Math.max(shownUntil, minute)
  }
  return due
}

test('any expression, zone and week: as a walk through the minutes finds it', () => {
  const starts = [
    '2026-03-05',
    '2026-03-26',
    '2026-10-02',
    '2026-10-22',
    '2026-10-29',
    '2011-12-28',
    '2018-11-01',
    '2018-02-15',
    '2028-02-26',
    '2026-12-29',
  ]
  fc.assert(
    fc.property(expression, fc.constantFrom(...ZONES), fc.constantFrom(...starts), (cron, zone, start) => {
      let due: DueTimes
      try {
        due = new DueTimes(cron, zone)
      } catch {
        return fc.pre(false)
      }
      const [fromUs, untilUs] = [at(`${start}T00:00:00Z`), at(`${start}T00:00:00Z`) + 6 * 1_440 * MINUTE_US]
      const expected = walked(cron, zone, fromUs, untilUs)
      assert.deepEqual([...due.between(fromUs, untilUs, 100_000)].reverse(), expected, `${cron} in ${zone}`)
      const [first] = expected
      if (first !== undefined) assert.equal(due.after(fromUs), first)
    }),
    { numRuns: Number(process.env.PRESCORE_PROPERTY_RUNS ?? 100) },
  )
})
