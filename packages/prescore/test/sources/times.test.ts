/** Event times, arrivals and time ranges. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { days, minutes } from '../../src/expressions/index.ts'
import { events, table } from '../../src/project/index.ts'
import { pinSource, scanSource } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { scanned, sourceAt, us } from './scanned.ts'

const place = await Place.open()
const TIME_MAX = 2 ** 53 - 1

const local = (...times: readonly string[]) => times.map((time, i) => `SELECT ${i} AS n, TIMESTAMP '${time}' AS at`).join(' UNION ALL ')

test('a skipped hour is moved forward, a repeated one means its first occurrence', async () => {
  await place.copy(
    'clocks.parquet',
    local(
      '2001-04-01 01:59:59',
      '2001-04-01 02:30:00',
      '2001-04-01 03:00:00',
      '2001-10-28 00:59:59',
      '2001-10-28 01:30:00',
      '2001-10-28 02:00:00',
    ),
  )
  const source = sourceAt(
    place,
    events({ files: 'clocks.parquet', columns: { n: 'int64', at: 'timestamp' }, time: 'at', zone: 'America/New_York' }),
  )
  const rows = await scanned(place, source)
  const times = new Map(rows.map(({ timeUs, row }) => [row.n, timeUs]))
  assert.deepEqual(
    [...times].sort().map(([, timeUs]) => new Date(timeUs / 1000).toISOString().slice(0, 19)),
    [
      '2001-04-01T06:59:59',
      '2001-04-01T07:30:00',
      '2001-04-01T07:00:00',
      '2001-10-28T04:59:59',
      '2001-10-28T05:30:00',
      '2001-10-28T07:00:00',
    ],
  )
  for (const { timeUs, row } of rows) assert.equal(row.at, timeUs)
})

test('a range is exact at both edges, also where the zone shifts it', async () => {
  const day = us('2001-06-15T04:00:00Z')
  await place.copy(
    'edges.parquet',
    local('2001-06-14 23:59:59.999999', '2001-06-15 00:00:00', '2001-06-15 23:59:59.999999', '2001-06-16 00:00:00'),
  )
  const source = sourceAt(
    place,
    events({ files: 'edges.parquet', columns: { n: 'int64', at: 'timestamp' }, time: 'at', zone: 'America/New_York' }),
  )
  const rows = await scanned(place, source, { fromUs: day, untilUs: day + 86_400_000_000 })
  assert.deepEqual(rows.map(({ row }) => row.n).sort(), [1, 2])
})

test('any range gives the rows that lie in it, of local times, instants and derived times', async () => {
  const offsets = [0, 1, -1, 3_600_000_000, -3_600_000_000, 86_400_000_000, -90_000_000_000]
  const middle = us('2001-04-01T07:00:00Z')
  const times = Array.from({ length: 400 }, (_, i) => middle + (i - 200) * 600_000_000 + (offsets[i % offsets.length] as number))
  await place.copyRows(
    'local.parquet',
    { n: 'INTEGER', at: 'TIMESTAMP' },
    times.map((at, n) => ({ n, at })),
  )
  await place.copyRows(
    'instant.parquet',
    { n: 'INTEGER', at: 'TIMESTAMPTZ' },
    times.map((at, n) => ({ n, at })),
  )
  const columns = { n: 'int64', at: 'timestamp' } as const
  const sources = [
    events({ files: 'local.parquet', columns, time: 'at', zone: 'Pacific/Kiritimati' }),
    events({ files: 'local.parquet', columns, time: 'at', zone: 'America/New_York' }),
    events({ files: 'instant.parquet', columns, time: 'at' }),
    {
      definition: {
        ...events({ files: 'instant.parquet', columns, time: 'at', derive: r => ({ later: r.at.plus(days(1)) }) }).definition,
        time: 'later',
      },
    },
  ].map(source => sourceAt(place, source))
  for (const source of sources) {
    const pin = await pinSource(place.database, source)
    const all = await scanned(place, source, { columns: ['n'] }, pin)
    assert.equal(all.length, times.length)
    const edge = fc.oneof(
      fc.constantFrom(...all.flatMap(({ timeUs }) => [timeUs, timeUs + 1])),
      fc.constantFrom(-TIME_MAX, TIME_MAX, middle),
    )
    await fc.assert(
      fc.asyncProperty(fc.option(edge, { nil: undefined }), fc.option(edge, { nil: undefined }), async (fromUs, untilUs) => {
        const range = { ...(fromUs === undefined ? {} : { fromUs }), ...(untilUs === undefined ? {} : { untilUs }) }
        const expected = all.filter(({ timeUs }) => timeUs >= (fromUs ?? -TIME_MAX) && timeUs < (untilUs ?? TIME_MAX + 1))
        assert.deepEqual(await scanned(place, source, { columns: ['n'], ...range }, pin), expected)
      }),
      { numRuns: 15 },
    )
  }
})

test('known at its arrival; without one, at its event time; a missing one is not known', async () => {
  await place.copy(
    'arrivals.parquet',
    'SELECT 1 AS n, make_timestamptz(1000) AS at, 2.0::DOUBLE AS took UNION ALL SELECT 2, make_timestamptz(2000), NULL',
  )
  const columns = { n: 'int64', at: 'timestamp', took: 'float64' } as const
  const plain = await scanned(place, sourceAt(place, events({ files: 'arrivals.parquet', columns, time: 'at' })))
  assert.deepEqual(
    plain.map(({ timeUs, knownAtUs }) => [timeUs, knownAtUs]),
    [
      [1000, 1000],
      [2000, 2000],
    ],
  )
  const late = await scanned(
    place,
    sourceAt(place, events({ files: 'arrivals.parquet', columns, time: 'at', arrival: r => r.at.plus(minutes(r.took)) })),
  )
  assert.deepEqual(
    late.map(({ timeUs, knownAtUs }) => [timeUs, knownAtUs]),
    [
      [1000, 120_001_000],
      [2000, Number.POSITIVE_INFINITY],
    ],
  )
})

test('an arrival may use derived columns, which are computed for it alone', async () => {
  await place.copy('derived.parquet', 'SELECT 1 AS n, make_timestamptz(1000) AS at, 2.0::DOUBLE AS took')
  const source = events({
    files: 'derived.parquet',
    columns: { n: 'int64', at: 'timestamp', took: 'float64' },
    derive: r => ({ landed: r.at.plus(minutes(r.took)), double: r.n.times(2) }),
    time: 'at',
    arrival: r => r.landed,
  })
  const [row] = await scanned(place, sourceAt(place, source), { columns: ['double'] })
  assert.deepEqual(row, { timeUs: 1000, knownAtUs: 120_001_000, row: { double: 2 } })
})

test('rows of a table without valid-from are valid since ever', async () => {
  await place.copy('table.parquet', 'SELECT 1 AS n UNION ALL SELECT 2')
  const source = sourceAt(place, table({ files: 'table.parquet', columns: { n: 'int64' } }))
  const rows = await scanned(place, source)
  assert.deepEqual(
    rows,
    [1, 2].map(n => ({ timeUs: -TIME_MAX, knownAtUs: -TIME_MAX, row: { n } })),
  )
  const pin = await pinSource(place.database, source)
  let count = 0
  for await (const { rows } of scanSource(place.database, source, pin, { columns: [] })) count += rows
  assert.equal(count, 2)
})

const BAD_TIMES: readonly (readonly [what: string, sql: string, code: string])[] = [
  ['a time that is missing', 'NULL::TIMESTAMPTZ', 'missing_time'],
  ['a time without an end', "'infinity'::TIMESTAMPTZ", 'missing_time'],
  ['a time after 2255', "TIMESTAMPTZ '2256-01-01 00:00:00Z'", 'time_out_of_range'],
  ['a time before 1685', "TIMESTAMPTZ '1684-01-01 00:00:00Z'", 'time_out_of_range'],
  ['a local time that its zone moves out of range', 'make_timestamp(9007199254740990)', 'time_out_of_range'],
]

for (const [what, sql, code] of BAD_TIMES) {
  test(`${what} is refused`, async () => {
    await place.copy('bad-time.parquet', `SELECT 1 AS n, ${sql} AS at`)
    const source = sourceAt(
      place,
      events({ files: 'bad-time.parquet', columns: { n: 'int64', at: 'timestamp' }, time: 'at', zone: 'America/New_York' }),
    )
    await assert.rejects(scanned(place, source), { code, message: /sources\.flights/ })
  })
}

test('a derived time that is missing is refused while it is read', async () => {
  await place.copy(
    'no-derived-time.parquet',
    'SELECT make_timestamptz(1) AS at, 1.0::DOUBLE AS took UNION ALL SELECT make_timestamptz(2), NULL',
  )
  const columns = { at: 'timestamp', took: 'float64' } as const
  const { definition } = events({
    files: 'no-derived-time.parquet',
    columns,
    time: 'at',
    derive: r => ({ end: r.at.plus(minutes(r.took)) }),
  })
  await assert.rejects(scanned(place, sourceAt(place, { definition: { ...definition, time: 'end' } })), {
    code: 'missing_time',
    message: /a row without `end`/,
  })
})
