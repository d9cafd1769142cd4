/**
 * What every runtime of models must do, whatever runs the model: one call per runtime, with models that it can open
 * and what the frameworks that trained them answer.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import type { ModelRunner, Runtime } from '../../src/models/index.ts'
import type { ModelDefinition } from '../../src/project/index.ts'

export interface ModelCase {
  readonly name: string
  readonly file: string
  readonly definition: ModelDefinition
  readonly features: readonly string[]
  /** The features that the model takes as int64. */
  readonly whole: readonly string[]
  readonly rows: readonly (readonly number[])[]
  /** One row of values for each row, from the framework that trained the model. */
  readonly expected: readonly (readonly number[])[]
  /** Greatest absolute difference, and relative for values above 1. */
  readonly tolerance: number
}

export interface RuntimeSubject {
  readonly runtime: Runtime
  readonly cases: readonly ModelCase[]
  /** Files that are no models of this runtime. */
  readonly broken: readonly string[]
}

type Matrix = Float32Array | Float64Array

/** More than one call of the model takes, and no round number. */
const MANY_ROWS = 613
const SPECIAL = [Number.NaN, 0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e-42, -1e-42, 3e38, 1e-8]

export function testRuntime(name: string, { runtime, cases, broken }: RuntimeSubject): void {
  for (const modelCase of cases) testModel(`${name}, ${modelCase.name}`, runtime, modelCase)
  for (const file of broken) {
    test(`${name}: ${file.split('/').at(-1)} is refused`, async () => {
      const definition = { ...(cases[0] as ModelCase).definition, file }
      await assert.rejects(runtime.open(file, definition, ['x']), refusal('model_unreadable'))
      await assert.rejects(runtime.inspect(file), refusal('model_unreadable'))
    })
  }
}

function testModel(title: string, runtime: Runtime, modelCase: ModelCase): void {
  const { file, definition, features } = modelCase
  const withRunner = (what: string, body: (runner: ModelRunner) => Promise<void>) =>
    test(`${title}: ${what}`, async () => {
      const runner = await runtime.open(file, definition, features)
      try {
        await body(runner)
      } finally {
        await runner.close()
      }
    })

  withRunner('answers as the training framework does', runner => assertTrained(runner, modelCase))
  withRunner('a batch of N has the bits of N singles, however it is cut', runner => assertCuts(runner, features.length))
  withRunner('the order of rows does not matter', runner => assertOrder(runner, features.length))
  withRunner('runs at the same time keep apart, and results belong to the caller', runner => assertApart(runner, features.length))
  withRunner('no rows give no values', async runner => assert.equal((await runner.run(arrayOf(runner, 0), 0)).length, 0))
  withRunner('a matrix of another size or type is refused', runner => assertSizes(runner, features.length))
  withRunner('int64 inputs are known, and what they cannot take is refused', runner => assertWhole(runner, modelCase))
  withRunner('what it answers at once has the same bits, and the same is refused', runner => assertNow(runner, features.length))
  withRunner('another runner of the same file gives the same bits', async runner => {
    const other = await runtime.open(file, definition, features)
    const matrix = randomMatrix(runner, features.length, 40, 11)
    assertSameBits(await other.run(matrix, 40), await runner.run(matrix, 40))
    await other.close()
    assert.equal((await runner.run(matrix, 40)).length, 40 * runner.width, 'closing one leaves the other')
  })
  test(`${title}: closed twice, then refuses to run`, async () => {
    const runner = await runtime.open(file, definition, features)
    await Promise.all([runner.close(), runner.close()])
    await runner.close()
    await assert.rejects(runner.run(randomMatrix(runner, features.length, 1, 1), 1), refusal('model_failed'))
  })
}

async function assertTrained(runner: ModelRunner, { rows, expected, tolerance, features }: ModelCase): Promise<void> {
  const values = await runner.run(arrayOf(runner, rows.length * features.length, rows.flat()), rows.length)
  assert.equal(values.length, expected.flat().length)
  assert.equal(values instanceof Float32Array, runner.outputType === 'float32')
  expected.flat().forEach((value, i) => {
    const off = Math.abs((values[i] as number) - value) / Math.max(1, Math.abs(value))
    assert.ok(off <= tolerance, `value ${i}: ${values[i]}, trained ${value}`)
  })
}

async function assertCuts(runner: ModelRunner, features: number): Promise<void> {
  const matrix = randomMatrix(runner, features, MANY_ROWS, 42)
  const whole = await runner.run(matrix, MANY_ROWS)
  const cut = async (lengths: readonly number[]) => {
    const parts: number[] = []
    for (let from = 0, i = 0; from < MANY_ROWS; i++) {
      const count = Math.min(lengths[i % lengths.length] as number, MANY_ROWS - from)
      parts.push(...(await runner.run(matrix.subarray(from * features, (from + count) * features), count)))
      from += count
    }
    assertSameBits(parts, whole)
  }
  await cut([1])
  await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 }), cut), { numRuns: 10 })
}

