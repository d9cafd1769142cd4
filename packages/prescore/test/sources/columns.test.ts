/** What the data has against what is declared: read without loss, or refused with advice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../src/base/index.ts'
import { type ColumnKind, events } from '../../src/project/index.ts'
import { compareColumns, describeFiles, pinSource } from '../../src/sources/index.ts'
import type { Plain } from '../expressions/rows.ts'
import { Place } from '../parquet/place.ts'
import { scanned, sourceAt, us } from './scanned.ts'

const place = await Place.open()
let files = 0

/** A file with one column `x` of the values (SQL), beside an event time. */
async function fileWith(...values: readonly string[]): Promise<string> {
  const name = `columns-${files++}.parquet`
  await place.copy(name, values.map((value, i) => `SELECT make_timestamptz(${i + 1}) AS at, ${value} AS x`).join(' UNION ALL '))
  return name
}

function declared(name: string | readonly string[], kind: ColumnKind, zone?: string) {
  return sourceAt(
    place,
    events({ files: name, columns: { at: 'timestamp', x: kind }, time: 'at', ...(zone === undefined ? {} : { zone }) }),
  )
}

const READ: readonly (readonly [what: string, kind: ColumnKind, values: readonly string[], expected: readonly Plain[]])[] = [
  [
    'BIGINT beyond 2^53',
    'int64',
    ['9007199254740993', '-9223372036854775808', 'NULL'],
    [9007199254740993n, -9223372036854775808n, undefined],
  ],
  ['TINYINT', 'int64', ['(-128)::TINYINT', 'NULL'], [-128, undefined]],
  ['UINTEGER', 'int64', ['4294967295::UINTEGER'], [4294967295]],
  ['INTEGER as a float64', 'float64', ['(-2147483648)::INTEGER'], [-2147483648]],
  ['FLOAT', 'float64', ['0.1::FLOAT', "'nan'::FLOAT"], [Math.fround(0.1), undefined]],
  ['DOUBLE', 'float64', ['0.1::DOUBLE', '5e-324::DOUBLE', "'-inf'::DOUBLE", 'NULL'], [0.1, 5e-324, Number.NEGATIVE_INFINITY, undefined]],
  ['DECIMAL(9,2)', 'float64', ['1234567.89::DECIMAL(9,2)', '(-0.01)::DECIMAL(9,2)', 'NULL'], [1234567.89, -0.01, undefined]],
  ['DECIMAL(15,4)', 'float64', ['12345678901.2345::DECIMAL(15,4)'], [12345678901.2345]],
  ['BOOLEAN', 'boolean', ['true', 'false', 'NULL'], [true, false, undefined]],
  ['VARCHAR', 'string', ["''", "'a text of more than twelve bytes'", 'NULL'], ['', 'a text of more than twelve bytes', undefined]],
  ['UUID', 'string', ["'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID"], ['6ba7b810-9dad-11d1-80b4-00c04fd430c8']],
  ['TIMESTAMPTZ', 'timestamp', ["TIMESTAMPTZ '2001-06-15 03:00:00.000001-04'", 'NULL'], [us('2001-06-15T07:00:00Z') + 1, undefined]],
  ['TIMESTAMP', 'timestamp', ["TIMESTAMP '2001-06-15 03:00:00'"], [us('2001-06-15T07:00:00Z')]],
  ['TIMESTAMP_NS', 'timestamp', ["TIMESTAMP_NS '2001-06-15 03:00:00.123456'", 'NULL'], [us('2001-06-15T07:00:00.123Z') + 456, undefined]],
  ['DATE', 'timestamp', ["DATE '2001-01-15'"], [us('2001-01-15T05:00:00Z')]],
]

for (const [what, kind, values, expected] of READ) {
  test(`${what} is read as ${kind}`, async () => {
    const rows = await scanned(place, declared(await fileWith(...values), kind, 'America/New_York'))
    assert.deepEqual(
      rows.map(({ row }) => row.x),
      expected,
    )
  })
}

const REFUSED: readonly (readonly [sql: string, kind: ColumnKind, found: RegExp, fix: RegExp])[] = [
  ['1::BIGINT', 'float64', /BIGINT/, /^Declare it as 'int64' \(arithmetic takes int64 as well\)\.$/],
  ['1::UBIGINT', 'int64', /UBIGINT/, /^Convert the column in the data: UBIGINT is not read without loss\.$/],
  ["'1'", 'int64', /VARCHAR/, /^Declare it as 'string'\.$/],
  ['1::INTEGER', 'string', /INTEGER/, /^Declare it as 'int64'\.$/],
  ['1.5::DOUBLE', 'int64', /DOUBLE/, /^Declare it as 'float64'\.$/],
  ['1::DECIMAL(18,2)', 'float64', /DECIMAL\(18,2\)/, /^Convert/],
  ['true', 'int64', /BOOLEAN/, /^Declare it as 'boolean'\.$/],
  ["DATE '2001-01-15'", 'string', /DATE/, /^Declare it as 'timestamp'\.$/],
  ["'x'::BLOB", 'string', /BLOB/, /^Convert/],
  ['[1, 2]', 'int64', /INTEGER\[\]/, /^Convert/],
  ["TIME '03:00:00'", 'timestamp', /TIME/, /^Convert/],
]

