import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { PrescoreError } from '../../src/base/index.ts'
import {
  type Chunk,
  type Column,
  days,
  type ExpressionNode,
  expressionOf,
  nodeOf,
  type Scope,
  stringColumn,
} from '../../src/expressions/index.ts'
import { type CompiledVector, compileVector, type Precision } from '../../src/features/index.ts'
import type { PredictionDefinition } from '../../src/project/index.ts'
import { RUNS, valueFamilies } from './arbitraries.ts'

const SCOPE: Scope = new Map([
  ['key.store', { kind: 'string' }],
  ['input.amount', { kind: 'float64' }],
  ['input.isNew', { kind: 'boolean' }],
  ['input.big', { kind: 'int64' }],
  ['asOf', { kind: 'timestamp', zone: 'UTC' }],
  ['join.sales.mean', { kind: 'float64' }],
  ['join.sales.sinceLast', { kind: 'duration' }],
])
/** The matrix of all rows, and the columns that it is made of. */
function evaluated(vector: CompiledVector, chunk: Chunk, precision: Precision) {
  const columns = vector.columns(chunk)
  return { columns, ...vector.matrix(columns, 0, chunk.rows, precision) }
}

const ref = (name: string): ExpressionNode => ({ ref: name })

function predictionOf(features: Readonly<Record<string, ExpressionNode>>): PredictionDefinition {
  return {
    name: 'demand',
    inputs: {},
    joins: {},
    features: Object.entries(features).map(([name, expression]) => ({ name, expression })),
    model: { runtime: 'onnx', file: 'model.onnx', output: 'y' },
    policy: { mode: 'live' },
    gates: { coverage: 1 },
    outputs: {},
  }
}

function chunkOf(numbers: Readonly<Record<string, readonly number[]>>): Chunk {
  const columns = Object.entries(numbers).map(
    ([name, values]) => [name, { type: SCOPE.get(name) as Column['type'], values: Float64Array.from(values) }] as const,
  )
  return { rows: Object.values(numbers)[0]?.length ?? 0, columns: new Map(columns) }
}

const one = (node: ExpressionNode) => compileVector(predictionOf({ one: node }), SCOPE)
const refusal = (node: ExpressionNode) => {
  try {
    one(node)
  } catch (error) {
    return error as PrescoreError
  }
  return assert.fail('not refused')
}

