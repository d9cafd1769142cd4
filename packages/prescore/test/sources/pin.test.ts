/** What a source is, and proof that it stayed so. */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { PrescoreError } from '../../src/base/index.ts'
import { events } from '../../src/project/index.ts'
import { pinIdentity, pinSource, scanSource } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { scanned, sourceAt } from './scanned.ts'

const place = await Place.open()
const COLUMNS = { n: 'int64', at: 'timestamp' } as const
const source = (files: string | readonly string[]) => sourceAt(place, events({ files, columns: COLUMNS, time: 'at' }))
const rowsFrom = (from: number, until: number) => `SELECT i AS n, make_timestamptz(i) AS at FROM range(${from}, ${until}) t(i)`

test('the same bytes elsewhere, under other names, are the same source', async () => {
  await place.copy('a.parquet', rowsFrom(0, 10))
  await place.copy('b.parquet', rowsFrom(10, 30))
  mkdirSync(place.path('moved'))
  copyFileSync(place.path('a.parquet'), place.path('moved/z.parquet'))
  copyFileSync(place.path('b.parquet'), place.path('moved/y.parquet'))
  const here = pinIdentity(await pinSource(place.database, source(['a.parquet', 'b.parquet'])))
  const there = pinIdentity(await pinSource(place.database, source('moved/*.parquet')))
  assert.deepEqual(there, here)
  assert.doesNotMatch(JSON.stringify(here), /parquet/)
  assert.notDeepEqual(pinIdentity(await pinSource(place.database, source('a.parquet'))), here)
})

test('a pin survives JSON', async () => {
  await place.copy('json.parquet', rowsFrom(0, 10))
  const at = source('json.parquet')
  const pin = JSON.parse(JSON.stringify(await pinSource(place.database, at)))
  assert.equal((await scanned(place, at, {}, pin)).length, 10)
})

test('patterns that overlap name each file once', async () => {
  await place.copy('once-1.parquet', rowsFrom(0, 3))
  await place.copy('once-2.parquet', rowsFrom(3, 5))
  const pin = await pinSource(place.database, source(['once-2.parquet', './once-*.parquet', place.path('once-1.parquet')]))
  assert.equal(pin.rows, 5)
  assert.equal(pin.files.length, 2)
})

test('a file that changed is refused; one that was only touched is not', async () => {
  const file = await place.copy('changes.parquet', rowsFrom(0, 10))
  const at = source('changes.parquet')
  const pin = await pinSource(place.database, at)
  utimesSync(file, 1, 1)
  assert.equal((await scanned(place, at, {}, pin)).length, 10)

  const bytes = readFileSync(file)
  const other = Buffer.from(bytes)
  other.writeUInt8((other.readUInt8(30) + 1) % 256, 30)
  writeFileSync(file, other)
  await assert.rejects(scanned(place, at, {}, pin), { code: 'source_changed', message: /changes\.parquet with other content/ })

  await place.copy('changes.parquet', rowsFrom(0, 11))
  await assert.rejects(scanned(place, at, {}, pin), { code: 'source_changed', message: /changes\.parquet with other content/ })

  rmSync(file)
  await assert.rejects(scanned(place, at, {}, pin), { code: 'source_changed', message: /no file at changes\.parquet/ })
})

test('a file that was added later is not part of the pin', async () => {
  mkdirSync(place.path('grows'))
  await place.copy('grows/1.parquet', rowsFrom(0, 4))
  const at = source('grows/*.parquet')
  const pin = await pinSource(place.database, at)
  await place.copy('grows/2.parquet', rowsFrom(4, 9))
  assert.equal((await scanned(place, at, {}, pin)).length, 4)
  assert.equal((await scanned(place, at)).length, 9)
})

test('what is missing, empty, cut or no Parquet is refused with its name', async () => {
  writeFileSync(place.path('empty.parquet'), '')
  writeFileSync(place.path('text.parquet'), 'n,at\n1,2001-01-01\n'.repeat(100))
  const whole = await place.copy('whole.parquet', rowsFrom(0, 50_000))
  copyFileSync(whole, place.path('cut.parquet'))
  truncateSync(place.path('cut.parquet'), readFileSync(whole).length >> 1)
  for (const name of ['empty.parquet', 'text.parquet', 'cut.parquet', 'no-such.parquet', 'no-*.parquet']) {
    const pattern = new RegExp(`sources\\.flights; found .*${name.replace('*', '\\*')}`)
    await assert.rejects(pinSource(place.database, source(name)), { code: 'source_unreadable', message: pattern })
  }
})

test('damaged pages are found while they are read', async () => {
  const file = await place.copy('damaged.parquet', rowsFrom(0, 50_000))
  const bytes = readFileSync(file)
  bytes.fill(0xff, 1000, 60_000)
  writeFileSync(file, bytes)
  await assert.rejects(scanned(place, source('damaged.parquet')), { code: 'source_unreadable', message: /sources\.flights/ })
})

test('another format is refused by its name', async () => {
  writeFileSync(place.path('rows.orc'), 'n,at\n')
  await assert.rejects(pinSource(place.database, source('rows.orc')), { code: 'not_supported', message: /rows\.orc; expected .*\.parquet/ })
})

