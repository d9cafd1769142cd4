import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ERRORS, formatInstant, PrescoreError, parseInstantUs, TIME_US_MAX } from '../../src/base/index.ts'
import { fn, zoneRules } from '../../src/expressions/index.ts'
import { events } from '../../src/project/index.ts'
import { FUTURE_TOLERANCE_US, openEventLog } from '../../src/sources/index.ts'
import { DAY_US, folderFor, NOON_US, PAYMENTS, PINGS, RUNS, rowsOf, SECOND_US, StandingClock } from './place.ts'

const AT = formatInstant(NOON_US)
const good = { id: 'a', at: AT }

/** An event, the code it is refused with, and what the message must say. */
const REFUSED: readonly (readonly [event: unknown, code: string, message: RegExp])[] = [
  [null, 'wrong_type', /found null; expected an object/],
  [undefined, 'wrong_type', /found nothing/],
  [[], 'wrong_type', /found a list/],
  ['a', 'wrong_type', /found "a"/],
  [7, 'wrong_type', /found 7/],
  [{ ...good, amuont: 1 }, 'unknown_column', /"amuont"/],
  [JSON.parse('{"__proto__": 1}'), 'unknown_column', /__proto__/],
  [{ ...good, toString: 1 }, 'unknown_column', /toString/],
  [{ ...good, doubled: 1 }, 'unknown_column', /doubled/],
  [{}, 'missing_time', /no `at`/],
  [{ id: 'a' }, 'missing_time', /no `at`/],
  [{ id: 'a', at: null }, 'missing_time', /no `at`/],
  [{ at: AT }, 'missing_id', /no `id`/],
  [{ at: AT, id: null }, 'missing_id', /no `id`/],
  [{ ...good, id: 7 }, 'wrong_type', /`id`; found 7; expected a string/],
  [{ ...good, shop: false }, 'wrong_type', /`shop`; found false/],
  [{ ...good, shop: ['x'] }, 'wrong_type', /found a list/],
  [{ ...good, shop: {} }, 'wrong_type', /found an object/],
  [{ ...good, shop: 'a\ud800' }, 'invalid_text', /lone surrogate/],
  [{ ...good, id: '\udc00' }, 'invalid_text', /lone surrogate/],
  [{ ...good, card: '7' }, 'wrong_type', /found "7"; expected a whole number/],
  [{ ...good, card: '7'.repeat(1000) }, 'wrong_type', /found "7{99}…; expected/],
  [{ ...good, card: 7.5 }, 'wrong_type', /found 7.5/],
  [{ ...good, card: true }, 'wrong_type', /found true/],
  [{ ...good, card: Number.NaN }, 'wrong_type', /found NaN/],
  [{ ...good, card: 2 ** 53 }, 'lossy_cast', /found 9007199254740992/],
  [{ ...good, card: -(2 ** 60) }, 'lossy_cast', /found -1152921504606847000/],
  [{ ...good, card: 2n ** 63n }, 'wrong_type', /found 9223372036854775808/],
  [{ ...good, card: -(2n ** 63n) - 1n }, 'wrong_type', /found -9223372036854775809/],
  [{ ...good, amount: '1' }, 'wrong_type', /expected a finite number/],
  [{ ...good, amount: Number.POSITIVE_INFINITY }, 'wrong_type', /found Infinity/],
  [{ ...good, amount: Number.NaN }, 'wrong_type', /found NaN/],
  [{ ...good, amount: 10n ** 400n }, 'wrong_type', /expected a finite number/],
  [{ ...good, amount: true }, 'wrong_type', /found true/],
  [{ ...good, online: 1 }, 'wrong_type', /expected true or false/],
  [{ ...good, online: 'true' }, 'wrong_type', /expected true or false/],
  [{ ...good, at: NOON_US }, 'wrong_type', /expected a time as text/],
  [{ ...good, at: 'yesterday' }, 'wrong_type', /found "yesterday"/],
  [{ ...good, at: '2026-02-30T00:00:00Z' }, 'wrong_type', /2026-02-30/],
  [{ ...good, at: '2026-06-15T12:00:00.1234567Z' }, 'wrong_type', /expected a time/],
  [{ ...good, at: '0001-02-29T00:00:00Z' }, 'wrong_type', /0001-02-29/],
  [{ ...good, at: '0004-02-29T00:00:00Z' }, 'time_out_of_range', /0004-02-29/],
  [{ ...good, at: '1684-01-01T00:00:00Z' }, 'time_out_of_range', /`at`; found "1684/],
  [{ ...good, at: '9999-12-31T00:00:00' }, 'time_out_of_range', /9999/],
  [{ ...good, received: '2256-01-01T00:00:00Z' }, 'time_out_of_range', /`received`/],
  [
    { ...good, at: formatInstant(NOON_US + FUTURE_TOLERANCE_US + 1) },
    'event_in_future',
    /found 2026-06-15T12:05:00.000001Z; expected at most 2026-06-15T12:05:00.000000Z/,
  ],
  [{ ...good, card: 2n ** 53n, amount: '1' }, 'wrong_type', /`amount`/],
  [new PrescoreError('invalid_json', { found: 'a line' }), 'invalid_json', /a line/],
]

/** An event that is taken, and what is read of it. */
const TAKEN: readonly (readonly [event: Record<string, unknown>, column: string, value: unknown])[] = [
  [{ card: null }, 'row.card', undefined],
  [{ card: undefined }, 'row.card', undefined],
  [{}, 'row.amount', undefined],
  [{ card: -0 }, 'row.card', 0],
  [{ card: 2 ** 53 - 1 }, 'row.card', 2 ** 53 - 1],
  [{ card: 5n }, 'row.card', 5],
  [{ card: 2n ** 53n + 1n }, 'row.card', 2n ** 53n + 1n],
  [{ card: -(2n ** 63n) }, 'row.card', -(2n ** 63n)],
  [{ amount: -0 }, 'row.amount', -0],
  [{ amount: 5e-324 }, 'row.amount', 5e-324],
  [{ amount: 12345678901234567000n }, 'row.amount', 12345678901234567000],
  [{ online: false }, 'row.online', 0],
  [{ online: true }, 'row.online', 1],
  [{ shop: '' }, 'row.shop', ''],
  [{ shop: '\ufeffü\0' }, 'row.shop', '\ufeffü\0'],
  [{ at: formatInstant(NOON_US + FUTURE_TOLERANCE_US) }, 'row.at', NOON_US + FUTURE_TOLERANCE_US],
  [{ at: '2026-06-15T14:00:00+02:00' }, 'row.at', NOON_US],
  [{ at: '2026-06-15T08:00:00' }, 'row.at', NOON_US],
  [{ at: '2026-06-15' }, 'row.at', NOON_US - 8 * 3600 * SECOND_US],
  [{ received: '2026-11-01T01:30:00' }, 'row.received', Date.UTC(2026, 10, 1, 5, 30) * 1000],
  [{ received: '2026-03-08T02:30:00' }, 'row.received', Date.UTC(2026, 2, 8, 7, 30) * 1000],
]

test('each wrong event is refused by its index with its code, and the good ones between them are kept', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  const mixed = REFUSED.flatMap(([event], i) => [event, { id: `good ${i}`, at: AT }])
  const { accepted, rejected } = await log.append(mixed)
  for (const [i, [, code, message]] of REFUSED.entries()) {
    const found = rejected[i]
    assert.equal(found?.index, 2 * i, `event ${i}`)
    assert.equal(found?.code, code, found?.message)
    assert.match(found?.message ?? '', message)
    assert.ok(Object.hasOwn(ERRORS, code))
  }
  assert.deepEqual([accepted, rejected.length], [REFUSED.length, REFUSED.length])
  assert.deepEqual(
    rowsOf(log).map(row => row['row.id']),
    REFUSED.map((_, i) => `good ${i}`),
  )
  await log.close()
})

test('what is taken reads as it was given, to the bit', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  const { rejected } = await log.append(TAKEN.map(([event], i) => ({ id: String(i), at: AT, ...event })))
  assert.deepEqual(rejected, [])
  const rows = rowsOf(log)
  for (const [i, [event, column, value]] of TAKEN.entries())
    assert.deepEqual(
      rows[i]?.[column],
      value,
      JSON.stringify(event, (_, each) => (typeof each === 'bigint' ? String(each) : each)),
    )
  await log.close()
})

