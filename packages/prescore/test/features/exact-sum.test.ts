import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ExactSum } from '../../src/features/exact-sum.ts'
import { addParts, gridOf, PartSum } from '../../src/features/grid.ts'
import { canSplit, EVERY_DOUBLE, type Sum, squaresOf } from '../../src/features/sum.ts'
import { finiteValues, RUNS, tightRange } from './arbitraries.ts'
import { nearestDouble, sumOf, totalUnits, unitsOf } from './rationals.ts'

function sum(values: readonly number[], range = EVERY_DOUBLE): ExactSum {
  const total = new ExactSum(range)
  for (const value of values) total.add(value)
  return total
}

/** The exact sum in units of 2^-1074, or of 2^-2148 for squares. */
function inUnits(total: Sum, unitBits = 1074): bigint {
  const shift = BigInt(total.unit + unitBits)
  const exact = total.toBigInt()
  if (shift >= 0n) return exact << shift
  assert.equal((exact >> -shift) << -shift, exact)
  return exact >> -shift
}

const some = finiteValues({ maxLength: 30 })

describe('ExactSum', () => {
  it('is the exact sum, rounded once, in the full and in the narrowest range', () => {
    fc.assert(
      fc.property(some, values => {
        const total = sum(values)
        assert.equal(inUnits(total), totalUnits(values))
        assert.ok(Object.is(total.value(), sumOf(values)))
        const tight = sum(values, tightRange(values))
        assert.equal(inUnits(tight), totalUnits(values))
        assert.ok(Object.is(tight.value(), sumOf(values)))
      }),
      RUNS,
    )
  })

  it('takes back exactly what was added, in any order', () => {
    fc.assert(
      fc.property(some, some, (kept, removed) => {
        const total = sum([...removed, ...kept])
        for (const value of removed.toReversed()) total.subtract(value)
        assert.deepEqual(total.state(), sum(kept).state())
        for (const value of kept) total.subtract(value)
        assert.ok(total.isZero())
        assert.ok(Object.is(total.value(), 0))
      }),
      RUNS,
    )
  })

  it('has one state for one sum, however it was merged', () => {
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        const [left, right] = [sum(a), sum(c)]
        left.merge(sum(b))
        left.merge(sum(c))
        right.merge(sum([...b, ...a].toSorted()))
        assert.deepEqual(left.state(), right.state())
        assert.deepEqual(left.state(), sum([...a, ...b, ...c]).state())
        assert.equal(left.isZero(), totalUnits([...a, ...b, ...c]) === 0n)
      }),
      RUNS,
    )
  })

  it('sums squares exactly', () => {
    fc.assert(
      fc.property(some, some, (kept, removed) => {
        for (const range of [EVERY_DOUBLE, tightRange([...kept, ...removed])]) {
          const total = new ExactSum(squaresOf(range))
          for (const value of [...removed, ...kept]) total.addSquare(value)
          for (const value of removed) total.subtractSquare(value)
          const expected = kept.reduce((squares, value) => squares + unitsOf(value) ** 2n, 0n)
          assert.equal(inUnits(total, 2 * 1074), expected)
        }
      }),
      RUNS,
    )
  })

  it('is exact at every exponent that a double can have', () => {
    for (let exponent = -1074; exponent <= 1022; exponent++) {
      const values = [1 / 3, -0.7, 1, 1.9].map(x => x * 2 ** exponent)
      const range = tightRange(values)
      assert.ok(Object.is(sum(values, range).value(), sumOf(values)), `sum at 2^${exponent}`)
      const squares = new ExactSum(squaresOf(range))
      for (const value of values) squares.addSquare(value)
      const expected = values.reduce((total, value) => total + unitsOf(value) ** 2n, 0n)
      assert.equal(inUnits(squares, 2 * 1074), expected, `squares at 2^${exponent}`)
    }
  })

  it('splits into two doubles that hold 100 bits', () => {
    const moderate = fc.array(
      fc.double({ min: -1e90, max: 1e90, noNaN: true }).filter(x => x === 0 || Math.abs(x) > 1e-90),
      { maxLength: 30, size: 'max' },
    )
    fc.assert(
      fc.property(moderate, values => {
        const total = sum(values, tightRange(values))
        total.split()
        const exact = totalUnits(values)
        const error = unitsOf(total.high) + unitsOf(total.low) - exact
        assert.ok((error < 0n ? -error : error) << 101n <= (exact < 0n ? -exact : exact))
        assert.equal(total.high + total.low, total.high)
      }),
      RUNS,
    )
  })

  it('rounds ties to even, and breaks them by any bit below', () => {
    const tie = [2 ** 53, 1]
    assert.equal(sum(tie).value(), 2 ** 53)
    assert.equal(sum([...tie, 5e-324]).value(), 2 ** 53 + 2)
    assert.equal(sum([...tie, -5e-324]).value(), 2 ** 53)
    assert.equal(sum([2 ** 53, 2, 1]).value(), 2 ** 53 + 4)
    assert.equal(sum([2 ** 53, 2, 1, -5e-324]).value(), 2 ** 53 + 2)
    assert.equal(sum([-(2 ** 53), -1, -5e-324]).value(), -(2 ** 53) - 2)
  })

  it('has room above the highest bit of its range', () => {
    const highest = fc.double({ min: 2 ** 39, max: 2 ** 40 - 1, noNaN: true })
    fc.assert(
      fc.property(fc.array(highest, { minLength: 2, maxLength: 40, size: 'max' }), values => {
        const all = [...values, 2 ** -100]
        assert.equal(sum(all, { lowest: -100, highest: 39 }).value(), sumOf(all))
      }),
      RUNS,
    )
  })

  it('overflows only in the result', () => {
    assert.equal(sum([1e308, 1e308]).value(), Number.POSITIVE_INFINITY)
    assert.equal(sum([-1e308, -1e308]).value(), Number.NEGATIVE_INFINITY)
    assert.equal(sum([1e308, 1e308, -1e308]).value(), 1e308)
    assert.equal(sum([Number.MAX_VALUE, 2 ** 969]).value(), Number.MAX_VALUE)
    assert.equal(sum([Number.MAX_VALUE, 2 ** 970]).value(), Number.POSITIVE_INFINITY)
  })

  it('counts infinities and NaN apart, so that they can be taken back', () => {
    const total = sum([1, Number.POSITIVE_INFINITY])
    assert.equal(total.value(), Number.POSITIVE_INFINITY)
    assert.ok(!total.isFinite && !total.isZero())
    total.add(Number.NEGATIVE_INFINITY)
    assert.equal(total.value(), Number.NaN)
    total.subtract(Number.POSITIVE_INFINITY)
    assert.equal(total.value(), Number.NEGATIVE_INFINITY)
    total.subtract(Number.NEGATIVE_INFINITY)
    total.add(Number.NaN)
    assert.equal(total.value(), Number.NaN)
    total.subtract(Number.NaN)
    assert.equal(total.value(), 1)
    total.clear()
    assert.ok(total.isZero())
  })

  it('stays exact beyond the additions after which limbs must be normalised', () => {
    const count = 2_200_000
    // All bits of the mantissa are set, and it begins where a limb does.
    const full = -(8 - 2 ** -50)
    const [values, squares] = [new ExactSum(), new ExactSum(squaresOf(EVERY_DOUBLE))]
    for (let i = 0; i < count; i++) {
      values.add(full)
      squares.addSquare(full)
    }
    assert.equal(inUnits(values), BigInt(count) * unitsOf(full))
    const tight = new ExactSum(tightRange([full]))
    for (let i = 0; i < count; i++) tight.add(full)
    assert.equal(tight.value(), nearestDouble(BigInt(count) * unitsOf(full), 1n << 1074n))
    assert.equal(inUnits(squares, 2 * 1074), BigInt(count) * unitsOf(full) ** 2n)
  })
})

