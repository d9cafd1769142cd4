/** The vector of one request against the batch's own evaluation of the same row, over all kinds of values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { type ExpressionNode, inferType, references } from '../../src/expressions/index.ts'
import { compileVector } from '../../src/features/index.ts'
import { RequestRow } from '../../src/live/request-row.ts'
import { RequestVector } from '../../src/live/request-vector.ts'
import type { InputValue, PredictionDefinition } from '../../src/project/index.ts'
import { anyExpression, type Row, rowsWith, TYPES } from '../expressions/arbitraries.ts'
import { chunkFrom } from '../expressions/rows.ts'
import { RUNS } from '../features/arbitraries.ts'

const BEYOND = 9_007_199_254_740_993n
const ids = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(BEYOND, -BEYOND, 5n, 2n ** 63n - 1n, -(2n ** 63n)))

const isNumber = (node: ExpressionNode) => {
  const { type, problems } = inferType(node, TYPES, 'feature')
  return problems.length === 0 && type !== undefined && !['string', 'timestamp'].includes(type.kind)
}
const mereReference = fc
  .constantFrom(...TYPES.keys())
  .map((ref): ExpressionNode => ({ ref }))
  .filter(isNumber)
const features = fc.array(fc.oneof(mereReference, anyExpression.filter(isNumber)), { minLength: 1, maxLength: 5 })

function predictionOf(expressions: readonly ExpressionNode[]): PredictionDefinition {
  return {
    name: 'demand',
    inputs: {},
    joins: {},
    features: expressions.map((expression, i) => ({ name: `f${i}`, expression })),
    model: { runtime: 'onnx', file: 'model.onnx', output: 'y' },
    policy: { mode: 'live' },
    gates: { coverage: 1 },
    outputs: {},
  }
}

/** The bits of a row's values, or the code of what keeps it from having any. */
function outcome(evaluate: () => readonly (Float32Array | Float64Array)[]): unknown {
  try {
    return evaluate().map(values => Array.from(new Uint8Array(values.slice().buffer)))
  } catch (error) {
    if (error instanceof PrescoreError) return error.code
    throw error
  }
}

/** As a request gives it: missing is null, or not there. */
function put(row: RequestRow, refs: Iterable<string>, values: Row, missing: null | undefined): void {
  for (const ref of refs) row.slot(ref)?.set((values[ref] as InputValue | undefined) ?? missing)
}

for (const precision of ['float64', 'float32'] as const) {
  test(`is the batch's, to the bit, or refused for the same reason (${precision})`, () => {
    let refused = 0
    fc.assert(
      fc.property(features, rowsWith(ids), fc.constantFrom(null, undefined), (expressions, rows, missing) => {
        const prediction = predictionOf(expressions)
        const refs = new Set(expressions.flatMap(node => [...references(node)]))
        const batches = expressions.map(expression => compileVector(predictionOf([expression]), TYPES))
        const row = new RequestRow(TYPES, refs)
        const vector = new RequestVector(prediction, TYPES, row)
        // The same row again and again: nothing of an earlier request may be left in it.
        for (const values of rows) {
          const expected = batches.map(batch =>
            outcome(() => {
              const columns = batch.columns(chunkFrom(TYPES, [values]))
              const matrix = batch.matrix(columns, 0, 1, precision)
              if (matrix.outOfRange !== undefined) throw new PrescoreError('feature_out_of_range')
              return [matrix.values, columns[0] as Float64Array]
            }),
          )
          put(row, refs, values, missing)
          const out = precision === 'float32' ? new Float32Array(expressions.length) : new Float64Array(expressions.length)
          const refusal = outcome(() => {
            vector.fill(out)
            return []
          })
          const reasons = expected.filter(each => typeof each === 'string')
          if (typeof refusal === 'string' || reasons.length > 0) {
            refused++
            assert.ok(reasons.includes(refusal as string), `${refusal} of ${reasons}`)
          } else {
            expressions.forEach((_, i) => {
              assert.deepEqual(
                outcome(() => [out.slice(i, i + 1), vector.values.slice(i, i + 1)]),
                expected[i],
              )
            })
          }
        }
      }),
      { ...RUNS, numRuns: RUNS.numRuns * 2 },
    )
    assert.ok(refused > 0)
  })
}

test('an int64 beyond what a double holds is refused, and leaves nothing behind', () => {
  const row = new RequestRow(TYPES, ['row.id'])
  const vector = new RequestVector(predictionOf([{ ref: 'row.id' }]), TYPES, row)
  const out = new Float64Array(1)
  for (const [value, expected] of [
    [7, 7],
    [BEYOND, 'lossy_cast'],
    [8, 8],
    [9n, 9],
    [-BEYOND, 'lossy_cast'],
    [null, Number.NaN],
    [2n ** 53n, 'lossy_cast'],
    [2 ** 53 - 1, 2 ** 53 - 1],
  ] as const) {
    row.slot('row.id')?.set(value)
    const given = outcome(() => {
      vector.fill(out)
      return [out]
    })
    assert.deepEqual(given, typeof expected === 'string' ? expected : outcome(() => [Float64Array.of(expected)]), String(value))
  }
})
