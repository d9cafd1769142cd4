/** Shelves give back what was put on them, in its order, from memory and from files alike. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { Shelves } from '../../src/dataset/shelves.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-shelves-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const OPEN_FILES = '/proc/self/fd'

interface Item {
  readonly values: Float64Array
  readonly texts: readonly string[]
}

const items = fc.record(
  { values: fc.float64Array({ maxLength: 9 }), texts: fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }) },
  { noNullPrototype: true },
)
const puts = fc.array(fc.tuple(fc.nat(3), items), { maxLength: 40 })

test('whatever of it stays in memory', () => {
  fc.assert(
    fc.property(puts, fc.nat(600), (all, room) => {
      const shelves = new Shelves<Item>(join(folder, 'shelf'), room, ({ values }) => values.byteLength)
      for (const [shelf, item] of all) shelves.put(shelf, structuredClone(item))
      for (const shelf of [0, 1, 2, 3]) {
        const expected = all.flatMap(([of, item]) => (of === shelf ? [item] : []))
        assert.deepEqual([...shelves.read(shelf)], expected)
        assert.deepEqual([...shelves.read(shelf)], expected)
        shelves.drop(shelf)
        assert.deepEqual([...shelves.read(shelf)], [])
      }
      assert.deepEqual(readdirSync(folder), [])
    }),
    { numRuns: 60 },
  )
})

test('a first item is lent, and its file closed again', {
  skip: !existsSync(OPEN_FILES) && 'the system does not tell which files are open',
}, async () => {
  const shelves = new Shelves<Item>(join(folder, 'first'), 0, () => 1)
  shelves.put(0, { values: Float64Array.of(1, 2), texts: ['a'] })
  const open = () => readdirSync(OPEN_FILES).length
  const before = open()
  for (let i = 0; i < 50; i++)
    await shelves.withFirst(0, async ({ values, texts }) => {
      assert.deepEqual([...values, ...texts], [1, 2, 'a'])
    })
  assert.ok(open() < before + 25)
  shelves.drop(0)
})
