/**
 * What every place of rows must do: the same rows, written to any of them, scan to the same columns, bit for bit; what does not fit the
 * declaration is refused. One call per format of files, and per database, with a writer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ColumnKind, events, type PostgresRowsDefinition } from '../../src/project/index.ts'
import { pinIdentity, pinSource, type SourceAt } from '../../src/sources/index.ts'
import type { Plain } from '../expressions/rows.ts'
import type { Place, Row } from '../parquet/place.ts'
import { type ScannedRow, scanned, sourceAt, textOf, us } from '../sources/scanned.ts'
import type { Times } from '../sources/written.ts'

/** What `events` and `table` are told of where rows lie. */
export type Lying = { readonly files: string | readonly string[] } | { readonly from: PostgresRowsDefinition }

export interface RowsSubject {
  readonly place: Place
  /** What reads the rows of a name. */
  at(name: string): Lying
  /** Writes rows under a new name; timestamps are microseconds, written as instants or as local times. A column that no row has is left out. */
  write(columns: Readonly<Record<string, ColumnKind>>, rows: readonly Row[], times?: Times): Promise<string>
}

/** At most 300: each run writes them in each format. */
const RUNS = Math.min(120, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 8))
export const COLUMNS = { n: 'int64', at: 'timestamp', s: 'string', f: 'float64', b: 'boolean', id: 'int64' } as const
export const AT = us('2001-06-15T07:00:00Z')

export const EDGES: readonly Row[] = [
  { n: 0, at: AT, s: '007', f: 0, b: true, id: 1 },
  { n: 9007199254740993n, at: AT + 1, s: '', f: -0.1, b: false, id: 2 },
  { n: -9223372036854775808n, at: AT - 1, s: ' spaces ', f: 5e-324, b: undefined, id: 3 },
  {
    n: 9223372036854775807n,
    at: us('1969-12-31T23:59:59Z') + 999_999,
    s: 'a "quote", a comma; a\ttab | and\na line',
    f: 1.7976931348623157e308,
    b: true,
    id: 4,
  },
  { n: undefined, at: us('2199-01-01T00:00:00Z'), s: undefined, f: undefined, b: undefined, id: 5 },
  { n: -1, at: us('1700-01-01T00:00:00Z'), s: 'NULL', f: Number.POSITIVE_INFINITY, b: false, id: 6 },
  { n: 1, at: AT, s: 'größer als zwölf Bytes 🌍', f: Number.NEGATIVE_INFINITY, b: true, id: 7 },
  { n: 2, at: AT, s: 'true', f: Number.NaN, b: true, id: 8 },
  { n: 3, at: AT, s: '1e5', f: 123456789.12345679, b: true, id: 9007199254740993n },
]

const text = fc.string({ unit: 'binary', maxLength: 20 }).map(each => each.toWellFormed().replaceAll(/[\0\r\ufeff]/g, ''))
const row = fc.record({
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { nil: undefined }),
  at: fc.integer({ min: us('1700-01-01T00:00:00Z'), max: us('2200-01-01T00:00:00Z') }),
  s: fc.option(text, { nil: undefined }),
  f: fc.option(
    fc.double().map(each => (Object.is(each, -0) ? 0 : each)),
    { nil: undefined },
  ),
  b: fc.option(fc.boolean(), { nil: undefined }),
})