for (const [sql, kind, found, fix] of REFUSED) {
  test(`${sql} is refused as ${kind}`, async () => {
    const [problem] = await problemsOf(pinSource(place.database, declared(await fileWith(sql), kind, 'UTC')))
    assert.equal(problem?.code, 'column_type')
    assert.equal(problem.where, 'sources.flights.columns.x')
    assert.match(problem.found, found)
    assert.equal(problem.expected, kind)
    assert.match(problem.fix, fix)
  })
}

test('HUGEINT is refused before it is written as another type', () => {
  const { definition } = declared('none', 'int64')
  const [problem] = compareColumns(
    definition,
    new Map([
      ['at', 'TIMESTAMP WITH TIME ZONE'],
      ['x', 'HUGEINT'],
    ]),
    'sources.flights',
  )
  assert.equal(problem?.fix, 'Convert the column in the data: HUGEINT is not read without loss.')
})

test('a local time without a zone, a missing and a mistyped column are told at once', async () => {
  await place.copy('three.parquet', "SELECT TIMESTAMP '2001-01-01' AS at, 1 AS delay")
  const source = sourceAt(
    place,
    events({ files: 'three.parquet', columns: { at: 'timestamp', dealy: 'int64', delay: 'string' }, time: 'at' }),
  )
  const problems = await problemsOf(pinSource(place.database, source))
  assert.deepEqual(
    problems.map(({ code, where }) => [code, where]),
    [
      ['zone_missing', 'sources.flights.columns.at'],
      ['column_missing', 'sources.flights.columns.dealy'],
      ['column_type', 'sources.flights.columns.delay'],
    ],
  )
  assert.equal(problems[1]?.fix, 'Did you mean `delay`? There are: at, delay.')
})

test('a fraction of a microsecond is refused, not cut off', async () => {
  const source = declared(
    await fileWith("TIMESTAMP_NS '2001-06-15 03:00:00.123456789'", "TIMESTAMP_NS '2001-06-15 03:00:00'"),
    'timestamp',
    'UTC',
  )
  await assert.rejects(pinSource(place.database, source), {
    code: 'lossy_cast',
    message: /sources\.flights\.columns\.x; found 1 of 2 rows with a fraction/,
  })
})

test('a kind that does not exist is left to the project check', async () => {
  const { definition } = declared('none', 'int32' as ColumnKind)
  assert.deepEqual(
    compareColumns(
      definition,
      new Map([
        ['at', 'TIMESTAMP WITH TIME ZONE'],
        ['x', 'INTEGER'],
      ]),
      'sources.flights',
    ),
    [],
  )
})

test('files of one source: integers of several sizes are one type', async () => {
  const names = [await fileWith('1::TINYINT'), await fileWith('5000000000::BIGINT'), await fileWith('70000::UINTEGER')]
  const rows = await scanned(place, declared(names, 'int64'))
  assert.deepEqual(
    rows.map(({ row }) => row.x),
    [1, 5000000000, 70000],
  )
})

const MIXED: readonly (readonly [what: string, kind: ColumnKind, a: string, b: string])[] = [
  ['integers beside floats, which DuckDB would round', 'float64', '16777217::INTEGER', '1.5::FLOAT'],
  ['numbers beside texts, which DuckDB would write out', 'string', "'1'", '1::INTEGER'],
  [
    'local times beside instants, which DuckDB would read in the zone of the machine',
    'timestamp',
    "TIMESTAMP '2001-01-01'",
    "TIMESTAMPTZ '2001-01-01 00:00:00Z'",
  ],
]

for (const [what, kind, a, b] of MIXED) {
  test(`files of one source: ${what}, are refused`, async () => {
    const source = declared([await fileWith(a), await fileWith(b)], kind, 'UTC')
    const [problem, ...others] = await problemsOf(pinSource(place.database, source))
    assert.deepEqual(others, [])
    assert.equal(problem?.code, 'column_type')
    assert.match(problem.found, / and /)
  })
}

test('files of one source: columns in another order, and one that a file lacks', async () => {
  await place.copy('order-a.parquet', "SELECT make_timestamptz(1) AS at, 1 AS x, 'a' AS s")
  await place.copy('order-b.parquet', "SELECT 'b' AS s, 2 AS x, make_timestamptz(2) AS at")
  await place.copy('order-c.parquet', 'SELECT 3 AS x, make_timestamptz(3) AS at')
  const source = sourceAt(place, events({ files: 'order-?.parquet', columns: { at: 'timestamp', x: 'int64', s: 'string' }, time: 'at' }))
  const rows = await scanned(place, source)
  assert.deepEqual(
    rows.map(({ timeUs, row }) => [timeUs, row.x, row.s]),
    [
      [1, 1, 'a'],
      [2, 2, 'b'],
      [3, 3, undefined],
    ],
  )
})

test('folders that look like partitions add and change nothing', async () => {
  const { mkdirSync } = await import('node:fs')
  mkdirSync(place.path('x=99'))
  await place.copy('x=99/a.parquet', 'SELECT make_timestamptz(1) AS at, 1 AS x')
  assert.deepEqual([...(await describeFiles(place.database, declared('x=99/a.parquet', 'int64'))).keys()], ['at', 'x'])
  assert.deepEqual(
    (await scanned(place, declared('x=99/a.parquet', 'int64'))).map(({ row }) => row.x),
    [1],
  )
})

async function problemsOf(action: Promise<unknown>): Promise<readonly Problem[]> {
  try {
    await action
  } catch (error) {
    const { code, details } = error as { code: string; details: { problems?: readonly Problem[] } }
    assert.equal(code, 'project_invalid')
    return details.problems ?? []
  }
  assert.fail('nothing was refused')
}
