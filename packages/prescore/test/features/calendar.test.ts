/** Calendar windows: from the beginning of the hour, day, week or month that the clocks of a zone tell. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Column, zoneRules } from '../../src/expressions/index.ts'
import { changesOf, zoneNames } from '../../src/expressions/zones/changes.ts'
import { type ClockName, compileGroup } from '../../src/features/index.ts'
import { type Periods, periodsOf } from '../../src/features/periods.ts'
import type { AggregateName, PeriodName } from '../../src/project/index.ts'
import { RUNS } from './arbitraries.ts'
import { assertAsNaive, computed, groupOf, SCOPE, valueAt } from './harness.ts'
import type { NaiveEvent, NaiveFeature } from './naive.ts'
import { CHANGES, naiveCalendar } from './naive-calendar.ts'

const MINUTE_US = 60_000_000
const HOUR_US = 60 * MINUTE_US
const DAY_US = 24 * HOUR_US
const PERIODS: readonly PeriodName[] = ['thisHour', 'today', 'thisWeek', 'thisMonth']
const us = (text: string) => Date.parse(`${text}Z`) * 1000

function periodsIn(zone: string, period: PeriodName): Periods {
  const rules = zoneRules(zone)
  assert.ok(rules !== undefined, zone)
  return periodsOf(period, rules)
}

describe('periods', () => {
  for (const [zone, moment, what] of CHANGES) {
    it(`begin where a look at every minute finds it: ${zone}, ${what}`, () => {
      const changeUs = us(moment)
      const calendar = naiveCalendar(zone, changeUs - 2 * DAY_US, changeUs + 2 * DAY_US)
      for (const period of PERIODS) {
        const periods = periodsIn(zone, period)
        for (let at = changeUs - 2 * DAY_US; at < changeUs + 2 * DAY_US; at += MINUTE_US) {
          for (const each of [at, at + 1, at + MINUTE_US - 1])
            assert.equal(periods.beginUs(each), calendar.beganUs(period, each), `${period} at ${new Date(each / 1000).toISOString()}`)
        }
      }
    })
  }

  it('follow each other without gap or overlap, in every zone, and none is longer than it says', () => {
    const zoneAndTime = fc.constantFrom(...zoneNames()).chain(zone => {
      const changes = (changesOf(zone) ?? []).map(({ timeSeconds }) => timeSeconds * 1e6).filter(at => Math.abs(at) < 2 ** 52)
      const anywhere = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
      const near = fc
        .tuple(fc.constantFrom(...changes, 0), fc.integer({ min: -30 * HOUR_US, max: 30 * HOUR_US }))
        .map(([at, by]) => at + by)
      return fc.tuple(fc.constant(zone), fc.constantFrom(...PERIODS), fc.oneof(anywhere, near))
    })
    fc.assert(
      fc.property(zoneAndTime, ([zone, period, at]) => {
        const periods = periodsIn(zone, period)
        const [begin, next] = [periods.beginUs(at), periods.nextUs(at)]
        assert.ok(begin <= at && at < next && next - begin <= periods.longestUs)
        assert.deepEqual([periods.beginUs(begin), periods.nextUs(next - 1)], [begin, next])
        assert.equal(periods.beginUs(next), next)
        assert.equal(periods.nextUs(begin - 1), begin)
      }),
      { numRuns: 10 * RUNS.numRuns },
    )
  })

  it('on days when clocks change', () => {
    const began = (zone: string, period: PeriodName, at: string) =>
      new Date(periodsIn(zone, period).beginUs(us(at)) / 1000).toISOString().slice(0, 16)
    // New York, 2025-11-02: a day of 25 hours, with an hour of two.
    assert.equal(began('America/New_York', 'today', '2025-11-03T04:59'), '2025-11-02T04:00')
    assert.equal(began('America/New_York', 'thisHour', '2025-11-02T06:30'), '2025-11-02T05:00')
    assert.equal(began('America/New_York', 'thisHour', '2025-11-02T07:30'), '2025-11-02T07:00')
    // São Paulo, 2018-11-04: the day begins at 1:00.
    assert.equal(began('America/Sao_Paulo', 'today', '2018-11-04T03:00'), '2018-11-04T03:00')
    // St. John's, 2010-11-07: it has begun at 0:00, and goes on when clocks go back to 23:01 of the day before.
    assert.equal(began('America/St_Johns', 'today', '2010-11-07T03:00'), '2010-11-07T02:30')
    // Apia has no 2011-12-30.
    assert.equal(began('Pacific/Apia', 'today', '2011-12-30T10:00'), '2011-12-30T10:00')
    assert.equal(began('Pacific/Apia', 'today', '2011-12-30T09:59'), '2011-12-29T10:00')
  })
})

const AGGREGATES: readonly AggregateName[] = ['count', 'sum', 'std', 'max', 'first', 'last', 'distinct', 'timeSinceLast']
const features = fc.array(
  fc.record({
    aggregate: fc.constantFrom(...AGGREGATES),
    window: fc.constantFrom<Pick<NaiveFeature, 'period' | 'windowUs'>[]>(...PERIODS.map(period => ({ period })), { windowUs: 3 * HOUR_US }),
    delayUs: fc.constantFrom(0, 0, 90 * MINUTE_US),
  }),
  { minLength: 1, maxLength: 8 },
)

/** Around a change of clocks: mostly on a whole minute, or a microsecond beside it. */
const near = (changeUs: number) =>
  fc
    .tuple(fc.integer({ min: -2880, max: 1440 }), fc.constantFrom(0, 0, 1, -1))
    .map(([minutes, beside]) => changeUs + minutes * MINUTE_US + beside)

