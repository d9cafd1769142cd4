/** Columns of query results, chunk by chunk. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StringColumn } from '../../src/expressions/index.ts'
import { Database, literal, readColumns } from '../../src/parquet/index.ts'
import { Place } from './place.ts'

const place = await Place.open()

test('codes of texts compare across the chunks of a stream', async () => {
  const sql = `SELECT CASE WHEN i % 5 = 0 THEN NULL WHEN i % 2 = 0 THEN 'short ' || (i % 1500) ELSE 'a text longer than that ' || (i % 900) END AS s FROM range(20000) t(i)`
  const codeOf = new Map<string, number>()
  let chunks = 0
  let rows = 0
  for await (const chunk of readColumns(place.database, sql, { s: 'string' }, 'texts')) {
    const { codes, dictionary } = chunk.columns.get('s') as StringColumn
    for (let i = 0; i < chunk.rows; i++) {
      const code = codes[i] as number
      if (code === -1) continue
      const text = dictionary[code] as string
      assert.equal(codeOf.get(text) ?? code, code, text)
      codeOf.set(text, code)
    }
    chunks++
    rows += chunk.rows
  }
  assert.ok(chunks > 5)
  assert.equal(rows, 20000)
  assert.equal(new Set(codeOf.values()).size, codeOf.size)
})

test('a database that is opened when it is needed, by several at once, or by nobody', async () => {
  Database.whenNeeded({ threads: 1 }).close()
  const database = Database.whenNeeded({ threads: 1 })
  const making = database.query('CREATE TABLE shared AS SELECT 1 AS one', 'a test')
  await Promise.all([making, database.query('SELECT 1', 'a test')])
  // All connections are of one instance.
  const found = await Promise.all([1, 2].map(() => database.query('SELECT one FROM shared', 'a test')))
  assert.deepEqual(found, [[{ one: 1 }], [{ one: 1 }]])
  database.close()
})

test('a file that was written anew within a second, as long as before, is read as it is', async () => {
  const file = place.path('anew.parquet')
  const versions = [await place.copy('one.parquet', 'SELECT 1 AS n'), await place.copy('two.parquet', 'SELECT 2 AS n')]
  assert.equal(new Set(versions.map(path => statSync(path).size)).size, 1)
  const found: unknown[] = []
  for (const [i, version] of versions.entries()) {
    copyFileSync(version, file)
    utimesSync(file, 1.7e9, 1.7e9)
    // By the bounds in the footer of the other, there is no such row.
    found.push(await place.query(`SELECT n FROM read_parquet(${literal(file)}) WHERE n = ${i + 1}`))
  }
  assert.deepEqual(found, [[{ n: 1 }], [{ n: 2 }]])
})

test('more distinct short texts than the table of words starts with', async () => {
  const seen: string[] = []
  for await (const { columns, rows } of readColumns(
    place.database,
    'SELECT CAST(i % 9000 AS VARCHAR) AS s FROM range(30000) t(i)',
    { s: 'string' },
    'texts',
  )) {
    const { codes, dictionary } = columns.get('s') as StringColumn
    for (let i = 0; i < rows; i++) seen.push(dictionary[codes[i] as number] as string)
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 30000 }, (_, i) => String(i % 9000)),
  )
})

test('chunks may be kept: a later one does not write over them', async () => {
  const kept: Float64Array[] = []
  for await (const { columns } of readColumns(place.database, 'SELECT i FROM range(9000) t(i)', { i: 'int64' }, 'numbers')) {
    kept.push((columns.get('i') as { values: Float64Array }).values)
  }
  assert.deepEqual(
    kept.flatMap(values => [...values]),
    Array.from({ length: 9000 }, (_, i) => i),
  )
})

test('an error in the middle of a stream is an error, not an end', async () => {
  const sql = `SELECT CASE WHEN i = 100000 THEN error('row 100000 is bad') ELSE i END AS i FROM range(200000) t(i)`
  const read = async () => {
    for await (const chunk of readColumns(place.database, sql, { i: 'int64' }, 'sources.bad')) assert.ok(chunk.rows > 0)
  }
  await assert.rejects(read(), { code: 'source_unreadable', message: /sources\.bad; found .*row 100000 is bad/ })
})

test('a stream that is left early leaves the database usable', async () => {
  for await (const { rows } of readColumns(place.database, 'SELECT i FROM range(1000000) t(i)', { i: 'int64' }, 'numbers')) {
    assert.ok(rows > 0)
    break
  }
  assert.deepEqual(await place.query('SELECT 1::INTEGER AS one'), [{ one: 1 }])
})

test('an error of a query says what DuckDB said, in one line', async () => {
  await assert.rejects(place.database.query('SELECT nope FROM range(1)', 'sources.flights'), (error: Error & { code: string }) => {
    assert.equal(error.code, 'source_unreadable')
    assert.match(error.message, /^A source cannot be read: sources\.flights; found .*"nope" not found/)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
})

test('what was streamed does not wait in memory for a great collection', () => {
  // 128 MB in all.
  const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'streamed.ts'), '4000000'], { encoding: 'utf8' })
  assert.ok(Number.parseFloat(stdout) < 90, `${stdout} MB; ${stderr}`)
})
