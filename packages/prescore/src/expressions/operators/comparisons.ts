/** Comparisons. Either side missing makes the result missing. Strings are compared for equality only. */
import type { ValueType } from '../value-type.ts'
import { BOOLEAN, comparable, either, isKind, isMissing, type Operator, type Value } from './operator.ts'

const ordered = (evaluate: (a: number, b: number) => number): Operator => ({
  takes: 'two numbers, two times or two durations',
  result: ([a, b]) => (comparable(a, b) && !isKind(a, 'string') && !isKind(a, 'boolean') ? BOOLEAN : undefined),
  evaluate,
})

const equality = (evaluate: (a: Value, b: Value) => number): Operator => ({
  takes: 'two values of the same kind',
  result: ([a, b]) => (comparable(a, b) ? BOOLEAN : undefined),
  evaluate,
  exact: true,
})

export const comparisons = {
  gt: ordered((a, b) => (a > b ? 1 : a <= b ? 0 : Number.NaN)),
  ge: ordered((a, b) => (a >= b ? 1 : a < b ? 0 : Number.NaN)),
  lt: ordered((a, b) => (a < b ? 1 : a >= b ? 0 : Number.NaN)),
  le: ordered((a, b) => (a <= b ? 1 : a > b ? 0 : Number.NaN)),
  eq: equality((a, b) => (isMissing(a) || isMissing(b) ? Number.NaN : a === b ? 1 : 0)),
  ne: equality((a, b) => (isMissing(a) || isMissing(b) ? Number.NaN : a === b ? 0 : 1)),
  /** Missing values in the list match nothing. */
  isIn: {
    takes: 'a value and a list of constants of its kind',
    result: ([value, ...list]: readonly ValueType[]) => (list.every(item => comparable(value, item)) ? BOOLEAN : undefined),
    evaluate: (value: Value, list: ReadonlySet<Value>) => (isMissing(value) ? Number.NaN : list.has(value) ? 1 : 0),
    exact: true,
    list: true,
  },
  isMissing: {
    takes: 'any value',
    result: ([a]: readonly ValueType[]) => (a === undefined ? undefined : BOOLEAN),
    evaluate: (a: Value) => (isMissing(a) ? 1 : 0),
    exact: true,
  },
  orElse: {
    takes: 'two values of the same kind',
    result: ([a, b]: readonly ValueType[]) => either(a, b),
    evaluate: (a: Value, b: Value) => (isMissing(a) ? b : a),
  },
} satisfies Record<string, Operator>
