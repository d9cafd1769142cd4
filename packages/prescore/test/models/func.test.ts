/** Functions as models: the shared suite, and what they may not do. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { RUNTIMES } from '../../src/models/runtimes/index.ts'
import { func, type ModelDefinition } from '../../src/project/index.ts'
import { testRuntime } from '../conformance/runtime.ts'
import { fixture } from './fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-func-'))
after(() => rmSync(folder, { recursive: true }))
const FEATURES = ['a', 'b']

async function frozen(definition: ModelDefinition, name: string): Promise<string> {
  const file = join(folder, `${name}.json`)
  writeFileSync(file, (await RUNTIMES.func.withoutFile?.freeze(definition, FEATURES)) as Buffer)
  return file
}

const sum = func({ run: ({ a = 0, b = 0 }) => a * 2 + b })
const both = func({ run: f => [f.a ?? 0, Math.max(f.a ?? 0, f.b ?? 0), -0] })
const other = { features: FEATURES, whole: [], tolerance: 0 }
testRuntime('func', {
  runtime: RUNTIMES.func,
  cases: [
    {
      ...other,
      name: 'a number',
      definition: sum,
      file: await frozen(sum, 'sum'),
      rows: [
        [1, 2],
        [0.1, 0.2],
        [3, -7],
      ],
      expected: [[4], [0.1 * 2 + 0.2], [-1]],
    },
    { ...other, name: 'several', definition: both, file: await frozen(both, 'both'), rows: [[1, 2]], expected: [[1, 2, -0]] },
  ],
  broken: [fixture('expected.json'), fixture('no-such.json'), fixture('linear.onnx'), fixture('.')],
})

const refused = (code: string, found: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PrescoreError && error.code === code, String(error))
  assert.match(error.message, found)
  return true
}

test('what is not pure, or gives no numbers, is refused', async () => {
  const outside = 3
  assert.throws(() => func({ run: f => (f.a ?? 0) * outside }), refused('impure_function', /outside/))
  assert.throws(() => func({ run: () => Math.random() }), refused('impure_function', /random/))
  const text = func({ run: () => 'x' as unknown as number })
  await assert.rejects(RUNTIMES.func.open(await frozen(text, 'text'), text, FEATURES), refused('model_failed', /returned string/))
  const uneven = func({ run: f => (f.a === 0 ? [1, 2] : [1]) })
  const runner = await RUNTIMES.func.open(await frozen(uneven, 'uneven'), uneven, FEATURES)
  await assert.rejects(runner.run(Float64Array.of(1, 1), 1), refused('model_failed', /1 values; expected 2/))
  const failing = func({ run: f => (f.a === 0 ? 1 : (null as unknown as number[]).length) })
  const thrower = await RUNTIMES.func.open(await frozen(failing, 'failing'), failing, FEATURES)
  await assert.rejects(thrower.run(Float64Array.of(1, 1), 1), refused('model_failed', /TypeError/))
})
