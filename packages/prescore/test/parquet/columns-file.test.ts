/** Numbers and texts of Parquet files, read without DuckDB: the same as with it, or left to it. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import type { Column, Kind } from '../../src/expressions/index.ts'
import {
  type ColumnKinds,
  ColumnsFile,
  GroupedFile,
  identifier,
  literal,
  type RowsWanted,
  readColumns,
  selectItem,
  writeRowGroup,
} from '../../src/parquet/index.ts'
import { Place } from './place.ts'
import { type Values, valuesOf } from './values.ts'

const place = await Place.open()
let files = 0

/** Of each type and form: noise, few values, long runs, missing ones, nothing but missing ones, the ends of the range, and one beyond doubles after many. */
const KINDS = {
  noise: 'float64',
  few: 'float64',
  cents: 'float64',
  odd: 'float64',
  single: 'float64',
  small: 'float64',
  none: 'float64',
  key: 'int64',
  ascending: 'int64',
  large: 'int64',
  late: 'int64',
  byte: 'int64',
  word: 'int64',
  unsigned: 'int64',
  required: 'int64',
  isOdd: 'boolean',
  runs: 'boolean',
  instant: 'timestamp',
  local: 'timestamp',
  millis: 'timestamp',
  someTimes: 'timestamp',
  city: 'string',
  name: 'string',
  nothing: 'string',
} as const satisfies ColumnKinds

const ODD = `[0.0, -0.0, 'nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::DOUBLE, 5e-324, 1.7976931348623157e308, 0.1]`
const LARGE = `[9007199254740991, 9007199254740992, -9007199254740991, -9007199254740992, 9223372036854775807, -9223372036854775808, 0, NULL]`
const CITIES = `['Oslo', 'São Paulo', '', NULL, '東京', 'a text of more than twelve bytes', 'x' || chr(0) || 'y', chr(65279) || 'mark', '😀']`
const rowsSql = (rows: number) =>
  `SELECT
  CAST(hash(i) AS DOUBLE) / 3 AS noise,
  CAST(hash(i, 1) % 5 AS DOUBLE) / 10 AS few,
  CASE WHEN hash(i, 2) % 10 = 0 THEN NULL ELSE CAST(hash(i, 3) % 50000 AS DOUBLE) / 100 END AS cents,
  list_extract(${ODD}, 1 + CAST(hash(i, 4) % 8 AS INTEGER)) AS odd,
  CAST(hash(i, 5) % 1000 AS FLOAT) / 7 AS single,
  CAST(hash(i, 6) % 1000 AS INTEGER) - 500 AS small,
  CAST(NULL AS DOUBLE) AS none,
  CAST(hash(i, 7) % 100000 AS BIGINT) AS key,
  i AS ascending,
  list_extract(${LARGE}, 1 + CAST(hash(i, 8) % 8 AS INTEGER)) AS large,
  CASE WHEN i % 11 = 3 THEN NULL WHEN i % 9000 = 8000 THEN 9007199254740993 ELSE i END AS late,
  CAST(CAST(hash(i, 9) % 256 AS INTEGER) - 128 AS TINYINT) AS byte,
  CASE WHEN i % 1000 < 500 THEN NULL ELSE CAST(i % 30000 AS SMALLINT) END AS word,
  CAST(hash(i, 10) % 4294967296 AS UINTEGER) AS unsigned,
  CAST(hash(i, 11) AS INTEGER) AS required,
  hash(i, 12) % 2 = 1 AS isOdd,
  CASE WHEN i % 3000 = 7 THEN NULL ELSE i % 2000 < 1000 END AS runs,
  make_timestamptz(1700000000000000 + CAST(hash(i, 13) % 2592000000000 AS BIGINT)) AS instant,
  make_timestamp(1700000000000000 + i * 1000001) AS local,
  CAST(make_timestamp(1700000000000000 + i * 1000) AS TIMESTAMP_MS) AS millis,
  CASE WHEN i % 7 = 0 THEN NULL ELSE make_timestamptz(-1700000000000000 + i) END AS someTimes,
  list_extract(${CITIES}, 1 + CAST(hash(i, 14) % 9 AS INTEGER)) AS city,
  CASE WHEN i % 5 = 0 THEN NULL ELSE 'name ' || i || repeat('·', CAST(i % 40 AS INTEGER)) END AS name,
  CAST(NULL AS VARCHAR) AS nothing
  FROM range(${rows}) t(i)`.replace('CAST(hash(i, 11) AS INTEGER)', 'CAST(hash(i, 11) % 2147483648 AS INTEGER)')

async function written(sql: string, options: string): Promise<string> {
  const file = place.path(`${files++}.parquet`)
  await place.query(`COPY (${sql}) TO ${literal(file)} (FORMAT parquet${options})`)
  return file
}

