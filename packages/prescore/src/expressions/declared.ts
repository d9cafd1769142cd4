/** The calls of declared functions: what they are given, and what they may return. */
import { PrescoreError } from '../base/index.ts'
import { makeFunction } from './function.ts'
import { isMissing, type Value } from './operators/index.ts'
import type { Kind } from './value-type.ts'

/** An argument as the function gets it: undefined where it is missing. */
export function givenValue(value: Value): Value {
  return isMissing(value) ? undefined : value
}

/** A boolean argument. */
export function givenBoolean(value: Value): boolean | undefined {
  return isMissing(value) ? undefined : value === 1
}

/**
 * The function of a source text, refusing what it cannot return: nothing is converted.
 * @throws PrescoreError `impure_function`; the call throws `function_failed`.
 */
export function declaredCall(source: string, returns: Kind, where: string): (args: Record<string, unknown>) => Value {
  const run = makeFunction(source)
  return args => {
    const result = resultOf(run, args, where)
    if (result === undefined || result === null || result !== result) return returns === 'string' ? undefined : Number.NaN
    if (fits(result, returns)) return typeof result === 'boolean' ? Number(result) : result
    const found = `a function that returned ${typeof result === 'number' ? result : typeof result}`
    throw new PrescoreError('function_failed', { where, found, expected: EXPECTED[returns] })
  }
}

function resultOf(run: (args: Record<string, unknown>) => unknown, args: Record<string, unknown>, where: string): unknown {
  try {
    return run(args)
  } catch (error) {
    throw new PrescoreError('function_failed', { where, found: String(error), cause: error })
  }
}

const EXPECTED: Readonly<Record<Kind, string>> = {
  boolean: 'a boolean',
  string: 'a string',
  float64: 'a number',
  int64: 'a whole number within ±(2^53 − 1)',
  timestamp: 'whole microseconds within ±(2^53 − 1)',
  duration: 'whole microseconds within ±(2^53 − 1)',
}

function fits(result: unknown, returns: Kind): result is number | string | boolean {
  if (returns === 'boolean' || returns === 'string') return typeof result === returns
  return returns === 'float64' ? typeof result === 'number' : Number.isSafeInteger(result)
}
