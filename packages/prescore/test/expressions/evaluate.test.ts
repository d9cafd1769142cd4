import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import {
  type AnyExpression,
  type Chunk,
  type Column,
  compile,
  type ExpressionNode,
  expressionOf,
  fn,
  isStringColumn,
  minutes,
  nodeOf,
  numberValues,
  type RowOf,
  rowOf,
  type Scope,
} from '../../src/expressions/index.ts'
import { anyExpression, Lossy, naive, type Row, rowsWith, TYPES } from './arbitraries.ts'
import { chunkFrom, columnFrom, type Plain, plainValues } from './rows.ts'

const WHERE = 'derive.x'
const BEYOND = 9_007_199_254_740_993n
const small = fc.integer({ min: -3, max: 3 })
const huge = fc.oneof(small, fc.constantFrom(BEYOND, -BEYOND, 2n ** 63n - 1n))

/** The result of each row, to the bit, or the code of the error. */
function bits(run: (chunk: Chunk) => Column, chunk: Chunk): unknown[] | string {
  try {
    const column = run(chunk)
    if (isStringColumn(column) || column.exact !== undefined) return plainValues(column, chunk.rows)
    return Array.from(new BigUint64Array(column.values.slice(0, chunk.rows).buffer))
  } catch (error) {
    if (error instanceof PrescoreError) return error.code
    throw error
  }
}

/** The same form from the obvious evaluation; whatever NaN an operator gives has the bits of the constant. */
function naiveBits(node: ExpressionNode, rows: readonly Row[], isNumber: boolean): unknown[] | string {
  try {
    const values = rows.map(row => naive(node, row)).map(value => (Number.isNaN(value) ? Number.NaN : value))
    return isNumber ? Array.from(new BigUint64Array(Float64Array.from(values as number[]).buffer)) : values
  } catch (error) {
    if (error instanceof Lossy) return 'lossy_cast'
    throw error
  }
}

const row = rowOf(
  'row',
  [...TYPES.keys()].map(name => name.slice(4)),
) as RowOf<{
  id: 'int64'
  count: 'int64'
  amount: 'float64'
  late: 'boolean'
  city: 'string'
  name: 'string'
  at: 'timestamp'
  took: 'duration'
}>

/** What an expression gives for rows. */
function values(expression: AnyExpression, rows: readonly Row[], types: Scope = TYPES): Plain[] {
  return plainValues(compile(nodeOf(expression), types, WHERE)(chunkFrom(types, rows)), rows.length)
}

