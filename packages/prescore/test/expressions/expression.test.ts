import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { canonicalText } from '../../src/base/index.ts'
import {
  canonicalExpression,
  type ExpressionNode,
  expressionOf,
  fn,
  isExpression,
  minutes,
  nodeOf,
  type RowOf,
  references,
  rowOf,
  substitute,
} from '../../src/expressions/index.ts'
import { OPERATORS } from '../../src/expressions/operators/index.ts'

const row = rowOf('row', ['delay', 'origin', 'at']) as RowOf<{ delay: 'int64'; origin: 'string'; at: 'timestamp'; other: 'float64' }>
const canonical = (node: ExpressionNode) => canonicalText(canonicalExpression(node))

describe('expressions', () => {
  it('record which operators were called on what, as plain data', () => {
    assert.deepEqual(nodeOf(row.at.plus(minutes(row.delay.times(0.5))).before(row.at)), {
      call: 'lt',
      args: [
        {
          call: 'plus',
          args: [
            { ref: 'row.at' },
            { call: 'minutes', args: [{ call: 'times', args: [{ ref: 'row.delay' }, { constant: 0.5, kind: 'float64' }] }] },
          ],
        },
        { ref: 'row.at' },
      ],
    })
    assert.deepEqual(nodeOf(row.origin.isIn(['a', 'b'])).valueOf(), {
      call: 'isIn',
      args: [{ ref: 'row.origin' }, { constant: 'a', kind: 'string' }, { constant: 'b', kind: 'string' }],
    })
  })

  it('have a method for every operator', () => {
    const methods = { ...Object.getOwnPropertyDescriptors(Object.getPrototypeOf(row.delay)), seconds: 1, minutes: 1, hours: 1, days: 1 }
    assert.deepEqual(
      Object.keys(OPERATORS).filter(name => !(name in methods)),
      [],
    )
  })

  it('are frozen, and read names that are not declared as references', () => {
    assert.ok(Object.isFrozen(row.delay) && Object.isFrozen(nodeOf(row.delay)))
    assert.deepEqual(nodeOf(row.other), { ref: 'row.other' })
    assert.deepEqual(Object.keys(row), ['delay', 'origin', 'at'])
    assert.ok(isExpression(row.delay) && !isExpression(nodeOf(row.delay)))
  })

  it('take constants by their kind', () => {
    const constants: readonly (readonly [unknown, unknown])[] = [
      [1, { constant: 1, kind: 'int64' }],
      [1n, { constant: 1, kind: 'int64' }],
      [1.5, { constant: 1.5, kind: 'float64' }],
      [2 ** 53, { constant: 2 ** 53, kind: 'float64' }],
      [-0, { constant: 0, kind: 'int64' }],
      [2n ** 53n, { constant: '9007199254740992', kind: 'int64' }],
      [true, { constant: true, kind: 'boolean' }],
      ['', { constant: '', kind: 'string' }],
    ]
    for (const [value, node] of constants) assert.deepEqual(nodeOf(value), node)
    for (const value of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, {}, [], () => 1, Symbol('x')])
      assert.throws(() => nodeOf(value), { code: 'wrong_type' })
  })

  it('refuse the operators of the language, which would be silently wrong', () => {
    for (const use of [() => (row.delay as never) > 15, () => `${row.origin}`, () => (row.delay as never) + 1])
      assert.throws(use, { code: 'wrong_type' })
  })

  it('list their references, each once, and replace them', () => {
    const node = nodeOf(fn({ args: { a: row.delay.plus(row.other), b: row.delay }, returns: 'float64', run: ({ a }) => a }))
    assert.deepEqual([...references(node)], ['row.delay', 'row.other'])
    const replaced = substitute(node, name => (name === 'row.delay' ? { constant: 1, kind: 'int64' } : undefined))
    assert.deepEqual([...references(replaced)], ['row.other'])
    assert.deepEqual([...references(node)], ['row.delay', 'row.other'])
  })
})

describe('canonicalExpression', () => {
  it('is one text for one meaning', () => {
    assert.equal(canonical(nodeOf(row.delay.eq(15))), canonical(nodeOf(row.delay.eq(15n))))
    assert.equal(canonical(nodeOf(row.at.before(row.at))), canonical({ args: [{ ref: 'row.at' }, { ref: 'row.at' }], call: 'lt' }))
    const spaced = { fn: '({a,b})=>a+b', args: { b: { ref: 'row.b' }, a: { ref: 'row.a' } }, returns: 'float64' } as const
    assert.equal(
      canonical({ fn: '({ a, b }) => a + b // sum', args: { a: { ref: 'row.a' }, b: { ref: 'row.b' } }, returns: 'float64' }),
      canonical(spaced),
    )
  })

  it('differs where the meaning does', () => {
    const nodes = [
      row.delay.gt(15),
      row.delay.ge(15),
      row.delay.gt(16),
      row.other.gt(15),
      row.delay.eq(9_007_199_254_740_993n),
      row.origin.eq('9007199254740993'),
      row.delay.minus(row.other),
      row.other.minus(row.delay),
      row.delay.isIn([1, 2]),
      row.delay.isIn([12]),
      row.origin.eq('true'),
      expressionOf<'boolean'>({ ref: 'row.x' }).eq(true),
      fn({ args: { a: row.delay }, returns: 'float64', run: ({ a }) => a }),
      fn({ args: { a: row.other }, returns: 'float64', run: ({ a }) => a }),
      fn({ args: { a: row.delay }, returns: 'int64', run: ({ a }) => a }),
      fn({ args: { b: row.delay }, returns: 'float64', run: ({ b }) => b }),
    ].map(nodeOf)
    assert.equal(new Set(nodes.map(canonical)).size, nodes.length)
  })
})
