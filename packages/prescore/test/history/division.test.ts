/** The database and we divide keys alike: a part's condition holds for every row whose key is of the part, and for few others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Chunk, type Column, stringColumn } from '../../src/expressions/index.ts'
import { Division } from '../../src/history/index.ts'
import { writeParquet } from '../../src/parquet/index.ts'
import type { FeatureGroupDefinition, SourceDefinition } from '../../src/project/index.ts'
import type { RowsNeeded } from '../../src/sources/index.ts'
import { columnFrom } from '../expressions/rows.ts'
import { Place } from '../parquet/place.ts'

const place = await Place.open()

const source: SourceDefinition = {
  type: 'events',
  files: ['rows.parquet'],
  columns: { number: 'int64', name: 'string', at: 'timestamp' },
  derive: { cell: { call: 'floor', args: [{ ref: 'row.number' }] } },
  time: 'at',
}
const group = (entity: FeatureGroupDefinition['entity'], by: Readonly<Record<string, string>>): FeatureGroupDefinition => ({
  source: 'rows',
  entity,
  by,
  features: {},
})
const ofNumber = group({ number: 'int64' }, { number: 'number' })
const ofName = group({ who: 'string' }, { who: 'name' })
const ofBoth = group({ who: 'string', number: 'int64' }, { who: 'name', number: 'number' })
const ofCell = group({ cell: 'int64' }, { cell: 'cell' })

const numbers = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
const names = fc.oneof(
  fc.constantFrom('', 'a', 'x\0y', 'é', '😀', '\ufeffmark', 'more than twelve bytes of it', 'more than twelve \0 bytes'),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
)
const rows = fc.array(fc.record({ number: fc.option(numbers, { nil: undefined }), name: fc.option(names, { nil: undefined }) }), {
  minLength: 1,
  maxLength: 20,
})

interface Row {
  readonly number: number | bigint | undefined
  readonly name: string | undefined
}

function chunkOf(all: readonly Row[]): Chunk {
  const columns = new Map<string, Column>([
    ['row', columnFrom({ kind: 'int64' }, [...all.keys()])],
    [
      'number',
      columnFrom(
        { kind: 'int64' },
        all.map(({ number }) => number),
      ),
    ],
    ['name', stringColumn(all.map(({ name }) => name))],
  ])
  return { rows: all.length, columns }
}

test('by numbers beyond 2^53, by texts of any characters, and by both', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows,
      fc.constantFrom(2, 3, 64),
      fc.constantFrom([ofNumber], [ofName], [ofBoth], [ofNumber, ofName], [ofBoth, ofName]),
      async (all, parts, groups) => {
        await writeParquet(place.database, place.path('rows.parquet'), { row: 'int64', number: 'int64', name: 'string' }, [chunkOf(all)])
        const division = new Division(source, groups, parts)
        const expected = Array.from({ length: parts }, () => new Set<number>())
        for (const [at, { entity }] of groups.entries()) {
          const columns = Object.keys(entity).map(name =>
            name === 'number'
              ? columnFrom(
                  { kind: 'int64' },
                  all.map(({ number }) => number),
                )
              : stringColumn(all.map(({ name }) => name)),
          )
          const partOf = await division.partsOf(place.database, at, columns, all.length)
          partOf.forEach((part, row) => {
            const isKey = Object.keys(entity).every(name => all[row]?.[name === 'who' ? 'name' : 'number'] !== undefined)
            if (isKey) expected[part]?.add(row)
          })
        }
        for (const [part, wanted] of expected.entries()) {
          const { sql, among } = division.condition([part]) as RowsNeeded
          const found = await place.query(`SELECT "row" FROM '${place.path('rows.parquet')}' WHERE ${sql}`)
          const got = new Set(found.map(({ row }) => Number(row)))
          assert.deepEqual(
            [...wanted].filter(row => !got.has(row)),
            [],
          )
          const kept = among?.(chunkOf(all))
          if (groups.every(each => each === ofNumber)) assert.deepEqual(new Set(kept), got)
          else assert.equal(kept, undefined)
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('keys that follow a pattern are divided evenly', async () => {
  const column = columnFrom(
    { kind: 'int64' },
    Array.from({ length: 6000 }, (_, i) => i * 6),
  )
  const partOf = await new Division(source, [ofNumber], 6).partsOf(place.database, 0, [column], 6000)
  for (let part = 0; part < 6; part++) {
    const count = partOf.filter(each => each === part).length
    assert.ok(count > 700 && count < 1300, `${count} of 6000 in part ${part}`)
  }
})

test('a key that only we can derive is divided by us alone', async () => {
  const division = new Division(source, [ofCell], 3)
  assert.equal(division.condition([1]), undefined)
  const partOf = await division.partsOf(place.database, 0, [columnFrom({ kind: 'int64' }, [1, 2, 3, 4, 5, 6])], 6)
  assert.ok(new Set(partOf).size > 1)
})

test('the part of a key never changes: it is where a run has put its features', async () => {
  const columns = [stringColumn(['JFK', '', 'é\0']), columnFrom({ kind: 'int64' }, [18, -1, 2n ** 62n])]
  const partOf = await new Division(source, [ofBoth], 1 << 16).partsOf(place.database, 0, columns, 3)
  assert.deepEqual([...partOf], [35939, 31312, 35480])
})

test('a dictionary that grows: each text is of the part that it is of alone', async () => {
  const dictionary = ['a', 'b']
  const column = (codes: readonly number[]): Column => ({ type: { kind: 'string' }, codes: Int32Array.from(codes), dictionary })
  const division = new Division(source, [ofName], 64)
  const first = await division.partsOf(place.database, 0, [column([0, 1])], 2)
  dictionary.push(...Array.from({ length: 100 }, (_, i) => `text ${i}`))
  const codes = dictionary.map((_, code) => code)
  const grown = await division.partsOf(place.database, 0, [column(codes)], codes.length)
  const alone = await new Division(source, [ofName], 64).partsOf(place.database, 0, [stringColumn(dictionary)], codes.length)
  assert.deepEqual([...grown], [...alone])
  assert.deepEqual([...grown.subarray(0, 2)], [...first])
})

test('dictionaries that have texts in common: each text is of the part that it is of alone', async () => {
  const division = new Division(source, [ofName], 64)
  for (const texts of [
    ['a', 'b', 'c'],
    ['new', 'c', 'a', 'newer'],
    ['newer', 'b'],
  ]) {
    const together = await division.partsOf(place.database, 0, [stringColumn(texts)], texts.length)
    const alone = await new Division(source, [ofName], 64).partsOf(place.database, 0, [stringColumn(texts)], texts.length)
    assert.deepEqual([...together], [...alone])
  }
})
