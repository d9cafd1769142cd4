/** Texts are numbered as a `Map` would number them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextNumbers } from '../../src/history/text-numbers.ts'
import { RUNS } from '../features/arbitraries.ts'

test('any texts, found and added in any order', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 3 }), fc.constantFrom('', '\0', '\0\0', '\ud800', '\udc00', 'é', 'e\u0301'))
  const step = fc.tuple(fc.boolean(), text)
  const property = fc.property(fc.array(step, { maxLength: 200 }), steps => {
    const numbers = new TextNumbers()
    const map = new Map<string, number>()
    for (const [isAdded, each] of steps) {
      if (isAdded && !map.has(each)) map.set(each, map.size)
      assert.equal(isAdded ? numbers.add(each) : numbers.find(each), map.get(each) ?? -1)
    }
    assert.deepEqual(numbers.texts, [...map.keys()])
  })
  fc.assert(property, { numRuns: RUNS.numRuns })
})

test('many texts: the table grows', () => {
  const numbers = new TextNumbers()
  for (let turn = 0; turn < 2; turn++) for (let i = 0; i < 50_000; i++) assert.equal(numbers.add(`key ${i}`), i)
  for (let i = 0; i < 50_000; i++) assert.equal(numbers.find(`key ${i}`), i)
  assert.equal(numbers.find('key 50000'), -1)
})
