/** Of the files of a run, only rows within the bounds of a shard's keys are read: never fewer than it needs. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { sortedKeys } from '../../src/batch/population.ts'
import { boundsOf, readWithin } from '../../src/batch/rows.ts'
import { type Column, isStringColumn, stringColumn } from '../../src/expressions/index.ts'
import { KeyIndex } from '../../src/history/index.ts'
import { Database, writeParquet } from '../../src/parquet/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-rows-'))
const database = await Database.open({ threads: 1 })
after(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const texts = fc.string({ unit: fc.constantFrom('a', 'B', '~', "'", 'é', '\uffff', '🚀', '\u0001'), maxLength: 4 })
const integers = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.maxSafeInteger())

test('bounds keep every row of the keys they are of', async () => {
  const cases = fc.oneof(
    fc.tuple(fc.constant('string' as const), fc.array(texts, { minLength: 1, maxLength: 30 })),
    fc.tuple(fc.constant('int64' as const), fc.array(integers, { minLength: 1, maxLength: 30 })),
  )
  let number = 0
  let bounded = 0
  await fc.assert(
    fc.asyncProperty(cases, fc.nat(), async ([kind, values], some) => {
      const columnOf = (list: readonly (string | number)[]): Column =>
        kind === 'string' ? stringColumn(list as string[]) : { type: { kind }, values: Float64Array.from(list as number[]) }
      const file = join(folder, `${number++}.parquet`)
      await writeParquet(database, file, { key_a: kind }, [{ rows: values.length, columns: new Map([['key_a', columnOf(values)]]) }])
      const wanted = values.filter((_, i) => i <= some % values.length)
      const bounds = boundsOf('key_a', columnOf(wanted))
      bounded += bounds.length
      const found = new Set<unknown>()
      for await (const { rows, columns } of readWithin(database, file, { key_a: kind }, bounds)) {
        const column = columns.get('key_a') as Column
        for (let i = 0; i < rows; i++) found.add(isStringColumn(column) ? column.dictionary[column.codes[i] as number] : column.values[i])
      }
      for (const key of wanted) assert.ok(found.has(key), `${JSON.stringify(key)} was not read`)
    }),
    { numRuns: 60 },
  )
  assert.ok(bounded > 10, `only ${bounded} had bounds`)
})

test('bounds pass over what is missing, and there are none where all of it is, or where numbers are not exact', () => {
  const column = (...values: number[]) => ({ type: { kind: 'int64' }, values: Float64Array.from(values) }) as const
  assert.deepEqual(boundsOf('key_a', column(Number.NaN, 5, -3, Number.NaN)), [{ column: 'key_a', least: -3, most: 5 }])
  assert.deepEqual(boundsOf('key_a', column(Number.NaN)), [])
  assert.deepEqual(boundsOf('key_a', { ...column(1), exact: BigInt64Array.of(1n) }), [])
  assert.deepEqual(boundsOf('key_a', stringColumn([undefined, 'b', 'a'])), [{ column: 'key_a', least: 'a', most: 'b' }])
})

test('whole numbers as keys are in the order of their bytes, those beyond 2^53 too', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(integers, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Number)), { minLength: 1 }),
      list => {
        const exact = BigInt64Array.from(list, value => BigInt.asIntN(64, BigInt(value)))
        const index = new KeyIndex({ id: 'int64' })
        const isSafe = list.every(Number.isSafeInteger)
        const values = Float64Array.from(list)
        index.add([isSafe ? { type: { kind: 'int64' }, values } : { type: { kind: 'int64' }, values, exact }], list.length)
        const order = sortedKeys(index)
        assert.equal(new Set(order).size, index.size)
        for (let i = 1; i < order.length; i++)
          assert.ok(Buffer.compare(index.bytes(order[i - 1] as number), index.bytes(order[i] as number)) < 0)
      },
    ),
  )
})