describe('compile', () => {
  it('gives what the operators give row by row, to the bit, and refuses the same', () => {
    fc.assert(
      fc.property(anyExpression, rowsWith(huge), (node, rows) => {
        fc.pre(!('ref' in node))
        const run = compile(node, TYPES, WHERE)
        assert.deepEqual(bits(run, chunkFrom(TYPES, rows)), naiveBits(node, rows, run.type.kind !== 'string'))
      }),
      { numRuns: 1500 },
    )
  })

  it('gives for a chunk of N rows what it gives for N chunks of one, whatever lies beyond the rows', () => {
    fc.assert(
      fc.property(anyExpression, rowsWith(small), (node, rows) => {
        const run = compile(node, TYPES, WHERE)
        const together = bits(run, chunkFrom(TYPES, rows, 3))
        assert.deepEqual(
          together,
          rows.flatMap(each => bits(run, chunkFrom(TYPES, [each], 2))),
        )
      }),
      { numRuns: 700 },
    )
  })

  it('reads strings by code from a shared dictionary that goes on growing', () => {
    const dictionary = ['unused', 'b', 'a', 'also unused']
    const columns = new Map([['row.city', { type: { kind: 'string' as const }, codes: Int32Array.of(2, -1, 1, 2), dictionary }]])
    const upper = compile(nodeOf(row.city.upper()), TYPES, WHERE)
    const isA = compile(nodeOf(row.city.eq('a')), TYPES, WHERE)
    assert.deepEqual(plainValues(upper({ rows: 4, columns }), 4), ['A', undefined, 'B', 'A'])
    dictionary.push('c')
    columns.set('row.city', { type: { kind: 'string' }, codes: Int32Array.of(4, 2), dictionary })
    assert.deepEqual(plainValues(upper({ rows: 2, columns }), 2), ['C', 'A'])
    assert.deepEqual(plainValues(isA({ rows: 2, columns }), 2), [false, true])
    const result = upper({ rows: 2, columns })
    assert.ok(isStringColumn(result))
    assert.deepEqual(result.dictionary, ['C', 'A'])
  })

  it('gives the column itself for a mere reference, int64 beyond doubles included', () => {
    const chunk = chunkFrom(TYPES, [{ 'row.id': BEYOND }, { 'row.id': 1 }])
    assert.equal(compile({ ref: 'row.id' }, TYPES, WHERE)(chunk), chunk.columns.get('row.id'))
  })

  it('gives constants for every row, of any chunk', () => {
    for (const [constant, kind, gives] of [
      [2.5, 'float64', 2.5],
      [-0, 'float64', -0],
      ['9007199254740991', 'int64', 2 ** 53 - 1],
      [true, 'boolean', true],
      ['a"\u2028', 'string', 'a"\u2028'],
    ] as const) {
      const run = compile({ constant, kind }, new Map(), WHERE)
      for (const rows of [2, 0, 3]) assert.deepEqual(plainValues(run({ rows, columns: new Map() }), rows), Array(rows).fill(gives))
    }
  })

  it('gives the same for constant operands as for columns', () => {
    const rows = [{ 'row.amount': 7, 'row.city': ' a ' }]
    assert.deepEqual(values(minutes(nodeExpression(7)).inSeconds(), rows), values(minutes(row.amount).inSeconds(), rows))
    assert.deepEqual(values(textExpression(' a ').trim(), rows), values(row.city.trim(), rows))
  })

  it('chooses, falls back and looks up', () => {
    const rows = [{ 'row.late': true, 'row.count': 1, 'row.city': 'a' }, { 'row.late': false, 'row.count': 2 }, { 'row.city': 'b' }]
    assert.deepEqual(values(row.late.choose(row.count, row.count.times(10)), rows), [1, 20, undefined])
    assert.deepEqual(values(row.late.choose(row.city, 'none'), rows), ['a', 'none', undefined])
    assert.deepEqual(values(row.count.orElse(-1), rows), [1, 2, -1])
    assert.deepEqual(values(row.city.orElse('none'), rows), ['a', 'none', 'b'])
    assert.deepEqual(values(row.count.isIn([2, 3]), rows), [false, true, undefined])
    assert.deepEqual(values(row.city.isIn(['b', 'none']), rows), [false, undefined, true])
  })

  it('compares int64 beyond doubles exactly, and refuses to calculate with them', () => {
    const rows = [{ 'row.id': BEYOND }, { 'row.id': BEYOND - 1n }, { 'row.id': 5 }, {}]
    assert.deepEqual(values(row.id.eq(BEYOND), rows), [true, false, false, undefined])
    assert.deepEqual(values(row.id.ne(BEYOND), rows), [false, true, true, undefined])
    assert.deepEqual(values(row.id.isIn([5n, BEYOND - 1n]), rows), [false, true, true, undefined])
    assert.deepEqual(values(row.id.isMissing(), rows), [false, false, false, true])
    const lossy = { code: 'lossy_cast', details: { where: WHERE, found: '9007199254740993', expected: 'integers within ±(2^53 − 1)' } }
    for (const expression of [
      row.id.plus(1),
      row.id.gt(0),
      row.id.orElse(0),
      fn({ args: { id: row.id }, returns: 'int64', run: ({ id }) => id }),
    ]) {
      assert.throws(() => values(expression, rows), lossy)
      assert.doesNotThrow(() => values(expression, rows.slice(2)))
    }
  })

  it('refuses rows of another shape than the scope', () => {
    const run = compile(nodeOf(row.count.plus(1)), TYPES, WHERE)
    assert.throws(() => run({ rows: 1, columns: new Map() }), { code: 'internal' })
    assert.throws(() => run({ rows: 1, columns: new Map([['row.count', columnFrom({ kind: 'string' }, ['1'])]]) }), { code: 'wrong_type' })
    const upper = compile(nodeOf(row.city.upper()), TYPES, WHERE)
    assert.throws(() => upper({ rows: 1, columns: new Map([['row.city', columnFrom({ kind: 'int64' }, [1])]]) }), { code: 'wrong_type' })
  })

  it('lists all problems of an expression that does not fit', () => {
    assert.throws(
      () => compile({ call: 'plus', args: [{ ref: 'row.amuont' }, { ref: 'row.cuont' }] }, TYPES, WHERE),
      (error: PrescoreError) => {
        assert.equal(error.code, 'project_invalid')
        assert.deepEqual(
          error.details.problems?.map(({ code, found }) => [code, found]),
          [
            ['unknown_column', '`amuont`'],
            ['unknown_column', '`cuont`'],
          ],
        )
        return true
      },
    )
  })
})