describe('PartSum', () => {
  const moderate = finiteValues({ maxLength: 30 }).filter(values => canSplit(tightRange(values)))

  it('is the exact sum of what lies between two prefixes, rounded once', () => {
    fc.assert(
      fc.property(moderate, fc.nat(30), fc.nat(30), fc.constantFrom(30, 1000, 2 ** 22), (values, a, b, most) => {
        const [from, to] = [Math.min(a, b, values.length), Math.min(Math.max(a, b), values.length)]
        const grid = gridOf(tightRange(values), most)
        const parts = grid.cutters.length
        const prefixes = new Float64Array(parts * (values.length + 1))
        values.forEach((value, i) => {
          prefixes.copyWithin((i + 1) * parts, i * parts, (i + 1) * parts)
          addParts(value, grid, prefixes, (i + 1) * parts)
        })
        const total = new PartSum(grid)
        total.set(prefixes, to * parts, prefixes, from * parts)
        const expected = values.slice(from, to)
        assert.equal(inUnits(total), totalUnits(expected))
        assert.ok(Object.is(total.value(), sumOf(expected)))
        total.split()
        const error = unitsOf(total.high) + unitsOf(total.low) - totalUnits(expected)
        const exact = totalUnits(expected)
        assert.ok(total.error === 0 ? error === 0n : (error < 0n ? -error : error) << 101n <= (exact < 0n ? -exact : exact))
      }),
      RUNS,
    )
  })

  it('holds integers in one part, uncut, and cents in two', () => {
    assert.equal(gridOf({ lowest: 0, highest: 20 }, 1000).cutters.length, 1)
    assert.equal(gridOf(tightRange([0.01, 99_999.99]), 1000).cutters.length, 2)
  })
})
