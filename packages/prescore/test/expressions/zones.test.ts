import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { unknownZone, type ZoneRules, zoneRules } from '../../src/expressions/index.ts'
import { changesOf, zoneNames, zonesVersion } from '../../src/expressions/zones/changes.ts'

const SECOND_US = 1e6
const HOUR_US = 3600 * SECOND_US
const YEAR_2024 = Date.parse('2024-01-01T00:00Z') * 1000
const YEAR_2038 = Date.parse('2038-01-01T00:00Z') * 1000

function rulesOf(name: string): ZoneRules {
  const rules = zoneRules(name)
  assert.ok(rules !== undefined, name)
  return rules
}

/** The local time of Node's own tables, which are not ours. */
function intlLocalUs(name: string): (utcUs: number) => number {
  const parts = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const
  const format = new Intl.DateTimeFormat('en-US', { timeZone: name, hourCycle: 'h23', ...parts })
  return utcUs => {
    const found = new Map<string, number>(format.formatToParts(utcUs / 1000).map(({ type, value }) => [type, Number(value)]))
    const at = (part: string) => found.get(part) as number
    return Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second')) * 1000
  }
}

const us = (iso: string) => Date.parse(`${iso}Z`) * 1000
const seconds = (fromUs: number, untilUs: number) =>
  fc.integer({ min: fromUs / SECOND_US, max: untilUs / SECOND_US - 1 }).map(each => each * SECOND_US)

/** A time, half of the time near a change of the zone's clocks. */
function times(name: string): fc.Arbitrary<number> {
  const changes = (changesOf(name) ?? []).slice(1).map(({ timeSeconds }) => timeSeconds * SECOND_US)
  const anywhere = fc.integer({ min: -(2 ** 52), max: 2 ** 52 })
  if (changes.length === 0) return anywhere
  return fc.oneof(
    anywhere,
    fc.tuple(fc.constantFrom(...changes), fc.integer({ min: -26 * HOUR_US, max: 26 * HOUR_US })).map(([change, offset]) => change + offset),
  )
}

const anyZone = fc.constantFrom(...zoneNames())
const zoneAndTime = anyZone.chain(name => fc.tuple(fc.constant(name), times(name)))

/** The gap (positive) or repetition (negative) of local time at the change nearest before it; found by looking at every change. */
function changeAround(name: string, localUs: number) {
  const changes = changesOf(name) ?? []
  return changes
    .slice(1)
    .map(({ timeSeconds, offsetSeconds }, i) => {
      const before = changes[i]?.offsetSeconds as number
      const [earlier, later] = [before, offsetSeconds].sort((a, b) => a - b) as [number, number]
      const [fromUs, untilUs] = [(timeSeconds + earlier) * SECOND_US, (timeSeconds + later) * SECOND_US]
      return { lengthUs: (offsetSeconds - before) * SECOND_US, holds: localUs >= fromUs && localUs < untilUs }
    })
    .find(({ holds }) => holds)
}