test('a refused event does not take its id, and is not there', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  assert.equal((await log.append([{ ...good, amount: 'x' }, good, good])).accepted, 1)
  assert.equal((await log.append([{ ...good, amount: 'x' }])).rejected.length, 1)
  assert.equal(log.position(), 1)
  await log.close()
})

test('a time without a zone needs the zone of the source', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const { rejected } = await log.append([{ at: '2026-06-15T12:00:00' }, { at: AT }])
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [[0, 'zone_missing']],
  )
  await log.close()
})

test('local times are read as the zone rules say', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { futureToleranceUs: Number.POSITIVE_INFINITY })
  const zone = zoneRules('America/New_York')
  const local = fc.integer({ min: -3_000_000_000, max: 8_000_000_000 }).map(seconds => seconds * SECOND_US)
  const property = fc.asyncProperty(fc.array(local, { minLength: 1, maxLength: 20 }), async times => {
    const before = log.position()
    await log.append(times.map((us, i) => ({ id: `${before} ${i}`, at: formatInstant(us).slice(0, -1) })))
    assert.deepEqual(
      rowsOf(log, before).map(({ timeUs }) => timeUs),
      times.map(us => zone?.toUtcUs(us)),
    )
  })
  await fc.assert(property, { numRuns: Math.min(RUNS, 500) })
  await log.close()
})

