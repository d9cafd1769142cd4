/** The closed list of operators. Adding one: write it in the family it belongs to, give it a method in `expression.ts`. */
import { comparisons } from './comparisons.ts'
import { logic } from './logic.ts'
import { numbers } from './numbers.ts'
import type { Operator } from './operator.ts'
import { strings } from './strings.ts'
import { times } from './times.ts'

export const OPERATORS = Object.freeze({ ...numbers, ...comparisons, ...logic, ...strings, ...times })
export type OperatorName = keyof typeof OPERATORS

export function operator(name: OperatorName): Operator {
  return OPERATORS[name]
}
export { isMissing, type Value } from './operator.ts'
