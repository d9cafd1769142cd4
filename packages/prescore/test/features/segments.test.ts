import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { groupRows, longest, sortRows } from '../../src/features/segments.ts'
import { RUNS } from './arbitraries.ts'

const someRows = fc.array(fc.tuple(fc.integer({ min: -1, max: 3 }), fc.integer({ min: 0, max: 30 })), { maxLength: 200, size: 'max' })

describe('segments', () => {
  it('groups rows by key and sorts them within, both stably', () => {
    fc.assert(
      fc.property(someRows, rows => {
        const segments = groupRows(
          Int32Array.from(rows, ([key]) => key),
          4,
        )
        const values = sortRows(
          segments,
          Float64Array.from(rows, ([, value]) => value),
        )
        const numbered = rows.map(([key, value], row) => ({ key, value, row })).filter(({ key }) => key >= 0)
        const expected = numbered.toSorted((a, b) => a.key - b.key || a.value - b.value || a.row - b.row)
        assert.deepEqual(
          [...segments.rows],
          expected.map(({ row }) => row),
        )
        assert.deepEqual(
          [...values],
          expected.map(({ value }) => value),
        )
        const sizes = [0, 1, 2, 3].map(key => expected.filter(each => each.key === key).length)
        assert.deepEqual(
          [0, 1, 2, 3].map(key => segments.starts[key + 1]! - segments.starts[key]!),
          sizes,
        )
        assert.equal(longest(segments.starts), Math.max(...sizes))
      }),
      RUNS,
    )
  })

  it('sorts rows that are nearly in order, and rows in reverse', () => {
    for (const value of [(i: number) => i + (i % 10 === 0 ? 40 : 0), (i: number) => -i, (i: number) => (i * 7919) % 1000]) {
      const by = Float64Array.from({ length: 1000 }, (_, i) => value(i))
      const values = sortRows(groupRows(new Int32Array(1000), 1), by)
      assert.deepEqual(values, by.toSorted())
    }
  })
})
