import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { productError } from '../../src/features/doubles.ts'
import { ExactSum } from '../../src/features/exact-sum.ts'
import { addParts, gridOf, PartSum } from '../../src/features/grid.ts'
import { mean, plainVariance, variance } from '../../src/features/moments.ts'
import { roundRational } from '../../src/features/rational.ts'
import { canSplit, EVERY_DOUBLE, type Sum, squaresOf } from '../../src/features/sum.ts'
import { finiteValues, RUNS, tightRange } from './arbitraries.ts'
import { meanOf, nearestDouble, varianceOf } from './rationals.ts'

function sums(values: readonly number[], range = EVERY_DOUBLE): [sum: ExactSum, squares: ExactSum, count: number] {
  const [sum, squares] = [new ExactSum(range), new ExactSum(squaresOf(range))]
  for (const value of values) {
    sum.add(value)
    squares.addSquare(value)
  }
  return [sum, squares, values.length]
}

/** The same in parts. */
function partSums(values: readonly number[]): [sum: Sum, squares: Sum, count: number] {
  const range = tightRange(values)
  const [grid, squaresGrid] = [gridOf(range, values.length), gridOf(squaresOf(range), values.length)]
  const [parts, squareParts] = [new Float64Array(grid.cutters.length), new Float64Array(squaresGrid.cutters.length)]
  for (const value of values) {
    addParts(value, grid, parts, 0)
    addParts(value * value, squaresGrid, squareParts, 0)
    addParts(productError(value, value, value * value), squaresGrid, squareParts, 0)
  }
  const [sum, squares] = [new PartSum(grid), new PartSum(squaresGrid)]
  sum.set(parts, 0, new Float64Array(parts.length), 0)
  squares.set(squareParts, 0, new Float64Array(squareParts.length), 0)
  return [sum, squares, values.length]
}

/** In every form that can hold the values. */
function forms(values: readonly number[]): [sum: Sum, squares: Sum, count: number][] {
  const range = tightRange(values)
  return [sums(values), sums(values, range), ...(canSplit(range) ? [partSums(values)] : [])]
}

function assertSame(found: number, expected: number, what: string): void {
  assert.ok(Object.is(found, expected), `${what}: found ${found}, expected ${expected}`)
}

