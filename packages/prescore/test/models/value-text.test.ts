import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { VALUE_BYTES_MAX, valueText, writeValueText } from '../../src/models/index.ts'

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

function floatOfBits(pattern: number): number {
  bits[0] = pattern
  return float[0] as number
}

/** Every finite float32 above zero, as its bits. */
const positiveBits = fc.integer({ min: 1, max: 0x7f7fffff })
/** Bits of numbers as models give them. */
const commonBits = fc
  .oneof(
    fc.double({ min: 1e-9, max: 1, noNaN: true }),
    fc.integer({ min: 1, max: 100_000 }).map(n => n / 1000),
    fc.integer({ min: 1, max: 2 ** 30 }),
  )
  .map(value => {
    float[0] = value
    return bits[0] as number
  })

test('plain values print as people write them', () => {
  const texts: [number, string][] = [
    [Math.fround(0.31), '0.31'],
    [0.5, '0.5'],
    [1, '1'],
    [-2, '-2'],
    [0, '0'],
    [-0, '-0'],
    [16777216, '16777216'],
    [Math.fround(1e10), '10000000000'],
    [Math.fround(0.1), '0.1'],
    [Math.fround(1 / 3), '0.33333334'],
    [Math.fround(3.4028235e38), '3.4028235e+38'],
    [2 ** -149, '1e-45'],
    [Math.fround(1e-7), '1e-7'],
    [Number.NaN, 'null'],
    [Number.POSITIVE_INFINITY, 'null'],
    [Number.NEGATIVE_INFINITY, 'null'],
  ]
  for (const [value, text] of texts) assert.equal(valueText(value, 'float32'), text)
})

test('the text is JSON and reads back to the same float32, of either sign', () => {
  const readsBack = (pattern: number) => {
    const value = floatOfBits(pattern)
    for (const signed of [value, -value]) {
      assert.equal(Math.fround(JSON.parse(valueText(signed, 'float32'))), signed)
    }
  }
  fc.assert(fc.property(fc.oneof(positiveBits, commonBits), readsBack), { numRuns: 20_000 })
})

test('no shorter text lies inside what rounds to the float32, and the text lies inside', () => {
  fc.assert(
    fc.property(fc.oneof(positiveBits, commonBits), pattern => {
      const text = valueText(floatOfBits(pattern), 'float32')
      assert.ok(inside(pattern, decimal(text)), `${text} is on the edge`)
      assert.equal(digitsOf(text), fewestDigits(pattern), text)
    }),
    { numRuns: 10_000 },
  )
})

/** The definition: the fewest digits of which the nearest decimal lies inside, else nine. */
function naiveText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded + (rounded - value) * 2 ** -27) === value) return String(rounded)
  }
  return String(Number(value.toPrecision(9)))
}

test('the text is that of the fewest digits', () => {
  const isNaive = (pattern: number) => assert.equal(valueText(floatOfBits(pattern), 'float32'), naiveText(floatOfBits(pattern)))
  const near = fc.tuple(fc.integer({ min: -7, max: 8 }), fc.integer({ min: -3, max: 3 })).map(([power, ulps]) => {
    float[0] = 10 ** power
    return (bits[0] as number) + ulps
  })
  const binary = fc.tuple(fc.integer({ min: 1, max: 2 ** 24 }), fc.integer({ min: 0, max: 24 })).map(([whole, power]) => {
    float[0] = whole / 2 ** power
    return bits[0] as number
  })
  fc.assert(fc.property(fc.oneof(positiveBits, commonBits, near, binary), isNaive), { numRuns: 50_000 })
})

test('powers of two, whose neighbours lie at different distances, are as short but for three', () => {
  const longer: number[] = []
  for (let exponent = -149; exponent <= 127; exponent++) {
    const value = 2 ** exponent
    float[0] = value
    const pattern = bits[0] as number
    const text = valueText(value, 'float32')
    assert.ok(inside(pattern, decimal(text)), text)
    if (digitsOf(text) !== fewestDigits(pattern)) longer.push(exponent)
  }
  assert.deepEqual(longer, [-96, 87, 90])
})

test('float64 prints as JSON does, but for the sign of zero', () => {
  fc.assert(
    fc.property(fc.double(), value => {
      const text = valueText(value, 'float64')
      assert.ok(Object.is(value, -0) ? text === '-0' : text === JSON.stringify(value))
    }),
  )
})

interface Rational {
  readonly over: bigint
  readonly under: bigint
}

/** The oracle: rationals, no rounding anywhere. Halfway to each neighbour; the texts strictly between round to the float32. */
function edges(pattern: number): readonly [Rational, Rational] {
  const middle = (a: Rational, b: Rational) => ({ over: a.over * b.under + b.over * a.under, under: 2n * a.under * b.under })
  const value = rational(floatOfBits(pattern))
  const above = pattern === 0x7f7fffff ? 2 ** 128 : floatOfBits(pattern + 1)
  return [middle(value, rational(floatOfBits(pattern - 1))), middle(value, rational(above))]
}

function rational(value: number): Rational {
  let [whole, under] = [value, 1n]
  while (!Number.isInteger(whole)) [whole, under] = [whole * 2, under * 2n]
  return { over: BigInt(whole), under }
}

function decimal(text: string): Rational {
  const [mantissa, exponent] = text.split('e') as [string, string | undefined]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string | undefined]
  return scaled(BigInt(whole + fraction), Number(exponent ?? 0) - fraction.length)
}

function scaled(digits: bigint, power: number): Rational {
  return power >= 0 ? { over: digits * 10n ** BigInt(power), under: 1n } : { over: digits, under: 10n ** BigInt(-power) }
}

function isLess(a: Rational, b: Rational): boolean {
  return a.over * b.under < b.over * a.under
}

function inside(pattern: number, value: Rational): boolean {
  const [low, high] = edges(pattern)
  return isLess(low, value) && isLess(value, high)
}

/** The fewest significant digits with which a decimal lies inside. */
function fewestDigits(pattern: number): number {
  const [low, high] = edges(pattern)
  const magnitude = Math.floor(Math.log10(floatOfBits(pattern)))
  for (let digits = 1; ; digits++) {
    for (const power of [-1, 0, 1].map(off => magnitude + off - digits + 1)) {
      const unit = scaled(1n, power)
      const least = (low.over * unit.under) / (low.under * unit.over) + 1n
      if (least < 10n ** BigInt(digits) && isLess(scaled(least, power), high)) return digits
    }
  }
}

function digitsOf(text: string): number {
  return text.replace(/e.*$/, '').replace('.', '').replace(/^0+/, '').replace(/0+$/, '').length
}

test('where bytes are it is put as the same text', () => {
  const to = Buffer.alloc(VALUE_BYTES_MAX + 2, '#')
  fc.assert(
    fc.property(fc.oneof(positiveBits, commonBits), fc.boolean(), fc.boolean(), (pattern, isNegative, isDouble) => {
      const value = (isNegative ? -1 : 1) * (isDouble ? floatOfBits(pattern) * 1.000000001 : floatOfBits(pattern))
      const type = isDouble ? 'float64' : 'float32'
      const end = writeValueText(value, type, to.fill('#'), 1)
      assert.equal(to.toString('latin1'), `#${valueText(value, type)}`.padEnd(to.length, '#'))
      assert.equal(end, 1 + valueText(value, type).length)
    }),
    { numRuns: 20_000 },
  )
  for (const value of [0, -0, Number.NaN, Number.NEGATIVE_INFINITY]) {
    const end = writeValueText(value, 'float32', to, 0)
    assert.equal(to.toString('latin1', 0, end), valueText(value, 'float32'))
  }
})
