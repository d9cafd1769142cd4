/** Columns of numbers: what is written is what is read, to the bit, and in few bytes where few are enough. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ByteReader, ByteWriter } from '../../src/online/bytes.ts'
import { appendNumber, numberAt, readNumbers, skipNumbers, writeNumbers } from '../../src/online/numbers.ts'
import { RUNS, valueFamilies } from '../features/arbitraries.ts'

/** The numbers after a round trip, and the bytes that they took. */
function stored(values: readonly number[]): { read: Float64Array; bytes: number } {
  const writer = new ByteWriter()
  // Something before it, so that nothing is aligned.
  writer.byte(7)
  const padded = Float64Array.of(Number.NaN, ...values, Number.NaN)
  writeNumbers(writer, padded, 1, 1 + values.length)
  const reader = new ByteReader()
  const bytes = writer.take()
  reader.open(bytes)
  reader.at++
  const read = new Float64Array(values.length)
  readNumbers(reader, values.length, read)
  assert.equal(reader.at - bytes.byteOffset, bytes.length)
  return { read, bytes: bytes.length - 1 }
}

function last(values: readonly number[]): number {
  const writer = new ByteWriter()
  writeNumbers(writer, Float64Array.from(values), 0, values.length)
  const reader = new ByteReader()
  reader.open(writer.take())
  return numberAt(reader, values.length - 1)
}

const times = fc
  .record({
    start: fc.maxSafeInteger(),
    unit: fc.constantFrom(1, 1_000, 1_000_000, 60_000_000),
    steps: fc.array(fc.nat(), { maxLength: 40 }),
  })
  .map(({ start, unit, steps }) => steps.map(step => start + step * unit).filter(Number.isSafeInteger))
/** Around the widths of codes, and around what is exact. */
const edges = fc.array(
  fc.constantFrom(0, 1, 254, 255, 65534, 65535, 65536, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 53 - 1, 1 - 2 ** 53, 0.01, 0.29, 1e15 + 0.25, -70.7),
  {
    maxLength: 6,
  },
)
const columns = fc.oneof(
  valueFamilies.chain(family =>
    fc.array(
      family.map(value => value + 0),
      { maxLength: 300 },
    ),
  ),
  times,
  edges,
)

test('any column comes back to the bit', () => {
  fc.assert(
    fc.property(columns, values => {
      const { read } = stored(values)
      for (const [i, value] of values.entries()) assert.ok(Object.is(read[i], value), `${values} came back as ${read}`)
      if (values.length > 0 && !Number.isNaN(values.at(-1))) assert.ok(Object.is(last(values), values.at(-1)))
    }),
    { numRuns: 5 * RUNS.numRuns },
  )
})

test('columns take few bytes where few are enough', () => {
  const bytes = (value: (i: number) => number) => stored(Array.from({ length: 100 }, (_, i) => value(i))).bytes
  const startUs = Date.parse('2026-06-15T12:00:00Z') * 1000
  assert.equal(
    bytes(() => 0),
    1,
  )
  assert.equal(
    bytes(() => 1),
    1,
  )
  assert.equal(
    bytes(() => Number.NaN),
    1,
  )
  assert.equal(
    bytes(() => 0.1),
    9,
  )
  assert.equal(
    bytes(i => -1000 + i),
    9 + 100,
  )
  assert.equal(
    bytes(i => (i === 3 ? Number.NaN : i)),
    9 + 100,
  )
  assert.equal(
    bytes(i => startUs + i * 86_400_000_000),
    9 + 400,
  )
  assert.equal(
    bytes(i => startUs + i * 600_000_000),
    9 + 200,
  )
  assert.equal(
    bytes(i => (i * 997) / 100),
    9 + 400,
  )
  assert.equal(
    bytes(i => i / 1024),
    1 + 400,
  )
  assert.equal(
    bytes(i => Math.sqrt(i)),
    1 + 800,
  )
})

test('a number that is appended is behind the others, and changes none of them', () => {
  fc.assert(
    fc.property(
      columns.filter(values => values.length > 1),
      fc.nat(),
      (values, seed) => {
        const rest = values.slice(0, -1)
        // Often one that is there already.
        const value = seed % 2 === 0 ? (values.at(-1) as number) : (rest[seed % rest.length] as number)
        const [reader, writer] = [new ByteReader(), new ByteWriter()]
        writeNumbers(writer, Float64Array.from(rest), 0, rest.length)
        writer.byte(9)
        const bytes = writer.take()
        writer.at = 0
        reader.open(bytes)
        appendNumber(reader, writer, rest.length, value)
        assert.equal(reader.byte(), 9)
        const longer = writer.take()
        reader.open(longer)
        const read = new Float64Array(values.length)
        readNumbers(reader, values.length, read)
        assert.deepEqual(read, Float64Array.from([...rest, value]))
        reader.open(longer)
        skipNumbers(reader, values.length)
        assert.equal(reader.at - longer.byteOffset, longer.length)
      },
    ),
    RUNS,
  )
})
