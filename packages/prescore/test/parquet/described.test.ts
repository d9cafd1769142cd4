/** What a Parquet file says of itself: told as DuckDB tells it, or left to it. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { describedFile, literal } from '../../src/parquet/index.ts'
import { Place } from './place.ts'

const place = await Place.open()

const KNOWN = [
  'BOOLEAN',
  'TINYINT',
  'SMALLINT',
  'INTEGER',
  'BIGINT',
  'UTINYINT',
  'USMALLINT',
  'UINTEGER',
  'FLOAT',
  'DOUBLE',
  'VARCHAR',
  'DATE',
  'TIMESTAMP',
  'TIMESTAMP_MS',
  'TIMESTAMPTZ',
]
const LEFT = ['UBIGINT', 'DECIMAL(9,2)', 'BLOB', 'UUID', 'TIME', 'TIMESTAMP_NS', 'INTERVAL', 'INTEGER[]', 'STRUCT(a INTEGER)']

async function byDuckdb(file: string): Promise<readonly (readonly [string, string])[]> {
  const rows = await place.query(`DESCRIBE SELECT * FROM read_parquet(${literal(file)})`)
  return rows.map(row => [String(row.column_name), String(row.column_type)] as const)
}

test('types and rows are those that DuckDB tells', async () => {
  const items = KNOWN.map((type, i) => `CAST(NULL AS ${type}) AS c${i}`)
  const file = await place.copy('known.parquet', `SELECT ${items.join(', ')} FROM range(300000)`)
  const described = await describedFile(file)
  assert.deepEqual([...(described?.types ?? [])], await byDuckdb(file))
  assert.equal(described?.rows, 300_000)
  assert.deepEqual([...(described?.whole ?? [])], [])
})

for (const type of LEFT) {
  test(`a file with a column of type ${type} is left to DuckDB`, async () => {
    const file = await place.copy('left.parquet', `SELECT 1 AS n, CAST(NULL AS ${type}) AS other`)
    assert.equal(await describedFile(file), undefined)
  })
}

test('a column is whole where no row misses its value', async () => {
  const sql = (missing: number) => `SELECT i AS n, CASE WHEN i <> ${missing} THEN i END AS m, NULL::INTEGER AS none FROM range(250000) t(i)`
  for (const missing of [0, 130_000, 249_999])
    assert.deepEqual((await describedFile(await place.copy('some.parquet', sql(missing))))?.whole, new Set(['n']), `${missing}`)
  assert.deepEqual((await describedFile(await place.copy('all.parquet', sql(-1))))?.whole, new Set(['n', 'm']))
})

test('a file without rows', async () => {
  const file = await place.copy('empty.parquet', 'SELECT 1 AS n WHERE false')
  const described = await describedFile(file)
  assert.equal(described?.rows, 0)
  assert.deepEqual([...(described?.types ?? [])], await byDuckdb(file))
})

test('columns that are named alike, and what is no such file, are left to DuckDB', async () => {
  const file = await place.copy('alike.parquet', 'SELECT 1 AS nAme, 2 AS other')
  assert.notEqual(await describedFile(file), undefined)
  writeFileSync(place.path('no.parquet'), 'PAR1 and no more')
  assert.equal(await describedFile(place.path('no.parquet')), undefined)
  assert.equal(await describedFile(place.path('missing.parquet')), undefined)
})
