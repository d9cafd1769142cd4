/** Cron expressions: what they mean, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCron } from '../../src/project/index.ts'
import { DueTimes } from '../../src/schedule/due.ts'

const next = (cron: string, from: string, zone = 'UTC') => {
  const us = new DueTimes(cron, zone).after(Date.parse(from) * 1000)
  return us === undefined ? undefined : new Date(us / 1000).toISOString().slice(0, 16)
}

test('fields: numbers, ranges, lists, steps, names', () => {
  const from = '2026-11-29T10:00:00Z' // a Sunday
  for (const [cron, expected] of [
    ['0 3 * * *', '2026-11-30T03:00'],
    ['0 10 * * *', '2026-11-30T10:00'],
    ['*/15 * * * *', '2026-11-29T10:15'],
    ['5-20/5 * * * *', '2026-11-29T10:05'],
    ['59,1 * * * *', '2026-11-29T10:01'],
    ['0 */6 * * *', '2026-11-29T12:00'],
    ['0 0 * * mon', '2026-11-30T00:00'],
    ['0 0 * * 7', '2026-12-06T00:00'],
    ['0 0 * * 0', '2026-12-06T00:00'],
    ['0 0 * * Mon-Fri', '2026-11-30T00:00'],
    ['0 0 * * 5-7', '2026-12-04T00:00'],
    ['0 0 1 * *', '2026-12-01T00:00'],
    ['0 0 31 * *', '2026-12-31T00:00'],
    ['0 0 29 feb *', '2028-02-29T00:00'],
    ['0 0 1 jan-mar *', '2027-01-01T00:00'],
    // Either will do, where both days are given.
    ['0 0 1 * fri', '2026-12-01T00:00'],
    ['0 0 5 * tue', '2026-12-01T00:00'],
    ['@hourly', '2026-11-29T11:00'],
    ['@daily', '2026-11-30T00:00'],
    ['@weekly', '2026-12-06T00:00'],
    ['@monthly', '2026-12-01T00:00'],
    ['@yearly', '2027-01-01T00:00'],
  ] as const)
    assert.equal(next(cron, from), expected, cron)
})

test('what is no expression is refused, by its field', () => {
  for (const [cron, said] of [
    ['', '0 fields'],
    ['0 3 * *', '4 fields'],
    ['0 3 * * * *', '6 fields'],
    ['@reboot', '@reboot is none of'],
    ['60 * * * *', '"60" as minute'],
    ['* 24 * * *', '"24" as hour'],
    ['* * 0 * *', '"0" as day of month'],
    ['* * * 13 *', '"13" as month'],
    ['* * * * 8', '"8" as day of week'],
    ['* * * * funday', '"funday"'],
    ['5-1 * * * *', '"5-1"'],
    ['*/0 * * * *', '"*/0"'],
    ['5/10 * * * *', '"5/10"'],
    ['1-2-3 * * * *', '"1-2-3"'],
    ['1, * * * *', '""'],
    ['-1 * * * *', '"-1"'],
    ['1.5 * * * *', '"1.5"'],
    ['* * L * *', '"l"'],
    ['0 0 30 2 *', 'no such day'],
    ['0 0 31 4,6 *', 'no such day'],
  ] as const)
    assert.throws(
      () => parseCron(cron),
      (error: Error) => error.message.includes(said),
      cron,
    )
})
