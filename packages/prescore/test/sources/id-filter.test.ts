import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { IdFilter } from '../../src/sources/id-filter.ts'

const anyId = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
)

test('has all ids that were added', () => {
  fc.assert(
    fc.property(fc.array(anyId, { maxLength: 200 }), ids => {
      const filter = new IdFilter(ids.length)
      for (const id of ids) filter.add(id)
      return ids.every(id => filter.mayHave(id))
    }),
  )
})

test('has few others: of numbers in a row, of such with gaps, of large ones, and of texts', () => {
  const count = 20_000
  for (const idAt of [
    (i: number) => i,
    (i: number) => -i * 1000,
    (i: number) => i * 2 ** 32,
    (i: number) => 2n ** 60n + BigInt(i),
    (i: number) => `order-${i}`,
    (i: number) => String(i),
  ]) {
    const filter = new IdFilter(count)
    for (let i = 0; i < count; i++) filter.add(idAt(2 * i))
    let wrong = 0
    for (let i = 0; i < count; i++) if (filter.mayHave(idAt(2 * i + 1))) wrong++
    assert.ok(wrong < count * 0.02, `${wrong} of ${count}`)
  }
})
