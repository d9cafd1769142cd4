/** What columns seem to be: a guess that a person reads, and that the declaration then holds the data to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { choose } from '../../src/init/choose.ts'
import { linearModel } from '../../src/init/linear-model.ts'
import { openModel } from '../../src/models/index.ts'
import { guessColumns } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { writeText } from '../sources/written.ts'
import { scratchFolder, write } from './folder.ts'

const place = await Place.open()
const folder = scratchFolder()

const CELLS: readonly (readonly [kind: string, cells: readonly string[]])[] = [
  ['int64', ['1', '-2', '', '9223372036854775807']],
  ['string', ['01', '2']],
  ['int64', ['0', '10']],
  ['float64', ['0.5', '2', 'NaN']],
  ['string', ['1,5', '2']],
  ['boolean', ['true', 'false']],
  ['int64', ['1', '0']],
  ['timestamp', ['2001-06-15', '2001-06-15T03:00:00']],
  ['timestamp', ['2001-06-15T03:00Z', '']],
  ['string', ['2001-06-15', 'soon']],
  ['string', ['2001-06-15', '2001-06-15T03:00Z']],
  ['string', ['', '']],
]

for (const [i, [kind, cells]] of CELLS.entries()) {
  test(`${JSON.stringify(cells)} seem to be ${kind}`, async () => {
    writeText(place, `guess-${i}.tsv`, `n\tx\n${cells.map((cell, row) => `${row}\t${cell}\n`).join('')}`)
    const { columns, rows } = await guessColumns(place.database, `guess-${i}.tsv`, place.folder)
    assert.equal(rows, cells.length)
    assert.deepEqual(columns.map(({ name, kind: found }) => [name, found])[1], ['x', kind])
  })
}

test('types of JSON and Parquet stand as they are; what is not read is named', async () => {
  writeText(place, 'types.ndjson', '{"a":"7","b":7,"c":7.5,"d":true,"e":"2001-06-15"}\n')
  const json = await guessColumns(place.database, 'types.ndjson', place.folder)
  assert.deepEqual(Object.fromEntries(json.columns.map(({ name, kind }) => [name, kind])), {
    a: 'string',
    b: 'int64',
    c: 'float64',
    d: 'boolean',
    e: 'timestamp',
  })
  writeText(place, 'nested.json', '[{"a":{"b":1},"c":1,"d":1},{"a":null,"c":"x","d":2}]')
  const nested = await guessColumns(place.database, 'nested.json', place.folder)
  assert.deepEqual([nested.columns.map(({ name }) => name), nested.unreadable.map(({ name }) => name)], [['d'], ['a', 'c']])
  await place.copy('types.parquet', "SELECT '7' AS a, 7 AS b, 7.5::FLOAT AS c, [1] AS d, DATE '2001-06-15' AS \"my day\"")
  const parquet = await guessColumns(place.database, 'types.parquet', place.folder)
  assert.deepEqual(
    parquet.columns.map(({ name, called, kind }) => [name, called, kind]),
    [
      ['a', 'a', 'string'],
      ['b', 'b', 'int64'],
      ['c', 'c', 'float64'],
      ['my_day', 'my day', 'timestamp'],
    ],
  )
  assert.deepEqual(
    parquet.unreadable.map(({ name }) => name),
    ['d'],
  )
})

test('columns that cannot be declared as they are called get a name that can', async () => {
  writeText(place, 'named.csv', 'Airport Name;airport-name;3rd;%;Über;Name\na;b;1;2;c;d\n')
  const { columns } = await guessColumns(place.database, 'named.csv', place.folder)
  assert.deepEqual(
    columns.map(({ name, called }) => [name, called]),
    [
      ['airport_name', 'Airport Name'],
      ['airport_name_2', 'airport-name'],
      ['rd', '3rd'],
      ['column', '%'],
      ['ber', 'Über'],
      ['Name', 'Name'],
    ],
  )
})

test('the model that stands in computes what it says, a missing feature as 0', async () => {
  const value = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -1000, max: 1000 }))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: -8, max: 8 }), value), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: -9, max: 9 }),
      async (pairs, bias) => {
        const features = pairs.map((_, i) => `f${i}`)
        const file = write(folder, 'linear.onnx', linearModel({ features, weights: pairs.map(([weight]) => weight), bias }))
        const runner = await openModel(file, { runtime: 'onnx', file, output: '' }, features)
        try {
          const [found] = await runner.run(
            Float32Array.from(pairs, ([, each]) => each),
            1,
          )
          assert.equal(
            found,
            pairs.reduce((sum, [weight, each]) => sum + (Number.isNaN(each) ? 0 : weight * each), bias),
          )
        } finally {
          await runner.close()
        }
      },
    ),
    { numRuns: 20 },
  )
})

test('the event time is the column that is called so, also in camelCase', async () => {
  const header = 'number,localStamp,placedAt,customer\n'
  const rows = Array.from({ length: 6 }, (_, i) => `${i},2001-06-15,2001-06-1${i}T03:00Z,c${i % 2}\n`)
  writeText(place, 'camel.csv', header + rows.join(''))
  const choices = choose(await guessColumns(place.database, 'camel.csv', place.folder), undefined)
  assert.deepEqual([choices.time?.name, choices.key.name], ['placedAt', 'customer'])
})
