/** Arithmetic in IEEE doubles, with no operation whose last bit differs between engines. Missing (NaN) propagates. */
import type { ValueType } from '../value-type.ts'
import { DURATION, FLOAT64, isKind, isNumber, type Operator } from './operator.ts'

type Binary = (a: number, b: number) => number
type Unary = (a: number) => number

const binary = (evaluate: Binary): Operator => ({
  takes: 'two numbers',
  result: ([a, b]) => (isNumber(a) && isNumber(b) ? FLOAT64 : undefined),
  evaluate,
})

const unary = (evaluate: Unary): Operator => ({
  takes: 'a number',
  result: ([a]) => (isNumber(a) ? FLOAT64 : undefined),
  evaluate,
})

/** Numbers, or times: timestamp ± duration, timestamp − timestamp, duration ± duration. */
const additive = (evaluate: Binary, times: (a: ValueType, b: ValueType) => ValueType | undefined): Operator => ({
  takes: 'two numbers, or times and durations',
  result: ([a, b]) => {
    if (a === undefined || b === undefined) return undefined
    return isNumber(a) && isNumber(b) ? FLOAT64 : times(a, b)
  },
  evaluate,
})

export const numbers = {
  plus: additive(
    (a: number, b: number) => a + b,
    (a, b) => {
      if (!isKind(b, 'duration')) return undefined
      return isKind(a, 'timestamp') || isKind(a, 'duration') ? a : undefined
    },
  ),
  minus: additive(
    (a: number, b: number) => a - b,
    (a, b) => {
      if (isKind(a, 'timestamp') && isKind(b, 'timestamp')) return DURATION
      if (!isKind(b, 'duration')) return undefined
      return isKind(a, 'timestamp') || isKind(a, 'duration') ? a : undefined
    },
  ),
  times: binary((a, b) => a * b),
  div: binary((a, b) => a / b),
  negate: unary(a => -a),
  abs: unary(a => Math.abs(a)),
  floor: unary(a => Math.floor(a)),
  ceil: unary(a => Math.ceil(a)),
  sqrt: unary(a => Math.sqrt(a)),
} satisfies Record<string, Operator>