describe('features over calendar windows', () => {
  const plain = features.map(all =>
    all.map(({ aggregate, window, delayUs }): NaiveFeature => {
      const value = aggregate === 'count' || aggregate === 'timeSinceLast' ? {} : { value: 'number' }
      return { aggregate, delayUs, ...window, ...value }
    }),
  )
  for (const [zone, moment, what] of CHANGES) {
    it(`are those of the naive version: ${zone}, ${what}`, () => {
      const changeUs = us(moment)
      const calendar = naiveCalendar(zone, changeUs - 3 * DAY_US, changeUs + 4 * DAY_US)
      const event = fc.record({
        timeUs: near(changeUs),
        lateUs: fc.constantFrom(0, 0, -5, MINUTE_US, 5 * HOUR_US, 30 * HOUR_US),
        number: fc.integer({ min: 0, max: 4 }),
      })
      const events = fc
        .array(event, { maxLength: 40 })
        .map(all => all.map(({ timeUs, lateUs, number }): NaiveEvent => ({ key: 0, timeUs, knownAtUs: timeUs + lateUs, row: { number } })))
      const asked = fc.array(
        near(changeUs).map(asOfUs => ({ key: 0, asOfUs: asOfUs + DAY_US })),
        { minLength: 1, maxLength: 12 },
      )
      fc.assert(
        fc.property(plain, events, asked, fc.constantFrom<ClockName[]>('as-served', 'corrected'), (each, all, queries, clock) => {
          assertAsNaive(each, all, queries, clock, { zone, calendar })
          assertAsNaive(each, all, queries.slice(0, 1), clock, { zone, calendar })
        }),
        { numRuns: RUNS.numRuns / 4 },
      )
    })
  }

  it('end before midnight, and begin at it', () => {
    const events = ['03:59:59', '04:00:00', '09:00:00'].map((time, number): NaiveEvent => {
      const timeUs = us(`2025-07-04T${time}`)
      return { key: 0, timeUs, knownAtUs: timeUs, row: { number } }
    })
    const today: NaiveFeature = { aggregate: 'count', period: 'today', delayUs: 0 }
    const count = (asOf: string) =>
      valueAt(computed([today], events, [{ key: 0, asOfUs: us(asOf) }], 'as-served', 'America/New_York')[0] as Column, 0)
    assert.deepEqual(['2025-07-04T04:00:00', '2025-07-04T04:00:01', '2025-07-05T03:59:59', '2025-07-05T04:00:00'].map(count), [0, 1, 2, 0])
  })

  it('reach back as far as the longest period', () => {
    const longest = (period: PeriodName, delayUs: number, zone: string) =>
      compileGroup(groupOf([{ aggregate: 'count', period, delayUs }]), SCOPE, zone, 'group').longestUs
    assert.equal(longest('today', 5, 'UTC'), DAY_US + 5)
    assert.equal(longest('thisMonth', 0, 'America/New_York'), 31 * DAY_US + HOUR_US)
    assert.throws(() => compileGroup(groupOf([{ aggregate: 'count', period: 'today', delayUs: 0 }]), SCOPE, undefined, 'group'), {
      code: 'zone_missing',
    })
  })
})