test('no files at all are refused', async () => {
  await assert.rejects(pinSource(place.database, source([])), { code: 'source_unreadable' })
})

test('a file without rows is a source without rows', async () => {
  await place.copy('none.parquet', rowsFrom(0, 0))
  assert.deepEqual(await scanned(place, source('none.parquet')), [])
})

test('columns that are not needed are not read', async () => {
  const file = await place.copy(
    'wide.parquet',
    `SELECT i AS n, make_timestamptz(i) AS at, 'x' || (i * 7919 % 100000) AS bad FROM range(20000) t(i)`,
  )
  const at = sourceAt(place, events({ files: 'wide.parquet', columns: { ...COLUMNS, bad: 'string' }, time: 'at' }))
  const pin = await pinSource(place.database, at)
  await damage(file, 'bad')
  const harmed = { ...pin, files: (await pinSource(place.database, source('wide.parquet'))).files }
  assert.equal((await scanned(place, at, { columns: ['n'] }, harmed)).length, 20000)
  await assert.rejects(scanned(place, at, { columns: ['bad'] }, harmed), { code: 'source_unreadable' })
})

test('rows are reconciled with what was counted', async () => {
  await place.copy('counted.parquet', rowsFrom(0, 5000))
  const at = source('counted.parquet')
  const pin = await pinSource(place.database, at)
  await assert.rejects(scanned(place, at, {}, { ...pin, rows: 5001 }), {
    code: 'rows_not_reconciled',
    message: /5000 rows; expected 5001 rows/,
  })
  const told: [number, number][] = []
  for await (const chunk of scanSource(place.database, at, pin, {
    columns: ['n'],
    fromUs: 1000,
    onRows: (rows, total) => told.push([rows, total]),
  }))
    assert.ok(chunk.rows > 0)
  // Row groups are looked at whole.
  assert.equal(
    told.reduce((sum, [rows]) => sum + rows, 0),
    5000,
  )
  assert.deepEqual([...new Set(told.map(([, total]) => total))], [5000])
})

/** Overwrites the pages of one column. */
async function damage(file: string, column: string): Promise<void> {
  const chunks = await place.query(
    `SELECT data_page_offset, dictionary_page_offset, total_compressed_size FROM parquet_metadata('${file}') WHERE path_in_schema = '${column}'`,
  )
  const bytes = readFileSync(file)
  for (const { data_page_offset, dictionary_page_offset, total_compressed_size } of chunks) {
    const from = Number(dictionary_page_offset ?? data_page_offset)
    bytes.fill(0xff, from, from + Number(total_compressed_size))
  }
  writeFileSync(file, bytes)
}

test('a folder stands for its data files, not for what tools leave beside them', async () => {
  mkdirSync(place.path('written/part=1/_temporary'), { recursive: true })
  await place.copy('written/part=1/a.parquet', rowsFrom(0, 4))
  await place.copy('written/part=1/_temporary/b.parquet', rowsFrom(4, 9))
  for (const name of ['_SUCCESS', '.a.parquet.crc', '_metadata']) writeFileSync(place.path(`written/${name}`), '')
  for (const pattern of ['written', 'written/', './written']) assert.equal((await pinSource(place.database, source(pattern))).rows, 4)
  writeFileSync(place.path('written/notes.md'), '')
  await assert.rejects(pinSource(place.database, source('written')), { code: 'not_supported', message: /notes\.md/ })
  assert.equal((await pinSource(place.database, source('written/**/[!_]*.parquet'))).rows, 9)
})

test('a path that finds nothing is refused, with what such a path needs', async () => {
  const advice: readonly (readonly [string, RegExp])[] = [
    ['none.csv', /relative to the folder of the project file/],
    ['s3://bucket/none.parquet', /mount or copy them/],
    ['~/none.csv', /to a shell only/],
    ['data\\none.csv', /`\/` between folders/],
  ]
  for (const [files, fix] of advice) {
    await assert.rejects(pinSource(place.database, source(files)), (error: PrescoreError) => {
      assert.match(error.fix, fix)
      return error.code === 'source_unreadable' && (error.details.found ?? '').includes(files)
    })
  }
})

/** Fails whoever asks it. */
const unasked = new Proxy({} as typeof place.database, {
  get: (_, name) => assert.fail(`the database was asked to ${String(name)}`),
})

test('Parquet files that tell enough of themselves are pinned without the database, and alike', async () => {
  await place.copy('told.parquet', rowsFrom(0, 200_000))
  const pin = await pinSource(unasked, source('told.parquet'))
  assert.equal(pin.rows, 200_000)
  assert.deepEqual(pin.types, { n: 'BIGINT', at: 'TIMESTAMP WITH TIME ZONE' })
  assert.equal(pin.duplicates, 0)
  // A column that Prescore does not read itself leaves the file to the database.
  await place.copy('asked.parquet', `SELECT *, uuid() AS other FROM (${rowsFrom(0, 200_000)})`)
  const asked = await pinSource(place.database, source('asked.parquet'))
  assert.deepEqual({ ...asked, files: [] }, { ...pin, files: [] })
  await assert.rejects(pinSource(unasked, source('asked.parquet')), /the database was asked to query/)
})
