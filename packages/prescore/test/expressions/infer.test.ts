import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ERRORS } from '../../src/base/index.ts'
import {
  type AnyExpression,
  fn,
  hours,
  inferType,
  nodeOf,
  type RowOf,
  rowOf,
  type Scope,
  type ValueType,
} from '../../src/expressions/index.ts'

const SCOPE: Scope = new Map<string, ValueType>([
  ['row.id', { kind: 'int64' }],
  ['row.delay', { kind: 'int64' }],
  ['row.distance', { kind: 'float64' }],
  ['row.origin', { kind: 'string' }],
  ['row.late', { kind: 'boolean' }],
  ['row.at', { kind: 'timestamp', zone: 'Europe/Paris' }],
  ['row.bare', { kind: 'timestamp' }],
  ['row.odd', { kind: 'timestamp', zone: 'Europe/Pariss' }],
  ['asOf', { kind: 'timestamp', zone: 'UTC' }],
  ['join.route.mean', { kind: 'float64' }],
])
const WHERE = 'sources.flights.derive.x'
const row = rowOf(
  'row',
  [...SCOPE.keys()].map(name => name.slice(4)),
) as RowOf<{
  id: 'int64'
  delay: 'int64'
  distance: 'float64'
  origin: 'string'
  late: 'boolean'
  at: 'timestamp'
  bare: 'timestamp'
  odd: 'timestamp'
  dely: 'int64'
  oringin: 'string'
  nothing: 'float64'
}>
const ref = (name: string) => ({ ref: name })

const typeOf = (expression: AnyExpression) => inferType(nodeOf(expression), SCOPE, WHERE)
const problemsOf = (expression: AnyExpression) => {
  const { type, problems } = typeOf(expression)
  assert.equal(type, undefined)
  for (const { severity } of problems) assert.equal(severity, 'error')
  return problems.map(({ code, where, found, expected, fix }) => ({ code, where, found, expected, fix }))
}

describe('inferType', () => {
  it('gives kinds, and keeps the zone of timestamps', () => {
    const cases: readonly (readonly [AnyExpression, ValueType])[] = [
      [row.delay, { kind: 'int64' }],
      [row.delay.plus(1), { kind: 'float64' }],
      [row.delay.gt(15).and(row.late), { kind: 'boolean' }],
      [row.at.plus(hours(row.distance)), { kind: 'timestamp', zone: 'Europe/Paris' }],
      [row.at.plus(hours(1)).minus(row.bare), { kind: 'duration' }],
      [row.at.minus(hours(1)).hourOfDay(), { kind: 'int64' }],
      [row.late.choose(row.delay, 1), { kind: 'int64' }],
      [row.late.choose(row.delay, 0.5), { kind: 'float64' }],
      [row.late.choose(row.at, row.bare), { kind: 'timestamp', zone: 'Europe/Paris' }],
      [row.origin.orElse('').upper(), { kind: 'string' }],
      [row.origin.isIn([]), { kind: 'boolean' }],
      [row.id.eq(9_007_199_254_740_993n), { kind: 'boolean' }],
      [fn({ args: { d: row.delay }, returns: 'duration', run: ({ d }) => d }), { kind: 'duration' }],
    ]
    for (const [expression, type] of cases) assert.deepEqual(typeOf(expression), { type, problems: [] })
  })

  it('suggests the column that may have been meant', () => {
    assert.deepEqual(problemsOf(row.dely.gt(15)), [
      {
        code: 'unknown_column',
        where: WHERE,
        found: '`dely`',
        expected: 'a name in `row`',
        fix: 'Did you mean `delay`? There are: id, delay, distance, origin, late, at, bare, odd.',
      },
    ])
  })

  it('suggests names on other paths, and lists them where none is near', () => {
    const { problems } = inferType(
      { call: 'plus', args: [ref('join.route.meen'), { call: 'plus', args: [ref('join.rout.mean'), ref('asof')] }] },
      SCOPE,
      WHERE,
    )
    assert.deepEqual(
      problems.map(({ code, found, expected, fix }) => [code, found, expected, fix]),
      [
        ['unknown_name', '`meen`', 'a name in `join.route`', 'Did you mean `mean`? There are: mean.'],
        ['unknown_name', '`mean`', 'a name in `join.rout`', 'There are none.'],
        ['unknown_name', '`asof`', 'a name in `scope`', 'Did you mean `asOf`? There are: asOf.'],
      ],
    )
  })

  it('says what an operator takes', () => {
    assert.deepEqual(problemsOf(row.delay.plus(row.origin as never)), [
      {
        code: 'wrong_type',
        where: `${WHERE}, .plus(…)`,
        found: 'int64, string',
        expected: 'two numbers, or times and durations',
        fix: ERRORS.wrong_type.fix,
      },
    ])
    assert.deepEqual(
      problemsOf(row.delay.isIn([row.delay as never])).map(({ code, expected }) => [code, expected]),
      [['wrong_type', 'a value and a list of constants of its kind']],
    )
  })

  it('asks for the zone of calendar parts', () => {
    assert.deepEqual(problemsOf(row.bare.plus(hours(1)).hourOfDay()), [
      {
        code: 'zone_missing',
        where: `${WHERE}, .hourOfDay()`,
        found: 'a timestamp without a zone',
        expected: 'a source or prediction with `zone`',
        fix: ERRORS.zone_missing.fix,
      },
    ])
    const [unknown, ...others] = problemsOf(row.odd.dayOfWeek())
    assert.deepEqual(
      [unknown?.code, unknown?.where, unknown?.found, unknown?.fix, others],
      ['unknown_zone', `${WHERE}, .dayOfWeek()`, '"Europe/Pariss"', 'Did you mean `Europe/Paris`?', []],
    )
  })

  it('refuses int64 constants that would be rounded, or are none', () => {
    const lossy = problemsOf(row.id.plus(9_007_199_254_740_993n as never))
    assert.deepEqual(
      lossy.map(({ code, found }) => [code, found]),
      [['lossy_cast', '9007199254740993']],
    )
    for (const constant of [String(2n ** 63n), '1.5', 'x', 1.5, true]) {
      const { problems } = inferType({ call: 'eq', args: [ref('row.id'), { constant, kind: 'int64' }] }, SCOPE, WHERE)
      assert.deepEqual(
        problems.map(({ code, found }) => [code, found]),
        [['invalid_value', String(constant)]],
      )
    }
  })

  it('refuses impure functions', () => {
    assert.deepEqual(problemsOf(fn({ args: {}, returns: 'float64', run: () => Date.now() })), [
      {
        code: 'impure_function',
        where: WHERE,
        found: '`Date` from outside',
        expected: 'a function of its arguments alone',
        fix: ERRORS.impure_function.fix,
      },
    ])
  })

  it('lists every problem at once, wherever it stands', () => {
    const expression = row.dely
      .plus(
        row.origin
          .upper()
          .eq(row.oringin)
          .choose(row.bare.hourOfDay(), row.late.and(row.delay as never) as never),
      )
      .gt(fn({ args: { a: row.nothing }, returns: 'float64', run: () => Math.random() }))
    assert.deepEqual(
      problemsOf(expression).map(({ code, where }) => [code, where]),
      [
        ['unknown_column', WHERE],
        ['unknown_column', WHERE],
        ['zone_missing', `${WHERE}, .hourOfDay()`],
        ['wrong_type', `${WHERE}, .and(…)`],
        ['unknown_column', `${WHERE}, argument a`],
        ['impure_function', WHERE],
      ],
    )
  })
})