describe('zoneRules', () => {
  // Zones whose law has long been settled: their rules agree in every version of the tz database, up to 2037.
  for (const name of [
    'UTC',
    'America/New_York',
    'Europe/Paris',
    'Europe/London',
    'Asia/Kolkata',
    'Asia/Tokyo',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Africa/Nairobi',
    'Pacific/Chatham',
    'America/St_Johns',
  ]) {
    it(`tells the local time of ${name} as Intl does, 1970 to 2037`, () => {
      const [rules, wanted] = [rulesOf(name), intlLocalUs(name)]
      fc.assert(
        fc.property(seconds(0, YEAR_2038), utcUs => {
          assert.equal(rules.toLocalUs(utcUs), wanted(utcUs))
        }),
        { numRuns: 400 },
      )
    })
  }

  it('tells the local time of every zone that Intl knows as Intl does, 1970 to 2023', () => {
    // Later laws may be in one of the two databases only.
    const clocks = new Map(
      zoneNames().flatMap(name => {
        try {
          return [[name, intlLocalUs(name)] as const]
        } catch {
          return []
        }
      }),
    )
    assert.ok(clocks.size > 400)
    fc.assert(
      fc.property(fc.constantFrom(...clocks.keys()), seconds(0, YEAR_2024), (name, utcUs) => {
        assert.equal(rulesOf(name).toLocalUs(utcUs), clocks.get(name)?.(utcUs))
      }),
      { numRuns: 8000 },
    )
  })

  it('goes on with yearly changes to the end of time, and with the last offset where there are none', () => {
    const [york, sydney, kolkata] = [rulesOf('America/New_York'), rulesOf('Australia/Sydney'), rulesOf('Asia/Kolkata')]
    assert.equal(york.toLocalUs(us('2200-01-15T12:00')), us('2200-01-15T07:00'))
    assert.equal(york.toLocalUs(us('2254-07-15T12:00')), us('2254-07-15T08:00'))
    assert.equal(sydney.toLocalUs(us('2254-01-15T12:00')), us('2254-01-15T23:00'))
    assert.equal(kolkata.toLocalUs(us('2254-07-15T12:00')), us('2254-07-15T17:30'))
  })

  it('takes a repeated local time for its first occurrence', () => {
    const york = rulesOf('America/New_York')
    assert.equal(york.toUtcUs(us('2024-11-03T00:59:59')), us('2024-11-03T04:59:59'))
    assert.equal(york.toUtcUs(us('2024-11-03T01:00')), us('2024-11-03T05:00'))
    assert.equal(york.toUtcUs(us('2024-11-03T01:59:59.999')), us('2024-11-03T05:59:59.999'))
    assert.equal(york.toUtcUs(us('2024-11-03T02:00')), us('2024-11-03T07:00'))
    assert.equal(york.toLocalUs(us('2024-11-03T05:30')), us('2024-11-03T01:30'))
    assert.equal(york.toLocalUs(us('2024-11-03T06:30')), us('2024-11-03T01:30'))
    const lordHowe = rulesOf('Australia/Lord_Howe')
    assert.equal(lordHowe.toUtcUs(us('2024-04-07T01:45')), us('2024-04-06T14:45'))
    assert.equal(lordHowe.toUtcUs(us('2024-04-07T02:00')), us('2024-04-06T15:30'))
  })

  it('moves a skipped local time forward by the length of the gap', () => {
    const york = rulesOf('America/New_York')
    assert.equal(york.toUtcUs(us('2024-03-10T01:59:59.999')), us('2024-03-10T06:59:59.999'))
    assert.equal(york.toUtcUs(us('2024-03-10T02:30')), us('2024-03-10T07:30'))
    assert.equal(york.toLocalUs(york.toUtcUs(us('2024-03-10T02:30'))), us('2024-03-10T03:30'))
    assert.equal(york.toUtcUs(us('2024-03-10T03:00')), us('2024-03-10T07:00'))
    const apia = rulesOf('Pacific/Apia')
    assert.equal(apia.toLocalUs(apia.toUtcUs(us('2011-12-30T12:00'))), us('2011-12-31T12:00'))
  })

  it('comes back to every local time that there is, and to every UTC time but the second of two', () => {
    fc.assert(
      fc.property(zoneAndTime, ([name, timeUs]) => {
        const rules = rulesOf(name)
        const around = changeAround(name, timeUs)
        assert.equal(rules.toLocalUs(rules.toUtcUs(timeUs)), timeUs + Math.max(0, around?.lengthUs ?? 0))
        const localUs = rules.toLocalUs(timeUs)
        const backUs = rules.toUtcUs(localUs)
        const repeatedUs = -(changeAround(name, localUs)?.lengthUs ?? 0)
        assert.ok(backUs === timeUs || (repeatedUs > 0 && backUs === timeUs - repeatedUs))
      }),
      { numRuns: 3000 },
    )
  })

  it('reaches a local time when clocks first show it or a later one', () => {
    fc.assert(
      fc.property(zoneAndTime, ([name, localUs]) => {
        fc.pre(Math.abs(localUs) < 2 ** 53 - 48 * HOUR_US)
        const rules = rulesOf(name)
        const reachedUs = rules.reachedUs(localUs)
        const changes = (changesOf(name) ?? []).map(({ timeSeconds }) => timeSeconds * SECOND_US)
        assert.ok(rules.toLocalUs(reachedUs) >= localUs)
        // Clocks only go on between changes, so it is enough to look at the last moment of each stretch before.
        const before = [reachedUs - 1, ...changes.filter(change => change < reachedUs).map(change => change - 1)]
        for (const moment of before.filter(Number.isFinite)) assert.ok(rules.toLocalUs(moment) < localUs)
        // Nothing is skipped there, and nothing told twice.
        if (changeAround(name, localUs) === undefined) assert.equal(reachedUs, rules.toUtcUs(localUs))
      }),
    )
  })

  it('knows how far its offsets lie apart', () => {
    assert.deepEqual(
      [rulesOf('UTC').spreadUs, rulesOf('America/New_York').spreadUs, rulesOf('Pacific/Apia').spreadUs / HOUR_US > 24],
      [0, HOUR_US, true],
    )
  })

  it('does not depend on what was asked before', () => {
    fc.assert(
      fc.property(
        anyZone.chain(name => fc.tuple(fc.constant(name), fc.array(times(name), { minLength: 1 }))),
        ([name, asked]) => {
          const rules = rulesOf(name)
          const ascending = new Map(asked.toSorted((a, b) => a - b).map(each => [each, [rules.toLocalUs(each), rules.toUtcUs(each)]]))
          for (const each of asked) assert.deepEqual([rules.toLocalUs(each), rules.toUtcUs(each)], ascending.get(each))
        },
      ),
    )
  })

  it('gives NaN for NaN, first of all and in between', () => {
    const rules = rulesOf('Europe/Vienna')
    for (const each of [Number.NaN, 0, Number.NaN]) {
      assert.equal(Number.isNaN(rules.toLocalUs(each)), Number.isNaN(each))
      assert.equal(Number.isNaN(rules.toUtcUs(each)), Number.isNaN(each))
    }
  })

  it('knows zones by their older names too, and tells rules apart by digest', () => {
    assert.equal(rulesOf('US/Eastern').digest, rulesOf('America/New_York').digest)
    assert.equal(rulesOf('UTC').digest, rulesOf('Etc/UTC').digest)
    assert.notEqual(rulesOf('America/New_York').digest, rulesOf('America/Toronto').digest)
    assert.equal(rulesOf('US/Eastern').name, 'US/Eastern')
    assert.match(rulesOf('UTC').digest, /^[0-9a-f]{16}$/)
  })

  it('has a digest that changes with the rules only', () => {
    // A new version of the tz database may change the second, and then features that read the zone have another hash.
    assert.deepEqual([rulesOf('UTC').digest, rulesOf('America/New_York').digest], ['d751d364b88de1ad', '9e5b726c76ca6ab2'])
  })

  it('is undefined for an unknown name, and says what may have been meant', () => {
    for (const name of ['America/NewYork', 'america/new_york', '', '__proto__', '+02:00']) assert.equal(zoneRules(name), undefined)
    assert.match(zonesVersion(), /^20\d\d[a-z]$/)
    assert.deepEqual(unknownZone('America/NewYork', 'sources.flights.zone'), {
      code: 'unknown_zone',
      severity: 'error',
      where: 'sources.flights.zone',
      found: '"America/NewYork"',
      expected: `a name in the tz database ${zonesVersion()}`,
      fix: 'Did you mean `America/New_York`?',
    })
  })

  it('has changes so far apart that no local time belongs to two of them', () => {
    for (const name of zoneNames()) {
      const changes = changesOf(name) ?? []
      const starts = changes
        .slice(1)
        .map(({ timeSeconds, offsetSeconds }, i) => timeSeconds + Math.max(offsetSeconds, changes[i]?.offsetSeconds as number))
      assert.ok(
        starts.every((start, i) => i === 0 || start > (starts[i - 1] as number)),
        name,
      )
    }
  })
})