test('times are refused or read exactly as instants are elsewhere', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { futureToleranceUs: Number.POSITIVE_INFINITY })
  const digit = fc.constantFrom('0', '1', '2', '5', '9', ' ', '-')
  const texts = fc.oneof(
    fc.integer({ min: -TIME_US_MAX, max: TIME_US_MAX }).map(formatInstant),
    fc
      .tuple(fc.integer({ min: 0, max: 9999 }), digit, digit, digit, fc.constantFrom('Z', '+05:30', '-0800', '', 'z'))
      .map(([year, a, b, c, zone]) => `${String(year).padStart(4, '0')}-${a}1-1${b}T0${c}:00:00${zone}`),
  )
  const property = fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 20 }), async all => {
    const before = log.position()
    const { rejected } = await log.append(all.map(at => ({ at })))
    const instants = all.map(parseInstantUs)
    assert.deepEqual(
      rowsOf(log, before).map(({ timeUs }) => timeUs),
      instants.filter(us => us !== undefined),
    )
    assert.deepEqual(
      rejected.map(({ index }) => index),
      instants.flatMap((us, i) => (us === undefined ? [i] : [])),
    )
  })
  await fc.assert(property, { numRuns: Math.min(RUNS, 500) })
  await log.close()
})

test('an event for which a derived column fails is refused, by its code', async t => {
  const definition = events({
    files: 'x.parquet',
    columns: { at: 'timestamp', n: 'int64', text: 'string' },
    time: 'at',
    derive: row => ({
      half: row.n.div(2),
      length: fn({ args: { text: row.text }, returns: 'int64', run: ({ text }) => (text === 'bad' ? 0.5 : text?.length) }),
    }),
  }).definition
  const log = openEventLog(folderFor(t), 'x', definition, { clock: new StandingClock() })
  const at = AT
  const { accepted, rejected } = await log.append([{ at, n: 1, text: 'good' }, { at, n: 2n ** 60n }, { at, text: 'bad' }, { n: 3 }, { at }])
  assert.equal(accepted, 2)
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'lossy_cast'],
      [2, 'function_failed'],
      [3, 'missing_time'],
    ],
  )
  assert.deepEqual(
    rowsOf(log).map(row => row['row.length']),
    [4, undefined],
  )
  await log.close()
})

test('the event time may be derived, and an arrival out of range is refused', async t => {
  const definition = events({
    files: 'x.parquet',
    columns: { seconds: 'int64', at: 'timestamp', wait: 'float64' },
    time: 'at',
    derive: row => ({
      when: fn({
        args: { seconds: row.seconds },
        returns: 'timestamp',
        run: ({ seconds }) => (seconds === undefined ? seconds : seconds * 1e6),
      }),
    }),
    arrival: row => fn({ args: { wait: row.wait }, returns: 'timestamp', run: ({ wait }) => wait }),
  }).definition
  const log = openEventLog(folderFor(t), 'x', { ...definition, time: 'when' }, { clock: new StandingClock() })
  const seconds = NOON_US / SECOND_US
  const { accepted, rejected } = await log.append([{ seconds }, { seconds: seconds + 301 }, {}, { seconds, wait: NOON_US + DAY_US }])
  assert.equal(accepted, 2)
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'event_in_future'],
      [2, 'missing_time'],
    ],
  )
  assert.deepEqual(
    rowsOf(log).map(({ timeUs, knownAtUs }) => [timeUs, knownAtUs]),
    [
      [NOON_US, NOON_US],
      [NOON_US, NOON_US + DAY_US],
    ],
  )
  await log.close()
})