describe('fn', () => {
  const one: Row[] = [{ 'row.amount': 2, 'row.late': true, 'row.city': 'a', 'row.at': 5 }]

  it('gives missing arguments as undefined, booleans as booleans, times as microseconds', () => {
    const shown = fn({
      args: { amount: row.amount, late: row.late, city: row.city, at: row.at },
      returns: 'string',
      run: ({ amount, late, city, at }) => `${amount} ${late} ${city} ${at}`,
    })
    assert.deepEqual(values(shown, [...one, {}]), ['2 true a 5', 'undefined undefined undefined undefined'])
  })

  it('takes undefined, null and NaN for missing', () => {
    for (const run of ['() => undefined', '() => null', '() => NaN']) {
      for (const returns of ['float64', 'int64', 'boolean', 'string', 'timestamp'] as const) {
        assert.deepEqual(plainValues(compile({ fn: run, args: {}, returns }, TYPES, WHERE)(chunkFrom(TYPES, one)), 1), [undefined])
      }
    }
  })

  it('refuses results of another kind, and says which', () => {
    const refused = [
      ['() => "1"', 'float64', 'string', 'a number'],
      ['() => 1', 'string', '1', 'a string'],
      ['() => 1', 'boolean', '1', 'a boolean'],
      ['() => true', 'float64', 'boolean', 'a number'],
      ['() => 1.5', 'int64', '1.5', 'a whole number within ±(2^53 − 1)'],
      ['() => 1e300', 'timestamp', '1e+300', 'whole microseconds within ±(2^53 − 1)'],
      ['() => 1n', 'int64', 'bigint', 'a whole number within ±(2^53 − 1)'],
    ] as const
    for (const [run, returns, found, expected] of refused) {
      const evaluate = compile({ fn: run, args: {}, returns }, TYPES, WHERE)
      assert.throws(() => evaluate(chunkFrom(TYPES, one)), {
        code: 'function_failed',
        details: { where: WHERE, found: `a function that returned ${found}`, expected },
      })
    }
  })

  it('reports what the function throws', () => {
    const failing = compile({ fn: '({ city }) => city.length', args: { city: { ref: 'row.city' } }, returns: 'int64' }, TYPES, WHERE)
    assert.deepEqual(plainValues(failing(chunkFrom(TYPES, one)), 1), [1])
    assert.throws(() => failing(chunkFrom(TYPES, [...one, {}])), { code: 'function_failed' })
  })
})

describe('numberValues', () => {
  it('gives numbers, and refuses texts and what would lose digits among the rows asked for', () => {
    const ids = columnFrom({ kind: 'int64' }, [1, undefined, BEYOND])
    assert.deepEqual([...numberValues(ids, WHERE, 2).subarray(0, 2)], [1, Number.NaN])
    assert.throws(() => numberValues(ids, WHERE), { code: 'lossy_cast' })
    assert.throws(() => numberValues(columnFrom({ kind: 'string' }, ['a']), WHERE), { code: 'wrong_type' })
  })
})

const nodeExpression = (value: number) => expressionOf<'float64'>({ constant: value, kind: 'float64' })
const textExpression = (value: string) => expressionOf<'string'>({ constant: value, kind: 'string' })
