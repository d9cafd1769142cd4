/** Scored rows as bytes: those of the texts that are told of them, whatever keys, values and inputs they have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CanonicalBytes } from '../../src/batch/canonical-bytes.ts'
import { SortedRuns } from '../../src/batch/sorted-runs.ts'
import { canonicalRows, type ValueShape } from '../../src/batch/values.ts'
import { type Chunk, type Column, stringColumn } from '../../src/expressions/index.ts'
import { valueNames } from '../../src/history/index.ts'
import type { KeyColumns } from '../../src/project/index.ts'

const integers = fc.oneof(
  fc.integer({ min: -12, max: 12 }),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 1e9, 1e9 - 1, 2 ** 31, -(10 ** 15)),
)
const beyond = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
const texts = fc.string({ unit: fc.constantFrom('a', 'Z', '"', '\\', '\n', '\u0001', 'é', '\u2028', '🚀'), maxLength: 40 })
const numbers = fc.oneof(
  fc.double(),
  fc.float(),
  fc.constantFrom(0, -0, 0.5, Number.NaN),
  fc.integer({ min: -9_999, max: 9_999 }).map(n => n / 1000),
)

const entities: readonly KeyColumns[] = [{ id: 'int64' }, { name: 'string' }, { 'a"b': 'string', n: 'int64' }]
const shapes: readonly ValueShape[] = [
  { outputType: 'float32', width: 1 },
  { outputType: 'float64', width: 1 },
  { outputType: 'float32', width: 3 },
]

interface Row {
  readonly text: string
  readonly integer: number
  readonly exact: bigint
  readonly values: readonly number[]
  readonly code: 'value_not_finite' | undefined
  readonly inputs: string
}

const row: fc.Arbitrary<Row> = fc.record({
  text: texts,
  integer: integers,
  exact: beyond,
  values: fc.array(numbers, { minLength: 3, maxLength: 3 }),
  code: fc.constantFrom('value_not_finite' as const, undefined, undefined),
  inputs: fc.oneof(fc.json(), fc.constant(`"${'é'.repeat(300)}"`)),
})

function chunkOf(
  rows: readonly Row[],
  entity: KeyColumns,
  { outputType, width }: ValueShape,
  isExact: boolean,
  withInputs: boolean,
): Chunk {
  const integerColumn: Column = isExact
    ? {
        type: { kind: 'int64' },
        values: Float64Array.from(rows, each => Number(each.exact)),
        exact: BigInt64Array.from(rows, each => each.exact),
      }
    : { type: { kind: 'int64' }, values: Float64Array.from(rows, each => each.integer) }
  const round = (value: number) => (outputType === 'float32' ? Math.fround(value) : value)
  const keys = Object.entries(entity).map(
    ([name, kind]) => [`key_${name}`, kind === 'string' ? stringColumn(rows.map(each => each.text)) : integerColumn] as const,
  )
  const values = valueNames(width).map(
    (name, at) => [name, { type: { kind: 'float64' }, values: Float64Array.from(rows, each => round(each.values[at] as number)) }] as const,
  )
  const inputs = withInputs ? [['inputs', stringColumn(rows.map(each => each.inputs))] as const] : []
  return {
    rows: rows.length,
    columns: new Map<string, Column>([...keys, ...values, ...inputs, ['rejected', stringColumn(rows.map(each => each.code))]]),
  }
}

test('lines, keys and the places of values and inputs are those that are told as texts', () => {
  const cases = fc.record({
    rows: fc.array(row, { maxLength: 60 }),
    entity: fc.constantFrom(...entities),
    shape: fc.constantFrom(...shapes),
    isExact: fc.boolean(),
    withInputs: fc.boolean(),
    cut: fc.nat(),
    room: fc.integer({ min: 1, max: 80 }),
  })
  fc.assert(
    fc.property(cases, ({ rows, entity, shape, isExact, withInputs, cut, room }) => {
      const chunk = chunkOf(rows, entity, shape, isExact, withInputs)
      const told = canonicalRows(chunk, { entity }, shape)
      const bytes = new CanonicalBytes(entity, shape, { rows: room, withKeys: true })
      const middle = rows.length === 0 ? 0 : cut % rows.length
      bytes.add(chunk, 0, rows.length)
      bytes.clear()
      bytes.add(chunk, 0, middle)
      bytes.add(chunk, middle, rows.length)
      const lines = Buffer.from(bytes.lines)
      assert.equal(lines.toString(), told.map(({ line }) => line).join(''))
      assert.equal(Buffer.from(bytes.keys).toString('hex'), Buffer.concat(told.map(({ keyBytes }) => keyBytes)).toString('hex'))
      let end = 0
      told.forEach(({ keyBytes, valueText, inputsText }, i) => {
        end += keyBytes.length
        assert.equal(bytes.keyEnds[i], end)
        assert.equal(lines.toString('utf8', bytes.valueStarts[i], bytes.valueEnds[i]), valueText ?? '')
        if (inputsText !== undefined) assert.equal(lines.toString('utf8', bytes.inputsStarts[i], bytes.inputsEnds[i]), inputsText)
      })
      const digested = new CanonicalBytes(entity, shape, { rows: room })
      digested.add(chunk, 0, rows.length)
      assert.ok(lines.equals(digested.lines))
    }),
    { numRuns: 400 },
  )
})

test('of numbers that come sorted, some at once, the same is told as of one ascending array', () => {
  const numbers = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.constant(-0))
  fc.assert(
    fc.property(fc.array(fc.array(numbers, { maxLength: 30 }), { maxLength: 12 }), numbers, (lists, limit) => {
      const runs = SortedRuns.of(...lists.map(list => Float64Array.from(list).sort()))
      const all = Float64Array.from(lists.flat()).sort()
      assert.equal(runs.length, all.length)
      assert.deepEqual(
        [...all].map((_, rank) => runs.at(rank)),
        [...all].map(value => value + 0),
      )
      for (const each of [limit, ...all]) assert.equal(runs.countUpTo(each), all.filter(value => value <= each).length)
    }),
  )
})
