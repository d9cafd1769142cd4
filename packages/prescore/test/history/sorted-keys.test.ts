/** Places among keys that lie sorted: those that a map knows, however the keys are spread. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { NumberColumn } from '../../src/expressions/index.ts'
import { keyPlaces, NO_KEY } from '../../src/history/index.ts'

const column = (values: Float64Array): NumberColumn => ({ type: { kind: 'int64' }, values })

/** Some far from each other, and some that crowd. */
const keys = fc
  .tuple(fc.array(fc.maxSafeInteger(), { maxLength: 60 }), fc.maxSafeInteger(), fc.nat({ max: 200 }))
  .map(([far, first, count]) => {
    const crowd = Array.from({ length: count }, (_, i) => Math.min(Number.MAX_SAFE_INTEGER, first + 3 * i))
    return Float64Array.from(new Set([...far, ...crowd].map(key => key + 0))).sort()
  })

test('whole numbers have the places that a map tells, others none', () => {
  fc.assert(
    fc.property(
      keys,
      fc.array(fc.oneof(fc.maxSafeInteger(), fc.constantFrom(0, Number.NaN, 2 ** 60, -(2 ** 60))), { maxLength: 40 }),
      (list, others) => {
        const places = keyPlaces({ id: 'int64' }, [column(list)], list.length)
        const known = new Map([...list].map((key, place) => [key, place]))
        const asked = Float64Array.from([...others, ...list, ...[...list].map(key => key + 1)])
        const expected = [...asked].map(key => known.get(key) ?? NO_KEY)
        assert.deepEqual([...places.of([column(asked)], asked.length).subarray(0, asked.length)], expected)
        // Fewer rows than there is room for.
        assert.deepEqual(
          [...places.of([column(asked)], Math.min(5, asked.length)).subarray(0, 5)].slice(0, asked.length),
          expected.slice(0, 5),
        )
      },
    ),
    { numRuns: 300 },
  )
})
