/** Events are unique by id: the first arrival wins, in whatever order and files the rows lie and whatever is asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { events } from '../../src/project/index.ts'
import { pinSource } from '../../src/sources/index.ts'
import { Place, type Row } from '../parquet/place.ts'
import { type ScannedRow, scanned, sourceAt } from './scanned.ts'

const place = await Place.open()
const TYPES = { id: 'BIGINT', at: 'TIMESTAMPTZ', got: 'TIMESTAMPTZ', x: 'BIGINT', s: 'VARCHAR' }
const COLUMNS = { id: 'int64', at: 'timestamp', got: 'timestamp', x: 'int64', s: 'string' } as const

interface Event extends Row {
  readonly id: number | bigint
  readonly at: number
  readonly got: number | undefined
  readonly x: number | bigint | undefined
  readonly s: string | undefined
}

const event: fc.Arbitrary<Event> = fc.record(
  {
    id: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(2n ** 53n, 2n ** 53n + 1n)),
    at: fc.integer({ min: 0, max: 3 }),
    got: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
    x: fc.constantFrom(0, 1, 9, 10, -2, 2n ** 60n + 1n, undefined),
    s: fc.constantFrom('a', 'null', '', '\u{1F642}', '\uFF5E', undefined),
  },
  { noNullPrototype: true },
)

/** The rule as it is written: known first, then earlier, then the one with the lesser values, column by column. */
function naiveWinners(rows: readonly Event[]): ScannedRow[] {
  const known = ({ got }: Event) => got ?? Number.POSITIVE_INFINITY
  const lesser = (a: Event, b: Event) =>
    (['at', 'got', 'id', 's', 'x'] as const).map(name => compared(a[name], b[name])).find(order => order !== 0) ?? 0
  const order = [...rows].sort((a, b) => (known(a) === known(b) ? a.at - b.at || lesser(a, b) : known(a) - known(b)))
  const winners = new Map<number | bigint, Event>()
  for (const each of order) if (!winners.has(each.id)) winners.set(each.id, each)
  return [...winners.values()].map(row => ({ timeUs: row.at, knownAtUs: known(row), row }))
}

/** Numbers by value, texts by code point, missing ones last. */
function compared(a: string | number | bigint | undefined, b: typeof a): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined)
  if (typeof a !== 'string' || typeof b !== 'string') return a < b ? -1 : Number(a > b)
  const [left, right] = [[...a], [...b]].map(text => text.map(each => each.codePointAt(0) as number)) as [number[], number[]]
  const at = left.findIndex((point, i) => point !== right[i])
  return at < 0 ? left.length - right.length : (left[at] as number) - (right[at] ?? -1)
}

test('of each id the first arrival', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 14 }),
      fc.array(fc.nat()),
      fc.subarray(Object.keys(COLUMNS)),
      async (rows, keys, columns) => {
        const cut = (keys[0] ?? 0) % rows.length
        const shuffled = rows
          .map((row, i) => ({ row, key: keys[i] ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ row }) => row)
        await place.copyRows('a.parquet', TYPES, shuffled.slice(0, cut))
        await place.copyRows('b.parquet', TYPES, shuffled.slice(cut))
        const source = events({
          files: ['a.parquet', 'b.parquet'],
          columns: COLUMNS,
          id: 'id',
          time: 'at',
          // Not asked for, so not computed: it would refuse an x beyond 2^53.
          derive: r => ({ next: r.x.plus(1) }),
          arrival: r => r.got,
        })
        const found = await scanned(place, sourceAt(place, source), { columns })
        const winners = naiveWinners(rows).map(each => ({ ...each, row: Object.fromEntries(columns.map(name => [name, each.row[name]])) }))
        assert.deepEqual(asSet(found), asSet(winners))
      },
    ),
    { numRuns: 60 },
  )
})

test('of rows that differ in their values alone, in a text and none: the same one in any order', async () => {
  const rows: readonly Row[] = [
    { id: 1, at: 1, got: 1, x: 1, s: undefined },
    { id: 1, at: 1, got: 1, x: 1, s: 'null' },
  ]
  for (const order of [rows, [...rows].reverse()]) {
    await place.copyRows('tie.parquet', TYPES, order)
    const source = events({ files: 'tie.parquet', columns: COLUMNS, id: 'id', time: 'at', arrival: r => r.got })
    assert.deepEqual(
      (await scanned(place, sourceAt(place, source), { columns: ['s'] })).map(({ row }) => row.s),
      ['null'],
    )
  }
})

test('of zeros of both signs the negative one, in any order', async () => {
  for (const zeros of ["'-0.0', '0.0'", "'0.0', '-0.0'"]) {
    await place.copy('zeros.parquet', `SELECT 1 AS id, make_timestamptz(1) AS at, CAST(unnest([${zeros}]) AS DOUBLE) AS x`)
    const source = events({
      files: 'zeros.parquet',
      columns: { id: 'int64', at: 'timestamp', x: 'float64' },
      id: 'id',
      time: 'at',
    })
    const [winner, ...others] = await scanned(place, sourceAt(place, source), { columns: ['x'] })
    assert.deepEqual([winner?.row.x, others], [-0, []])
  }
})

