/** Columns that grow: the wanted rows of chunk after chunk, as if they had been one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Column, Dictionary, stringColumn, type ValueType } from '../../src/expressions/index.ts'
import { columnBuffer } from '../../src/history/index.ts'
import { columnFrom, type Plain, plainValues } from '../expressions/rows.ts'

const VALUES = {
  int64: fc.constantFrom<Plain>(0, -5, 2 ** 53 - 1, undefined),
  'int64 beyond 2^53': fc.constantFrom<Plain>(0, -5, 2 ** 53 - 1, 2n ** 53n, 2n ** 60n + 1n, -(2n ** 63n), undefined),
  float64: fc.constantFrom<Plain>(0, -0, 0.1, Number.POSITIVE_INFINITY, undefined),
  boolean: fc.constantFrom<Plain>(true, false, undefined),
  string: fc.constantFrom<Plain>('', 'a', 'b', 'c\0', undefined),
}

for (const [name, value] of Object.entries(VALUES)) {
  const type = { kind: name.split(' ')[0] } as ValueType

  test(`${name}: any rows of any chunks`, () => {
    const shared = new Dictionary()
    const column = (values: readonly Plain[], alone: boolean): Column =>
      type.kind === 'string'
        ? stringColumn(values as (string | undefined)[], alone ? new Dictionary() : shared)
        : columnFrom(type, values, 1)
    const chunk = fc
      .array(value, { maxLength: 8 })
      .chain(values => fc.record({ values: fc.constant(values), rows: fc.subarray([...values.keys()]), alone: fc.boolean() }))
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 8 }), chunks => {
        const buffer = columnBuffer(type)
        const expected: Plain[] = []
        for (const { values, rows, alone } of chunks) {
          buffer.append(column(values, alone), Int32Array.from(rows))
          expected.push(...rows.map(row => values[row]))
        }
        assert.deepEqual(plainValues(buffer.column(), expected.length), expected)
      }),
    )
  })

  test(`${name}: more rows than the first arrays hold`, () => {
    const [values] = fc.sample(fc.array(value, { minLength: 3000, maxLength: 3000, size: 'max' }), 1) as [Plain[]]
    const buffer = columnBuffer(type)
    const all = Int32Array.from(values.keys())
    const column = columnFrom(type, values)
    for (let i = 0; i < 5; i++) buffer.append(column, all)
    assert.deepEqual(plainValues(buffer.column(), 5 * values.length), [values, values, values, values, values].flat())
  })
}

test('a column that was taken stays as it was while the buffer grows', () => {
  const buffer = columnBuffer({ kind: 'int64' })
  buffer.append(columnFrom({ kind: 'int64' }, [1, 2]), Int32Array.of(0, 1))
  const before = buffer.column()
  buffer.append(columnFrom({ kind: 'int64' }, [2n ** 53n]), Int32Array.of(0))
  assert.deepEqual(plainValues(before, 2), [1, 2])
  assert.deepEqual(plainValues(buffer.column(), 3), [1, 2, 2n ** 53n])
})