describe('moments', () => {
  it('mean is the quotient of the exact sum, rounded once', () => {
    fc.assert(
      fc.property(finiteValues({ minLength: 1, maxLength: 30 }), values => {
        for (const [sum, , count] of forms(values)) assertSame(mean(sum, count), meanOf(values), 'mean')
      }),
      RUNS,
    )
  })

  it('variance is the quotient of the exact moments, rounded once', () => {
    fc.assert(
      fc.property(finiteValues({ minLength: 2, maxLength: 30 }), values => {
        for (const form of forms(values)) assertSame(variance(...form), varianceOf(values), 'variance')
      }),
      RUNS,
    )
  })

  it('variance of plain sums is the same, or not decided; of small integers it is always decided', () => {
    const steps = fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 2, maxLength: 12, size: 'max' })
    fc.assert(
      fc.property(fc.constantFrom(0, 15, 2 ** 20, 2 ** 24 - 7, 2 ** 25, 0.5, 2 ** 20 + 0.25), steps, (base, offsets) => {
        const values = offsets.map(offset => base + offset)
        const total = (each: (value: number) => number) => values.reduce((sum, value) => sum + each(value), 0)
        const squares = total(value => value * value)
        // Whole numbers of sixteenths, which a double holds.
        fc.pre(squares * 16 <= Number.MAX_SAFE_INTEGER)
        const found = plainVariance(
          total(value => value),
          squares,
          values.length,
        )
        if (Number.isInteger(base) && squares * values.length <= Number.MAX_SAFE_INTEGER) assert.ok(!Number.isNaN(found))
        if (!Number.isNaN(found)) assertSame(found, varianceOf(values), 'variance')
      }),
      RUNS,
    )
  })

  it('is exact where nearly everything cancels', () => {
    const offsets = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 12, size: 'max' })
    fc.assert(
      fc.property(fc.constantFrom(1e15 / 3, 9.99, 1 / 3, 2 ** 40 + 0.5, 1e100 / 7), offsets, (base, steps) => {
        const ulp = nextUp(base) - base
        const values = steps.map(step => base + step * ulp)
        for (const [sum, squares, count] of forms(values)) {
          assertSame(mean(sum, count), meanOf(values), 'mean')
          assertSame(variance(sum, squares, count), varianceOf(values), 'variance')
        }
      }),
      RUNS,
    )
  })

  it('is exact at every exponent that a double can have', () => {
    for (let exponent = -1074; exponent <= 1022; exponent++) {
      const values = [1 / 3, -0.7, 1, 1.9].map(x => x * 2 ** exponent)
      for (const [sum, squares, count] of forms(values)) {
        assertSame(mean(sum, count), meanOf(values), `mean at 2^${exponent}`)
        assertSame(variance(sum, squares, count), varianceOf(values), `variance at 2^${exponent}`)
      }
    }
  })

  it('variance of equal values is 0', () => {
    for (const value of [9.99, 1e-300, 1e300, -0.1, 12345678.9]) {
      for (const count of [2, 3, 7, 1000])
        for (const form of forms(new Array(count).fill(value))) assertSame(variance(...form), 0, `variance of ${value}`)
    }
  })

  it('rounds ties of the quotient to even', () => {
    const values = [2 ** 53, 2 ** 53 + 2]
    assertSame(mean(...meanArguments(values)), 2 ** 53, 'tie down')
    assertSame(mean(...meanArguments([2 ** 53 + 2, 2 ** 53 + 4])), 2 ** 53 + 4, 'tie up')
    const beside = (far: number): number => mean(...meanArguments([2 ** 55, 4, far, 0], { lowest: -300, highest: 55 }))
    assertSame(beside(0), 2 ** 53, 'a tie')
    for (const far of [2 ** -30, 2 ** -60, 2 ** -300]) {
      assertSame(beside(far), 2 ** 53 + 2, `${far} above a tie`)
      assertSame(beside(-far), 2 ** 53, `${far} below a tie`)
    }
    assertSame(mean(...meanArguments([5e-324, 0])), 0, 'half of the least denormal')
    assertSame(mean(...meanArguments([-5e-324, 0, 0])), 0, 'never -0')
    assertSame(mean(...meanArguments([1e308, 1e308])), 1e308, 'a sum that overflows')
  })

  it('integers in one part give the same bits', () => {
    const integers = fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -500_000, max: 500_000 }))
    fc.assert(
      fc.property(fc.array(integers, { minLength: 2, maxLength: 20, size: 'max' }), values => {
        const [sum, squares, count] = partSums(values.includes(1) ? values : [...values, 1])
        assert.equal(squares.error, 0)
        assertSame(mean(sum, count), meanOf(values.includes(1) ? values : [...values, 1]), 'mean')
        assertSame(variance(sum, squares, count), varianceOf(values.includes(1) ? values : [...values, 1]), 'variance')
      }),
      RUNS,
    )
  })

  it('counts beyond what pairs of doubles decide go to integers', () => {
    for (const [a, b] of [
      [1, 2],
      [0.1, 0.3],
      [0.7, 3],
      [9.99, 10.01],
      [-1, 1 / 4],
    ] as const) {
      const [sum, squares] = sums([a, b], { lowest: -60, highest: 4 })
      for (let doubling = 0; doubling < 26; doubling++) {
        sum.merge(sum)
        squares.merge(squares)
      }
      for (const value of [a, b]) {
        sum.add(value)
        squares.addSquare(value)
      }
      const count = 2 ** 27 + 2
      assertSame(mean(sum, count), meanOf([a, b]), 'mean')
      assertSame(variance(sum, squares, count), exactSplitVariance(a, b, BigInt(count)), 'variance')
    }
  })

  it('is missing for too few values and for infinities', () => {
    assert.equal(mean(...meanArguments([])), Number.NaN)
    assert.equal(variance(...sums([])), Number.NaN)
    assert.equal(variance(...sums([1])), Number.NaN)
    assert.equal(variance(...partSums([1])), Number.NaN)
    assert.equal(variance(...sums([1, Number.POSITIVE_INFINITY])), Number.NaN)
    assert.equal(mean(...meanArguments([1, Number.NEGATIVE_INFINITY])), Number.NEGATIVE_INFINITY)
  })

  it('roundRational is the nearest double, through denormals and overflow', () => {
    const integers = fc.bigInt({ min: -(1n << 200n), max: 1n << 200n })
    const exponents = fc.oneof(
      fc.integer({ min: -1300, max: 1100 }),
      fc.integer({ min: -1140, max: -1060 }),
      fc.integer({ min: 820, max: 1030 }),
    )
    fc.assert(
      fc.property(integers, fc.bigInt({ min: 1n, max: 1n << 70n }), exponents, (numerator, denominator, exponent) => {
        const expected =
          exponent < 0
            ? nearestDouble(numerator, denominator << BigInt(-exponent))
            : nearestDouble(numerator << BigInt(exponent), denominator)
        assertSame(roundRational(numerator, denominator, exponent), expected, 'ratio')
      }),
      RUNS,
    )
    const denominator = 3n ** 100n
    const tie = (2n ** 53n + 1n) * denominator
    assertSame(roundRational(tie, denominator, 0), 2 ** 53, 'tie')
    assertSame(roundRational(tie + 1n, denominator, 0), 2 ** 53 + 2, 'above a tie')
    assertSame(roundRational(tie - 1n, denominator, 0), 2 ** 53, 'below a tie')
    assertSame(roundRational(1n, 1n, -2000), 0, 'far below the least denormal')
    assertSame(roundRational(1n, 1n, -1075), 0, 'tie between 0 and the least denormal')
    assertSame(roundRational(3n, 1n, -1075), 1e-323, 'tie to even among denormals')
    assertSame(roundRational((1n << 54n) - 1n, 1n, 970), Number.POSITIVE_INFINITY, 'tie at the edge')
  })
})

function meanArguments(values: readonly number[], range = EVERY_DOUBLE): [ExactSum, number] {
  const [sum, , count] = sums(values, range)
  return [sum, count]
}

/** The variance of n/2 times a and n/2 times b, which are whole numbers of 2^-60: n(a − b)² / (4(n − 1)). */
function exactSplitVariance(a: number, b: number, count: bigint): number {
  const scale = 1n << 60n
  const [x, y] = [BigInt(a * 2 ** 60), BigInt(b * 2 ** 60)]
  return nearestDouble(count * (x - y) ** 2n, 4n * (count - 1n) * scale * scale)
}

function nextUp(x: number): number {
  const doubles = Float64Array.of(x)
  const bits = new BigUint64Array(doubles.buffer)
  bits[0] = (bits[0] as bigint) + 1n
  return doubles[0]!
}
