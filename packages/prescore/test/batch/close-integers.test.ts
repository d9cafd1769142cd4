/** Distinct whole numbers by bits; the oracle is a set. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CloseIntegers, union } from '../../src/batch/close-integers.ts'

const ascending = (numbers: Iterable<number>) => [...new Set(numbers)].sort((a, b) => a - b)

test('the numbers of the rows that count, each once, in their order', () => {
  const number = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -100_000, max: 100_000 }), fc.constant(Number.NaN))
  const rows = fc.array(fc.tuple(number, fc.integer({ min: 0, max: 9 })), { maxLength: 60 })
  fc.assert(
    fc.property(fc.array(rows, { maxLength: 6 }), fc.constantFrom(0, 2 ** 40, -(2 ** 50)), (chunks, base) => {
      const integers = new CloseIntegers()
      for (const chunk of chunks) {
        const numbers = Float64Array.from(chunk, ([value]) => base + value)
        assert.ok(
          integers.add(
            numbers,
            numbers.length,
            Float64Array.from(chunk, ([, at]) => at),
            4,
          ),
        )
      }
      const counted = chunks.flat().filter(([value, at]) => at <= 4 && !Number.isNaN(value))
      assert.deepEqual([...integers.sorted()], ascending(counted.map(([value]) => base + value)))
    }),
  )
})

test('numbers that lie far from others are told', () => {
  const add = (integers: CloseIntegers, ...numbers: number[]) =>
    integers.add(Float64Array.from(numbers), numbers.length, new Float64Array(numbers.length), 0)
  const integers = new CloseIntegers()
  assert.ok(add(integers, 5, 2 ** 27 - 1))
  assert.ok(!add(integers, 2 ** 27))
  assert.ok(!add(integers, -1))
  assert.deepEqual([...integers.sorted()], [5, 2 ** 27 - 1])
  assert.ok(!add(new CloseIntegers(), 0, Number.MAX_SAFE_INTEGER))
})

test('the union of two lists has each number once', () => {
  const list = fc.array(fc.integer({ min: -20, max: 20 })).map(numbers => Float64Array.from(ascending(numbers)))
  fc.assert(fc.property(list, list, (a, b) => assert.deepEqual([...union(a, b)], ascending([...a, ...b]))))
})
