/** Places in a sample: even, and of the values alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { spread } from '../../src/dataset/sample.ts'
import { type Column, Dictionary, stringColumn } from '../../src/expressions/index.ts'
import { columnFrom } from '../expressions/rows.ts'

const ROWS = 20_000
const FAMILIES: Readonly<Record<string, readonly Column[]>> = {
  'numbers in order': [
    columnFrom(
      { kind: 'int64' },
      Array.from({ length: ROWS }, (_, i) => i),
    ),
  ],
  'numbers far apart': [
    columnFrom(
      { kind: 'int64' },
      Array.from({ length: ROWS }, (_, i) => i * 2 ** 32),
    ),
  ],
  'negative numbers': [
    columnFrom(
      { kind: 'int64' },
      Array.from({ length: ROWS }, (_, i) => -i),
    ),
  ],
  'numbers beyond 2^53, side by side': [
    columnFrom(
      { kind: 'int64' },
      Array.from({ length: ROWS }, (_, i) => 2n ** 62n + BigInt(i)),
    ),
  ],
  texts: [stringColumn(Array.from({ length: ROWS }, (_, i) => `order-${i}`))],
  'pairs of few values': [
    columnFrom(
      { kind: 'int64' },
      Array.from({ length: ROWS }, (_, i) => i % 150),
    ),
    stringColumn(Array.from({ length: ROWS }, (_, i) => String(Math.floor(i / 150)))),
  ],
}

for (const [name, columns] of Object.entries(FAMILIES)) {
  test(`${name} are spread evenly`, () => {
    const counts = new Array<number>(20).fill(0)
    for (const place of spread(columns, ROWS)) counts[Math.floor(place * 20)] = (counts[Math.floor(place * 20)] as number) + 1
    // Five standard deviations around a thousand.
    for (const count of counts) assert.ok(count > 840 && count < 1160, String(counts))
  })
}

test('the same values have the same place, in whatever chunk, order and dictionary; others have another', () => {
  const dictionary = new Dictionary()
  dictionary.code('unused')
  const one = spread([stringColumn(['a', 'b', undefined]), columnFrom({ kind: 'int64' }, [1, 2n ** 60n, 3])], 3)
  const other = spread([stringColumn([undefined, 'b', 'a'], dictionary), columnFrom({ kind: 'int64' }, [3, 2n ** 60n, 1])], 3)
  assert.deepEqual([...other].reverse(), [...one])
  assert.equal(new Set(one).size, 3)
  const split = [spread([stringColumn(['ab']), stringColumn(['c'])], 1)[0], spread([stringColumn(['a']), stringColumn(['bc'])], 1)[0]]
  assert.notEqual(split[0], split[1])
})

test('places never change: a sample of today is that of tomorrow', () => {
  const places = spread([columnFrom({ kind: 'int64' }, [0, 1, -1, 2 ** 40, 2n ** 60n + 1n])], 5)
  assert.deepEqual(
    [...places].map(place => place * 2 ** 32),
    GOLDEN,
  )
})

const GOLDEN = [256347020, 746625832, 628567068, 2840965223, 2803854059]
