/** What readers may rely on in row groups: bounds, codes of few distinct values, and that they are written whole. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Chunk } from '../../src/expressions/index.ts'
import { GroupedFile, literal, type StoredColumns, writeGroups, writeRowGroup } from '../../src/parquet/index.ts'
import { columnFrom, type Plain } from '../expressions/rows.ts'
import { Place } from './place.ts'

const place = await Place.open()
const columns: StoredColumns = { n: 'int64', x: 'float64', f: 'float32', s: 'string' }

interface Values {
  readonly n: readonly Plain[]
  readonly x: readonly Plain[]
  readonly f: readonly Plain[]
  readonly s: readonly Plain[]
}

function chunkOf({ n, x, f, s }: Values): Chunk {
  return {
    rows: n.length,
    columns: new Map([
      ['n', columnFrom({ kind: 'int64' }, n)],
      ['x', columnFrom({ kind: 'float64' }, x)],
      ['f', columnFrom({ kind: 'float64' }, f)],
      ['s', columnFrom({ kind: 'string' }, s)],
    ]),
  }
}

let files = 0

async function written(...groups: readonly Values[]): Promise<string> {
  const file = place.path(`groups-${files++}.parquet`)
  const whole = await GroupedFile.create(file, columns)
  for (const [i, values] of groups.entries())
    await whole.append(`${file}.${i}`, await writeRowGroup(`${file}.${i}`, columns, chunkOf(values)))
  await whole.finish({})
  await whole.close()
  return file
}

const missing = (values: fc.Arbitrary<Plain>) => fc.option(values, { nil: undefined, freq: 5 })

const group = fc.nat(12).chain(rows => {
  const many = (values: fc.Arbitrary<Plain>) => fc.array(missing(values), { minLength: rows, maxLength: rows, size: 'max' })
  return fc.record(
    {
      n: many(fc.integer({ min: -3, max: 3 })),
      x: many(fc.constantFrom<Plain>(-1.5, -0, 0, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)),
      f: many(fc.constantFrom<Plain>(-0.5, -0, 0, 0.5)),
      s: many(fc.constantFrom<Plain>('', 'a', 'b', 'é', '\ue000', '😀', 'long'.repeat(30))),
    },
    { noNullPrototype: true },
  )
})

test('a reader that skips groups by their bounds finds the rows that a look at each finds', async () => {
  const conditions = [
    'n >= 2',
    'n < -2',
    'x = 0',
    'x > 1',
    'x <= -1.5',
    'f = 0',
    'f > 0.25',
    "s = 'a'",
    "s > 'z'",
    "s < 'b'",
    'n IS NULL',
    'x IS NULL',
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 4 }), async groups => {
      const file = await written(...groups)
      await place.query(`CREATE OR REPLACE TABLE looked_at AS SELECT * FROM ${literal(file)}`)
      for (const condition of conditions) {
        const [skipping] = await place.query(`SELECT count(*) AS rows FROM ${literal(file)} WHERE ${condition}`)
        const [looking] = await place.query(`SELECT count(*) AS rows FROM looked_at WHERE ${condition}`)
        assert.deepEqual(skipping, looking, condition)
      }
    }),
    { numRuns: 30 },
  )
})

test('numbers of few distinct values are stored by codes, others as they are', async () => {
  const rows = Array.from({ length: 40_000 }, (_, i) => i)
  const text = (i: number) => `key ${i}`
  const values = { n: rows.map(i => i % 4000), x: rows.map(i => i / 7), f: rows.map(() => 0.5), s: rows.map(text) }
  const file = await written(values, { n: [2n ** 60n], x: [1], f: [undefined], s: [undefined] })
  const facts = await place.query(
    `SELECT path_in_schema AS name, encodings, num_values AS rows, stats_null_count AS missing, stats_min_value AS least, stats_max_value AS greatest
     FROM parquet_metadata(${literal(file)}) ORDER BY row_group_id, column_id`,
  )
  assert.deepEqual(
    facts.map(({ name, encodings, rows, missing }) => [name, String(encodings).includes('DICTIONARY'), rows, missing]),
    [
      ['n', true, 40_000n, 0n],
      ['x', false, 40_000n, 0n],
      ['f', false, 40_000n, 0n],
      ['s', true, 40_000n, 0n],
      ['n', false, 1n, 0n],
      ['x', false, 1n, 0n],
      ['f', false, 1n, 1n],
      ['s', true, 1n, 1n],
    ],
  )
  assert.deepEqual([facts[0]?.least, facts[0]?.greatest, facts[4]?.least], ['0', '3999', String(2n ** 60n)])
  const [check] = await place.query(
    `SELECT count(*) FILTER (WHERE n = row % 4000 AND x = row / 7 AND s = 'key ' || row) AS same
     FROM (SELECT *, row_number() OVER () - 1 AS row FROM ${literal(file)})`,
  )
  assert.equal(check?.same, 40_000n)
})

test('a column that is the same object in several groups stands in each of them, as many rows of it as the group has', async () => {
  const same = columnFrom({ kind: 'string' }, ['a', undefined, 'b'])
  const group = (...n: number[]): Chunk => ({
    rows: n.length,
    columns: new Map([
      ['n', columnFrom({ kind: 'int64' }, n)],
      ['s', same],
    ]),
  })
  async function* groups() {
    for (const each of [[1, 2, 3], [4, 5, 6], [7, 8], [9]]) yield group(...each)
  }
  const file = place.path('same.parquet')
  await writeGroups(file, { n: 'int64', s: 'string' }, groups())
  const rows = await place.query(`SELECT n::INTEGER AS n, s FROM ${literal(file)}`)
  assert.deepEqual(
    rows.map(({ n, s }) => `${n}${s ?? ''}`),
    ['1a', '2', '3b', '4a', '5', '6b', '7a', '8', '9a'],
  )
})

test('what is in the way, or is no text, is told, and a file that is there stays as it is', async () => {
  const file = place.path('taken.parquet')
  writeFileSync(file, 'mine')
  await assert.rejects(GroupedFile.create(file, columns), { code: 'file_unwritable', message: /taken\.parquet/ })
  const one = chunkOf({ n: [1], x: [1], f: [1], s: ['\ud800'] })
  await assert.rejects(writeRowGroup(file, columns, one), { code: 'file_unwritable' })
  await assert.rejects(writeRowGroup(place.path('no-folder/group'), columns, one), { code: 'file_unwritable' })
  await assert.rejects(writeRowGroup(place.path('group'), columns, one), { code: 'invalid_text' })
  assert.equal(readFileSync(file, 'utf8'), 'mine')
})