describe('compileVector', () => {
  const vector = compileVector(
    predictionOf({
      sinceLast: ref('join.sales.sinceLast'),
      ratio: { call: 'div', args: [ref('input.amount'), ref('join.sales.mean')] },
      isNew: ref('input.isNew'),
      week: nodeOf(days(7)),
    }),
    SCOPE,
  )

  it('gives a row-major matrix and the columns, durations in seconds', () => {
    const chunk = chunkOf({
      'join.sales.sinceLast': [1_500_000, Number.NaN],
      'input.amount': [1, 10],
      'join.sales.mean': [3, 4],
      'input.isNew': [1, 0],
    })
    const { rows, values, columns, outOfRange } = evaluated(vector, chunk, 'float32')
    assert.deepEqual(vector.names, ['sinceLast', 'ratio', 'isNew', 'week'])
    assert.deepEqual([...vector.columnsUsed].toSorted(), ['input.amount', 'input.isNew', 'join.sales.mean', 'join.sales.sinceLast'])
    assert.equal(rows, 2)
    assert.deepEqual(values, Float32Array.of(1.5, 1 / 3, 1, 604_800, Number.NaN, 2.5, 0, 604_800))
    assert.deepEqual(columns, [
      Float64Array.of(1.5, Number.NaN),
      Float64Array.of(1 / 3, 2.5),
      Float64Array.of(1, 0),
      Float64Array.of(604_800, 604_800),
    ])
    assert.equal(outOfRange, undefined)
    assert.deepEqual(evaluated(vector, chunk, 'float64').values, Float64Array.of(1.5, 1 / 3, 1, 604_800, Number.NaN, 2.5, 0, 604_800))
  })

  it('gives the bits of a row alone, in chunks of any size', () => {
    const numbers = valueFamilies.chain(values => fc.array(fc.tuple(values, values), { minLength: 1, maxLength: 20, size: 'max' }))
    const ratio = compileVector(
      predictionOf({ a: ref('input.amount'), ratio: { call: 'div', args: [ref('input.amount'), ref('join.sales.mean')] } }),
      SCOPE,
    )
    const evaluate = (rows: readonly (readonly [number, number])[]) =>
      evaluated(ratio, chunkOf({ 'input.amount': rows.map(([a]) => a), 'join.sales.mean': rows.map(([, b]) => b) }), 'float32')
    fc.assert(
      fc.property(numbers, rows => {
        const whole = evaluate(rows)
        rows.forEach((row, i) => {
          const alone = evaluate([row])
          assert.deepEqual(new Uint32Array(alone.values.buffer), new Uint32Array(whole.values.slice(2 * i, 2 * i + 2).buffer))
          assert.equal(alone.outOfRange?.[0] ?? 0, whole.outOfRange?.[i] ?? 0)
          const isOut = (x: number | undefined) => Number.isFinite(x) && !Number.isFinite(Math.fround(x as number))
          assert.equal(
            alone.outOfRange?.[0] === 1,
            alone.columns.some(column => isOut(column[0])),
          )
        })
      }),
      RUNS,
    )
  })

  it('flags the rows that float32 cannot hold, and only those', () => {
    const chunk = chunkOf({ 'input.amount': [1e39, 3.4e38, Number.POSITIVE_INFINITY, Number.NaN, -1e300] })
    assert.deepEqual(evaluated(one(ref('input.amount')), chunk, 'float32').outOfRange, Uint8Array.of(1, 0, 0, 0, 1))
    assert.equal(evaluated(one(ref('input.amount')), chunk, 'float64').outOfRange, undefined)
  })

  it('makes every missing number the one NaN, and leaves the chunk as it is', () => {
    const values = Float64Array.of(1, 0, 3)
    const words = new Uint32Array(values.buffer)
    words.set([7, 0xfff80000], 2)
    const chunk = chunkOf({ 'input.amount': [] })
    const other = { rows: 3, columns: new Map([...chunk.columns, ['input.amount', { type: { kind: 'float64' }, values }] as const]) }
    const { columns } = evaluated(one(ref('input.amount')), other, 'float64')
    const [one64, nan64] = [
      new BigUint64Array(Float64Array.from(columns[0]!).buffer),
      new BigUint64Array(Float64Array.of(Number.NaN).buffer),
    ]
    assert.deepEqual([...columns[0]!], [1, Number.NaN, 3])
    assert.equal(one64[1], nan64[0])
    assert.equal(words[2], 7)
  })

  it('gives as many rows as the chunk has, also where its columns are longer', () => {
    const chunk = { ...chunkOf({ 'input.amount': [1, 2, 3] }), rows: 2 }
    assert.deepEqual(evaluated(one(ref('input.amount')), chunk, 'float64').columns[0], Float64Array.of(1, 2))
  })

  it('refuses what is not a number', () => {
    assert.equal(refusal(ref('key.store')).code, 'non_numeric_feature')
    assert.equal(refusal(ref('asOf')).code, 'non_numeric_feature')
    assert.equal(refusal(ref('input.amuont')).code, 'project_invalid')
    assert.match(refusal(ref('key.store')).message, /predictions\.demand\.features\.one.*string/)
    const text = expressionOf<'string'>(ref('key.store')).eq('a')
    assert.deepEqual(
      evaluated(one(nodeOf(text)), { rows: 2, columns: new Map([['key.store', stringColumn(['a', undefined])]]) }, 'float32').values,
      Float32Array.of(1, Number.NaN),
    )
  })

  it('refuses an integer that would lose digits', () => {
    const column: Column = { type: { kind: 'int64' }, values: Float64Array.of(2 ** 60), exact: BigInt64Array.of(2n ** 60n + 1n) }
    assert.throws(() => evaluated(one(ref('input.big')), { rows: 1, columns: new Map([['input.big', column]]) }, 'float32'), {
      code: 'lossy_cast',
    })
  })
})
