/** Three-valued logic (Kleene): missing AND false is false, missing OR true is true, otherwise missing stays missing. */
import type { ValueType } from '../value-type.ts'
import { BOOLEAN, either, isKind, type Operator, type Value } from './operator.ts'

const bothBoolean = ([a, b]: readonly ValueType[]) => (isKind(a, 'boolean') && isKind(b, 'boolean') ? BOOLEAN : undefined)

export const logic = {
  and: {
    takes: 'two booleans',
    result: bothBoolean,
    evaluate: (a: number, b: number) => (a === 0 || b === 0 ? 0 : a + b === 2 ? 1 : Number.NaN),
  },
  or: {
    takes: 'two booleans',
    result: bothBoolean,
    evaluate: (a: number, b: number) => (a === 1 || b === 1 ? 1 : a + b === 0 ? 0 : Number.NaN),
  },
  not: {
    takes: 'a boolean',
    result: ([a]: readonly ValueType[]) => (isKind(a, 'boolean') ? BOOLEAN : undefined),
    evaluate: (a: number) => 1 - a,
  },
  /** Missing when the condition is missing. */
  choose: {
    takes: 'a boolean and two values of the same kind',
    result: ([condition, a, b]: readonly ValueType[]) => (isKind(condition, 'boolean') ? either(a, b) : undefined),
    evaluate: (condition: number, a: Value, b: Value) => (condition === 1 ? a : condition === 0 ? b : missingLike(a)),
  },
} satisfies Record<string, Operator>

function missingLike(value: Value): Value {
  return value === undefined || typeof value === 'string' ? undefined : Number.NaN
}