test('a range is of the winners: a later arrival does not take the place of one outside', async () => {
  await place.copyRows('range.parquet', TYPES, [
    { id: 1, at: 10, got: 10, x: 1, s: 'first' },
    { id: 1, at: 20, got: 20, x: 2, s: 'again' },
    { id: 2, at: 20, got: 20, x: 3, s: 'other' },
  ])
  const source = sourceAt(place, events({ files: 'range.parquet', columns: COLUMNS, id: 'id', time: 'at', arrival: r => r.got }))
  assert.deepEqual(
    (await scanned(place, source, { columns: ['s'], fromUs: 15 })).map(({ row }) => row.s),
    ['other'],
  )
  assert.deepEqual(
    (await scanned(place, source, { columns: ['s'], untilUs: 15 })).map(({ row }) => row.s),
    ['first'],
  )
})

test('texts as ids, and the derived columns of a winner', async () => {
  await place.copy(
    'texts.parquet',
    "SELECT 'a long enough identifier' AS id, make_timestamptz(2) AS at, 5 AS x UNION ALL SELECT 'a long enough identifier', make_timestamptz(1), 7 UNION ALL SELECT 'b', make_timestamptz(3), 9",
  )
  const source = events({
    files: 'texts.parquet',
    columns: { id: 'string', at: 'timestamp', x: 'int64' },
    id: 'id',
    time: 'at',
    derive: r => ({ double: r.x.times(2) }),
  })
  const rows = await scanned(place, sourceAt(place, source), { columns: ['id', 'double'] })
  assert.deepEqual(
    rows.map(({ timeUs, row }) => [timeUs, row]),
    [
      [1, { id: 'a long enough identifier', double: 14 }],
      [3, { id: 'b', double: 18 }],
    ],
  )
})

test('the pin counts rows and repeats; without an id nothing is a repeat', async () => {
  await place.copy('count.parquet', 'SELECT i % 7 AS id, make_timestamptz(i) AS at FROM range(20) t(i)')
  const columns = { id: 'int64', at: 'timestamp' } as const
  const withId = await pinSource(place.database, sourceAt(place, events({ files: 'count.parquet', columns, id: 'id', time: 'at' })))
  const without = await pinSource(place.database, sourceAt(place, events({ files: 'count.parquet', columns, time: 'at' })))
  assert.deepEqual([withId.rows, withId.duplicates, without.rows, without.duplicates], [20, 13, 20, 0])
})

test('ids that ascend, that nearly do, and that do not, over row groups and files', async () => {
  const rows = 300_000
  const ids: Readonly<Record<string, readonly [id: string, duplicates: number]>> = {
    ascending: ['i', 0],
    'the last is the first': [`i % ${rows - 1}`, 1],
    'the last is the one before': [`least(i, ${rows - 2})`, 1],
    descending: [`${rows} - i`, 0],
    texts: ["printf('%07d', i)", 0],
    'texts in another order': ['i::VARCHAR', 0],
  }
  for (const [what, [id, duplicates]] of Object.entries(ids)) {
    await place.copy('ids.parquet', `SELECT ${id} AS id, make_timestamptz(i) AS at FROM range(${rows}) t(i)`)
    const columns = { id: what.startsWith('texts') ? 'string' : 'int64', at: 'timestamp' } as const
    const pinned = async (...files: readonly string[]) =>
      (await pinSource(place.database, sourceAt(place, events({ files: [...files], columns, id: 'id', time: 'at' })))).duplicates
    assert.equal(await pinned('ids.parquet'), duplicates, what)
    await place.copy('ids-again.parquet', `SELECT ${id} AS id, make_timestamptz(i) AS at FROM range(${rows}) t(i)`)
    assert.equal(await pinned('ids.parquet', 'ids-again.parquet'), rows + duplicates, what)
  }
})

test('an id that is missing is refused', async () => {
  await place.copy('no-id.parquet', 'SELECT 1 AS id, make_timestamptz(1) AS at UNION ALL SELECT NULL, make_timestamptz(2)')
  const source = sourceAt(place, events({ files: 'no-id.parquet', columns: { id: 'int64', at: 'timestamp' }, id: 'id', time: 'at' }))
  await assert.rejects(pinSource(place.database, source), { code: 'missing_id', message: /1 of 2 rows without `id`/ })
})

function asSet(rows: readonly ScannedRow[]): string[] {
  return rows
    .map(({ timeUs, knownAtUs, row }) =>
      JSON.stringify([
        timeUs,
        String(knownAtUs),
        Object.entries(row)
          .sort()
          .map(([name, value]) => [name, String(value)]),
      ]),
    )
    .sort()
}
