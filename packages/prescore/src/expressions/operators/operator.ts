import type { Kind, ValueType } from '../value-type.ts'

/**
 * A value while an expression is evaluated: every kind but string is a number, with NaN for missing; a string may be undefined.
 * An int64 that no double holds is a bigint, and only `exact` operators meet it: so equal values are always `===`.
 */
export type Value = number | bigint | string | undefined

/**
 * One operator of the closed list. Its meaning may never change: another meaning is another name,
 * because feature hashes and stored releases rely on it.
 */
export interface Operator {
  /** The type of the result, or undefined when the operator does not take these types. */
  readonly result: (args: readonly ValueType[]) => ValueType | undefined
  /** What it takes, in words for error messages. */
  readonly takes: string
  /** The result for one row. Missing in gives missing out, unless the operator says otherwise. */
  readonly evaluate: (...args: never[]) => Value
  /**
   * The evaluation needs the zone of its first argument: it is called with `(localUs, …)` as read in that zone, and a timestamp that
   * it gives is read in that zone too.
   */
  readonly local?: true
  /** It tells int64 values beyond ±2^53 apart; the others refuse them. */
  readonly exact?: true
  /** All its arguments but the first are constants: it is called with `(first, the set of the others)`. */
  readonly list?: true
}

export const isNumber = (type: ValueType | undefined): boolean => type?.kind === 'int64' || type?.kind === 'float64'
export const isKind = (type: ValueType | undefined, kind: Kind): boolean => type?.kind === kind
export const isMissing = (value: unknown): boolean => value === undefined || value !== value

export const FLOAT64: ValueType = Object.freeze({ kind: 'float64' })
export const INT64: ValueType = Object.freeze({ kind: 'int64' })
export const BOOLEAN: ValueType = Object.freeze({ kind: 'boolean' })
export const DURATION: ValueType = Object.freeze({ kind: 'duration' })

/** Same kind, where int64 and float64 count as the same. */
export function comparable(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === undefined || b === undefined) return false
  return a.kind === b.kind || (isNumber(a) && isNumber(b))
}

/** The type of what is either of two comparable values. */
export function either(a: ValueType | undefined, b: ValueType | undefined): ValueType | undefined {
  if (!comparable(a, b)) return undefined
  return a?.kind === b?.kind ? a : FLOAT64
}
