import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { difference, estimate, type Measure, quantile, resampledDays, value } from '../finding/days.ts'
import { auc, brier, logLoss, meanOf, type Outcomes } from '../finding/measures.ts'

const RUNS = { numRuns: Number(process.env.PRESCORE_PROPERTY_RUNS ?? 200) }
const DAYS = 4

interface Row {
  readonly late: boolean
  readonly day: number
  /** Few levels, so that many are equal. */
  readonly level: number
}

const row: fc.Arbitrary<Row> = fc.record({
  late: fc.boolean(),
  day: fc.nat({ max: DAYS - 1 }),
  level: fc.integer({ min: 1, max: 9 }),
})
const rows = fc.array(row, { maxLength: 40 })
const weights = fc.array(fc.nat({ max: 3 }), { minLength: DAYS, maxLength: DAYS })

const outcomesOf = (all: readonly Row[]): Outcomes => ({
  late: Uint8Array.from(all, ({ late }) => (late ? 1 : 0)),
  day: Uint16Array.from(all, ({ day }) => day),
  days: DAYS,
})
const scoresOf = (all: readonly Row[]): Float64Array => Float64Array.from(all, ({ level }) => level / 10)

/** Each row as often as its day counts: no weights are left. */
const repeated = (all: readonly Row[], times: readonly number[]): Row[] =>
  all.flatMap(each => new Array<Row>(times[each.day] as number).fill(each))

/** Every late row against every other one. */
function naiveAuc(all: readonly Row[]): number {
  const others = all.filter(({ late }) => !late)
  const pairs = all.filter(({ late }) => late).flatMap(({ level }) => others.map(other => Math.sign(level - other.level)))
  return pairs.reduce((sum, sign) => sum + (sign + 1) / 2, 0) / pairs.length
}

const naiveMean = (all: readonly Row[], number: (row: Row) => number): number =>
  all.reduce((sum, each) => sum + number(each), 0) / all.length

const near = (found: number, expected: number): void =>
  assert.ok(Object.is(found, expected) || Math.abs(found - expected) <= 1e-12, `${found}, naively ${expected}`)

test('the AUC is the share of pairs won, whatever the weights of the days', () => {
  fc.assert(
    fc.property(rows, weights, (all, times) => {
      near(auc(outcomesOf(all), scoresOf(all))(Float64Array.from(times)), naiveAuc(repeated(all, times)))
    }),
    RUNS,
  )
})

test('log loss and Brier score are the means over the rows of the weighted days', () => {
  fc.assert(
    fc.property(rows, weights, (all, times) => {
      const counted = repeated(all, times)
      const weighted = (measure: typeof auc) => measure(outcomesOf(all), scoresOf(all))(Float64Array.from(times))
      near(
        weighted(brier),
        naiveMean(counted, ({ late, level }) => (late ? 1 - level / 10 : level / 10) ** 2),
      )
      near(
        weighted(logLoss),
        naiveMean(counted, ({ late, level }) => -Math.log(late ? level / 10 : 1 - level / 10)),
      )
    }),
    RUNS,
  )
})

test('what was surely foreseen costs nothing, what was surely excluded everything', () => {
  const of = { late: Uint8Array.of(1, 0), day: Uint16Array.of(0, 0), days: 1 }
  assert.equal(value(logLoss(of, Float64Array.of(1, 0)), 1), 0)
  assert.equal(value(logLoss(of, Float64Array.of(0, 0)), 1), Number.POSITIVE_INFINITY)
})

test('without a pair there is no AUC', () => {
  const of = { late: Uint8Array.of(1, 1), day: Uint16Array.of(0, 0), days: 1 }
  assert.equal(value(auc(of, Float64Array.of(0.1, 0.2)), 1), Number.NaN)
})

test('the same seed gives the same draws, another one others; each draws as many days as there are', () => {
  assert.deepEqual(resampledDays(46, 50, 7), resampledDays(46, 50, 7))
  assert.notDeepEqual(resampledDays(46, 50, 7), resampledDays(46, 50, 8))
  for (const draw of resampledDays(46, 50, 7)) assert.equal(naiveSum(draw), 46)
})

test('all days are drawn alike', () => {
  const draws = resampledDays(10, 10_000, 1)
  for (let day = 0; day < 10; day++) {
    const often = naiveSum(draws.map(draw => draw[day] as number))
    assert.ok(Math.abs(often - 10_000) < 500, `day ${day}: ${often} of 10,000`)
  }
})

test('the interval of a mean of days is that of their standard error', () => {
  const numbers = Float64Array.from({ length: 100 }, (_, i) => Math.sin(i * 12.9898) * 10)
  const of = { late: new Uint8Array(100), day: Uint16Array.from(numbers.keys()), days: 100 }
  const found = estimate(
    meanOf(of, i => numbers[i] as number),
    resampledDays(100, 4000, 3),
  )
  const mean = naiveSum(numbers) / 100
  const error = Math.sqrt(naiveSum(numbers.map(number => (number - mean) ** 2)) / 100 / 100)
  near(found.value, mean)
  assert.ok(Math.abs(found.low - (mean - 1.96 * error)) < 0.1 * error, `${found.low}`)
  assert.ok(Math.abs(found.high - (mean + 1.96 * error)) < 0.1 * error, `${found.high}`)
})

test('differences are paired: of two measures that move together only what does not is uncertain', () => {
  const days =
    (shift: number): Measure =>
    weights =>
      weights.reduce((sum, weight, day) => sum + weight * day, 0) / 46 + shift
  const { value, low, high } = estimate(difference(days(1), days(0.75)), resampledDays(46, 200, 7))
  for (const each of [value, low, high]) near(each, 0.25)
})

test('quantiles lie between the nearest values', () => {
  const sorted = Float64Array.of(1, 2, 4)
  assert.deepEqual(
    [0, 0.25, 0.5, 0.75, 1].map(share => quantile(sorted, share)),
    [1, 1.5, 2, 3, 4],
  )
})

function naiveSum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, each) => sum + each, 0)
}