function opened(file: string, kinds: ColumnKinds, wanted: RowsWanted = {}): Promise<ColumnsFile | undefined> {
  return ColumnsFile.open(
    file,
    Object.entries(kinds).map(([name, kind]) => ({ name, called: name, kind })),
    wanted,
  )
}

async function own(file: string, kinds: ColumnKinds, wanted: RowsWanted = {}, passing = false): Promise<Values> {
  const found = await opened(file, kinds, wanted)
  assert.ok(found !== undefined)
  let told = 0
  const values = await valuesOf(found.read('a test', passing, rows => (told += rows)))
  assert.equal(told, found.rows)
  return values
}

function byDuckDb(file: string, kinds: ColumnKinds, condition = 'true'): Promise<Values> {
  const items = Object.entries(kinds).map(([name, kind]) => selectItem(kind, sqlOf(name, kind)))
  const sql = `SELECT ${items.join(', ')} FROM read_parquet(${literal(file)}, file_row_number = true) WHERE ${condition} ORDER BY file_row_number`
  return valuesOf(readColumns(place.database, sql, kinds, 'a test'))
}

const sqlOf = (name: string, kind: Kind) => (kind === 'timestamp' && name === 'millis' ? `CAST(${name} AS TIMESTAMP)` : identifier(name))

for (const options of [
  '',
  ', COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 1',
  ', COMPRESSION zstd, ROW_GROUP_SIZE 2048',
  ', COMPRESSION gzip, ROW_GROUP_SIZE 5000',
  ', COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 10000',
]) {
  test(`what DuckDB gives, of all kinds of columns${options}`, async () => {
    const file = await written(rowsSql(23_457), options)
    const expected = await byDuckDb(file, KINDS)
    for (const passing of [false, true]) assert.deepEqual(await own(file, KINDS, {}, passing), expected)
  })
}

test('integers at the ends of what doubles hold', async () => {
  for (const value of [2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) + 1n, -(2n ** 53n), -(2n ** 53n) - 1n, -1n, 0n, 2n ** 32n]) {
    const file = await written(`SELECT CAST('${value}' AS BIGINT) AS x`, '')
    const expected = Number.isSafeInteger(Number(value)) ? Number(value) : value
    assert.deepEqual(await own(file, { x: 'int64' }), new Map([['x', [expected]]]))
  }
})

test('columns of our own row groups', async () => {
  const kinds = { key: 'int64', amount: 'float64', isGood: 'boolean', at: 'timestamp' } as const
  const values = (of: (i: number) => number) => Float64Array.from({ length: 5_000 }, (_, i) => of(i))
  const columns = new Map<string, Column>([
    ['key', { type: { kind: 'int64' }, values: values(i => i * 3) }],
    ['amount', { type: { kind: 'float64' }, values: values(i => (i % 9 === 0 ? Number.NaN : i / 3)) }],
    ['isGood', { type: { kind: 'boolean' }, values: values(i => (i % 11 === 0 ? Number.NaN : i % 2)) }],
    ['at', { type: { kind: 'timestamp' }, values: values(i => 1_700_000_000_000_000 + (i % 4)) }],
  ])
  const file = place.path('own.parquet')
  const grouped = await GroupedFile.create(file, kinds)
  for (let i = 0; i < 3; i++)
    await grouped.append(place.path(`group-${i}`), await writeRowGroup(place.path(`group-${i}`), kinds, { rows: 5_000, columns }))
  await grouped.finish({})
  await grouped.close()
  assert.deepEqual(await own(file, kinds), await byDuckDb(file, kinds))
})

test('any slice of the rows, and any range of times', async () => {
  const file = await written(rowsSql(20_000), ', ROW_GROUP_SIZE 4096')
  const kinds = { key: 'int64', someTimes: 'timestamp', local: 'timestamp', large: 'int64', city: 'string', name: 'string' } as const
  const row = fc.integer({ min: 0, max: 21_000 })
  const column = fc.constantFrom('someTimes' as const, 'local' as const)
  await fc.assert(
    fc.asyncProperty(row, row, row, row, column, fc.boolean(), async (first, end, from, until, name, passing) => {
      const firstUs = name === 'local' ? 1_700_000_000_000_000 : -1_700_000_000_000_000
      const step = name === 'local' ? 1_000_001 : 1
      const within = { column: name, from: firstUs + from * step, until: firstUs + until * step }
      const time = `epoch_us(${name})`
      const condition = `file_row_number >= ${first} AND file_row_number < ${end} AND ${time} >= ${within.from} AND ${time} < ${within.until}`
      assert.deepEqual(await own(file, kinds, { rows: [first, end], within }, passing), await byDuckDb(file, kinds, condition))
    }),
    { numRuns: 40 },
  )
})

