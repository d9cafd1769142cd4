/** Random data at its nastiest, and how much of it. */
import fc from 'fast-check'
import { highestBitOf, lowestBitOf } from '../../src/features/doubles.ts'
import { type BitRange, EVERY_DOUBLE } from '../../src/features/sum.ts'

/** `PRESCORE_PROPERTY_RUNS=100000 node --test …` looks longer. */
export const RUNS = { numRuns: Number(process.env.PRESCORE_PROPERTY_RUNS ?? 200) }

const edges = fc.constantFrom(
  0,
  -0,
  5e-324,
  -5e-324,
  2.2250738585072014e-308,
  1e-200,
  1e308,
  -1e308,
  1.7976931348623157e308,
  2 ** 53 - 1,
  -(2 ** 53),
  1,
  -1,
  0.1,
  9.99,
)
const integers = fc.integer({ min: -50, max: 50 })
const largeIntegers = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const cents = fc.integer({ min: -100_000, max: 100_000 }).map(amount => amount / 100)
const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
/** Numbers of one size, anywhere in the range of doubles. */
const ofOneSize = fc
  .integer({ min: -1074, max: 1023 })
  .map(exponent => fc.double({ min: -1, max: 1, noNaN: true }).map(x => x * 2 ** exponent))
const infinities = fc.constantFrom(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)

const plainFamilies = fc.constantFrom<fc.Arbitrary<number>[]>(
  integers,
  largeIntegers,
  cents,
  finite,
  edges,
  fc.oneof(integers, cents, finite, edges),
)

/** Finite doubles: all alike (so that each way of summing is met), or anything. */
export const finiteValues = (lengths: { minLength?: number; maxLength: number }): fc.Arbitrary<number[]> =>
  fc.oneof({ weight: 2, arbitrary: plainFamilies }, ofOneSize).chain(values => fc.array(values, { ...lengths, size: 'max' }))

/** One family of values for a whole data set, with missing ones (NaN) and at times infinities among them. */
export const valueFamilies: fc.Arbitrary<fc.Arbitrary<number>> = fc
  .oneof({ weight: 3, arbitrary: plainFamilies }, fc.constant(fc.oneof(integers, cents, finite, edges, infinities)), ofOneSize)
  .map(values =>
    fc.oneof(
      { weight: 8, arbitrary: values },
      { weight: 1, arbitrary: fc.constant(Number.NaN) },
      { weight: 1, arbitrary: fc.constant(-0) },
    ),
  )

/** The narrowest range that the values fit. */
export function tightRange(values: readonly number[]): BitRange {
  const present = values.filter(value => value !== 0)
  return present.length === 0
    ? EVERY_DOUBLE
    : { lowest: Math.min(...present.map(lowestBitOf)), highest: Math.max(...present.map(highestBitOf)) }
}