export function testSourceRows(subject: string, { place, at, write }: RowsSubject): void {
  const declared = (name: string, zone?: string): SourceAt =>
    sourceAt(place, events({ ...at(name), columns: COLUMNS, time: 'at', ...(zone === undefined ? {} : { zone }) }))
  const written = (rows: readonly Row[], times?: Times) => write(COLUMNS, rows, times)

  test(`${subject}: the edges of every kind come back as they were`, async () => {
    assert.deepEqual(await scanned(place, declared(await written(EDGES))), expectedOf(EDGES))
  })

  test(`${subject}: random rows come back as they were`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async drawn => {
        const rows = drawn.map((each, i) => ({ ...each, id: i }))
        assert.deepEqual(await scanned(place, declared(await written(rows))), expectedOf(rows))
      }),
      { numRuns: RUNS },
    )
  })

  test(`${subject}: more rows than a chunk holds, and only the columns and times that were asked for`, async () => {
    const rows = Array.from({ length: 5_000 }, (_, i) => ({ n: i, at: AT + i, s: `row ${i % 7}`, f: i / 8, b: i % 2 === 0, id: i }))
    const source = declared(await written(rows))
    assert.equal((await pinSource(place.database, source)).rows, 5_000)
    const range = { fromUs: AT + 100, untilUs: AT + 103, columns: ['s', 'n'] }
    const found = await scanned(place, source, range)
    assert.deepEqual(
      found.map(each => each.row),
      [100, 101, 102].map(i => ({ s: `row ${i % 7}`, n: i })).sort((a, b) => (a.s < b.s ? -1 : 1)),
    )
    assert.equal((await scanned(place, source)).length, 5_000)
  })

  test(`${subject}: local times are read in the declared zone, and refused without one`, async () => {
    const name = await written(EDGES.slice(0, 3), 'local')
    const rows = await scanned(place, declared(name, 'America/New_York'))
    assert.deepEqual(
      rows.map(({ timeUs }) => timeUs).sort(),
      [AT - 1, AT, AT + 1].map(each => each + 4 * 3_600_000_000),
    )
    await refused(pinSource(place.database, declared(name)), 'zone_missing')
  })

  test(`${subject}: columns may be called otherwise where they lie`, async () => {
    const called = { 'Airport Name': 'string', 'n (items)': 'int64', airport: 'string', at: 'timestamp' } as const
    const name = await write(called, [{ 'Airport Name': 'JFK', 'n (items)': 7, airport: 'another', at: AT }])
    const columns = { airport: 'string', n: 'int64', at: 'timestamp' } as const
    const named = (names: Partial<Record<keyof typeof columns, string>>) =>
      sourceAt(place, events({ ...at(name), columns, time: 'at', names }))
    const source = named({ airport: 'Airport Name', n: 'n (items)' })
    const pin = JSON.parse(JSON.stringify(await pinSource(place.database, source)))
    const [scan] = await scanned(place, source, {}, pin)
    assert.deepEqual(scan?.row, { airport: 'JFK', n: 7, at: AT })
    // Other columns of the same bytes are other data.
    const other = await pinSource(place.database, named({ n: 'n (items)' }))
    assert.notDeepEqual(pinIdentity(other), pinIdentity(pin))
    await refused(pinSource(place.database, named({ n: 'n items' })), 'column_missing')
  })

  test(`${subject}: repeated ids count once, the first arrival`, async () => {
    const twice = [...EDGES.slice(0, 2), { ...EDGES[0], at: AT + 9, s: 'later' }] as Row[]
    const source = sourceAt(place, events({ ...at(await written(twice)), columns: COLUMNS, time: 'at', id: 'id' }))
    assert.equal((await pinSource(place.database, source)).duplicates, 1)
    assert.deepEqual(await scanned(place, source), expectedOf(EDGES.slice(0, 2)))
  })

  test(`${subject}: a row without event time or id is refused`, async () => {
    await refused(pinSource(place.database, declared(await written([...EDGES, { n: 1, id: 99 }]))), 'missing_time')
    const source = sourceAt(
      place,
      events({
        ...at(
          await written([
            { n: 1, at: AT },
            { n: 1, at: AT, id: 1 },
          ]),
        ),
        columns: COLUMNS,
        time: 'at',
        id: 'id',
      }),
    )
    await refused(pinSource(place.database, source), 'missing_id')
  })

  test(`${subject}: what is of another kind than declared is refused`, async () => {
    const name = await written(EDGES.slice(1, 2))
    for (const columns of [
      { ...COLUMNS, f: 'int64' },
      { ...COLUMNS, f: 'boolean' },
      { ...COLUMNS, f: 'timestamp' },
    ] as const) {
      const source = sourceAt(place, events({ ...at(name), columns, time: 'at', zone: 'UTC' }))
      await assert.rejects(pinSource(place.database, source), ({ details }) => {
        assert.match(details.problems[0].code, /^(wrong_cell|column_type)$/)
        return true
      })
    }
  })
}

export function expectedOf(rows: readonly Row[]): ScannedRow[] {
  const plain = (value: Plain): Plain => {
    if (typeof value === 'bigint' && value >= -(2n ** 53n) && value <= 2n ** 53n && Number.isSafeInteger(Number(value)))
      return Number(value)
    return Number.isNaN(value) ? undefined : value
  }
  const shown = rows.map(each => {
    const at = each.at as number
    return { timeUs: at, knownAtUs: at, row: Object.fromEntries(Object.keys(COLUMNS).map(name => [name, plain(each[name])])) }
  })
  return shown.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

/** With this code, or among its problems. */
export async function refused(action: Promise<unknown>, code: string): Promise<void> {
  try {
    await action
  } catch (error) {
    const { code: own, details } = error as { code: string; details: { problems?: readonly { code: string }[] } }
    assert.ok([own, ...(details.problems ?? []).map(each => each.code)].includes(code), `${own}: ${JSON.stringify(details.problems)}`)
    return
  }
  assert.fail(`nothing was refused with ${code}`)
}