test('a text that is not UTF-8 is an error that names the source', async () => {
  const file = await written("SELECT 'Zürich' AS x FROM range(10)", ', COMPRESSION uncompressed')
  const bytes = readFileSync(file)
  // In the dictionary, and not in what the footer says of the least and the greatest.
  bytes[bytes.indexOf('Zürich') + 1] = 0xff
  writeFileSync(file, bytes)
  const isUnreadable = (error: unknown) => error instanceof PrescoreError && error.code === 'source_unreadable'
  await assert.rejects(async () => own(file, { x: 'string' }), isUnreadable)
})

test('row groups out of the range are not looked at', async () => {
  const file = await written(rowsSql(40_960), ', ROW_GROUP_SIZE 4096')
  const from = 1_700_000_000_000_000 + 9_000 * 1_000_001
  const found = await opened(file, { local: 'timestamp' }, { within: { column: 'local', from, until: from + 1 } })
  assert.equal(found?.rows, 4_096)
})

for (const [what, kind, sql, options] of [
  ['bytes', 'string', "SELECT 'a'::BLOB AS x", ''],
  ['texts that are JSON', 'string', "SELECT '{}'::JSON AS x", ''],
  ['texts as numbers', 'int64', "SELECT 'a' AS x", ''],
  ['decimals', 'float64', 'SELECT 1.25 AS x', ''],
  ['integers without a sign of 64 bits', 'int64', 'SELECT CAST(1 AS UBIGINT) AS x', ''],
  ['nanoseconds', 'timestamp', "SELECT CAST('2026-01-01' AS TIMESTAMP_NS) AS x", ''],
  ['days', 'timestamp', "SELECT CAST('2026-01-01' AS DATE) AS x", ''],
  ['large integers as floats', 'float64', 'SELECT CAST(1 AS BIGINT) AS x', ''],
  ['another compression', 'float64', 'SELECT 1.5::DOUBLE AS x', ', COMPRESSION lz4_raw'],
  ['other encodings', 'int64', 'SELECT i AS x FROM range(5000) t(i)', ', PARQUET_VERSION V2, DICTIONARY_SIZE_LIMIT 1'],
  ['columns within columns', 'int64', 'SELECT 1 AS x, {a: 1} AS y', ''],
  ['another spelling', 'int64', 'SELECT CAST(1 AS BIGINT) AS X', ''],
  ['another column', 'int64', 'SELECT CAST(1 AS BIGINT) AS y', ''],
] as const) {
  test(`left to DuckDB: ${what}`, async () => {
    assert.equal(await opened(await written(sql, options), { x: kind }), undefined)
  })
}

test('left to DuckDB: a range without an end, where the file does not tell what times it has', async () => {
  const file = await written('SELECT CAST(NULL AS TIMESTAMP) AS x', '')
  const within = { column: 'x', from: 0, until: Number.POSITIVE_INFINITY }
  assert.equal(await opened(file, { x: 'timestamp' }, { within }), undefined)
  assert.notEqual(await opened(file, { x: 'timestamp' }, { within: { ...within, until: 1 } }), undefined)
})

test('left to DuckDB: what is no Parquet file', async () => {
  for (const content of ['', 'PAR1', 'PAR1\0\0\0\0PAR1', `PAR1${'x'.repeat(100)}\x08\0\0\0PAR1`]) {
    writeFileSync(place.path('none.parquet'), content, 'latin1')
    assert.equal(await opened(place.path('none.parquet'), { x: 'int64' }), undefined)
  }
  assert.equal(await opened(place.path('absent.parquet'), { x: 'int64' }), undefined)
})

test('a damaged file is an error that names the source, or other numbers, and nothing else', async () => {
  const kinds = {
    cents: 'float64',
    few: 'float64',
    key: 'int64',
    runs: 'boolean',
    instant: 'timestamp',
    city: 'string',
    name: 'string',
  } as const
  const whole = [
    readFileSync(await written(rowsSql(3_000), ', ROW_GROUP_SIZE 2048')),
    readFileSync(await written(rowsSql(3_000), ', COMPRESSION zstd, ROW_GROUP_SIZE 2048')),
  ]
  const file = place.path('damaged.parquet')
  let refused = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(1), fc.nat(), fc.array(fc.nat(255), { minLength: 1, maxLength: 6 }), async (which, at, bytes) => {
      const damaged = Buffer.from(whole[which] as Buffer)
      damaged.set(bytes, at % (damaged.length - bytes.length))
      writeFileSync(file, damaged)
      try {
        const found = await opened(file, kinds)
        if (found !== undefined) await valuesOf(found.read('a test', true, () => {}))
      } catch (error) {
        assert.ok(error instanceof PrescoreError && error.code === 'source_unreadable', String(error))
        refused++
      }
    }),
    { numRuns: 600 },
  )
  assert.ok(refused > 0)
})