async function assertOrder(runner: ModelRunner, features: number): Promise<void> {
  const matrix = randomMatrix(runner, features, MANY_ROWS, 43)
  const whole = await runner.run(matrix, MANY_ROWS)
  const seat = (row: number) => (row * 7 + 5) % MANY_ROWS
  const shuffled = arrayOf(runner, matrix.length)
  for (let row = 0; row < MANY_ROWS; row++) shuffled.set(matrix.subarray(row * features, (row + 1) * features), seat(row) * features)
  const moved = await runner.run(shuffled, MANY_ROWS)
  const back = Array.from(whole, (_, i) => moved[seat(Math.floor(i / runner.width)) * runner.width + (i % runner.width)] as number)
  assertSameBits(back, whole)
}

async function assertApart(runner: ModelRunner, features: number): Promise<void> {
  const matrices = [1, 2, 3, 4].map(seed => randomMatrix(runner, features, 30 * seed, seed))
  const before = matrices.map(matrix => matrix.slice())
  const together = await Promise.all(matrices.map(matrix => runner.run(matrix, matrix.length / features)))
  const kept = together.map(values => values.slice())
  for (const [i, matrix] of matrices.entries()) {
    assertSameBits(await runner.run(matrix, matrix.length / features), kept[i] as Matrix)
    assertSameBits(matrix, before[i] as Matrix)
    assertSameBits(together[i] as Matrix, kept[i] as Matrix)
  }
}

async function assertSizes(runner: ModelRunner, features: number): Promise<void> {
  const refused = refusal('invalid_value')
  await assert.rejects(runner.run(arrayOf(runner, features), 2), refused)
  await assert.rejects(runner.run(arrayOf(runner, features + 1), 1), refused)
  await assert.rejects(runner.run(arrayOf(runner, features), 0.5), refused)
  const other = runner.inputType === 'float32' ? new Float64Array(features) : new Float32Array(features)
  await assert.rejects(runner.run(other, 1), refused)
}

/** For runtimes that are able to: the others have nothing to keep here. */
async function assertNow(runner: ModelRunner, features: number): Promise<void> {
  if (runner.runNow === undefined) return
  const matrix = randomMatrix(runner, features, MANY_ROWS, 44)
  const whole = await runner.run(matrix, MANY_ROWS)
  assertSameBits(runner.runNow(matrix, MANY_ROWS), whole)
  for (let row = 0; row < 50; row++) {
    const values = runner.runNow(matrix.slice(row * features, (row + 1) * features), 1)
    assertSameBits(values, whole.subarray(row * runner.width, (row + 1) * runner.width))
  }
  assert.throws(() => runner.runNow?.(arrayOf(runner, features), 2), refusal('invalid_value'))
  await runner.close()
  assert.throws(() => runner.runNow?.(arrayOf(runner, features), 1), refusal('model_failed'))
}

async function assertWhole(runner: ModelRunner, { features, whole }: ModelCase): Promise<void> {
  assert.deepEqual(
    runner.wholeFeatures.map(feature => features[feature]),
    whole,
  )
  for (const feature of runner.wholeFeatures) {
    for (const value of [Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
      const matrix = randomMatrix(runner, features.length, 3, 5)
      matrix[features.length + feature] = value
      await assert.rejects(runner.run(matrix, 3), refusal('lossy_cast'))
    }
  }
}

/** Numbers as features have them, with every kind of special value among them; whole ones where the model takes int64. */
function randomMatrix(runner: ModelRunner, features: number, rows: number, seed: number): Matrix {
  const random = generator(seed)
  return arrayOf(
    runner,
    rows * features,
    Array.from({ length: rows * features }, (_, i) => {
      if (runner.wholeFeatures.includes(i % features)) return Math.round((random() - 0.5) * 1000)
      if (random() < 0.03) return SPECIAL[Math.floor(random() * SPECIAL.length)] as number
      return (random() - 0.5) * 10 ** (random() * 4 - 1)
    }),
  )
}

function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function arrayOf(runner: ModelRunner, length: number, values: readonly number[] = []): Matrix {
  const array = runner.inputType === 'float32' ? new Float32Array(length) : new Float64Array(length)
  array.set(values)
  return array
}

function assertSameBits(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(found.length, expected.length)
  for (let i = 0; i < found.length; i++) {
    if (!Object.is(found[i], expected[i])) assert.fail(`value ${i} of ${found.length}: ${found[i]}, expected the bits of ${expected[i]}`)
  }
}

function refusal(code: string): (error: unknown) => boolean {
  return error => error instanceof PrescoreError && error.code === code && error.fix !== ''
}
