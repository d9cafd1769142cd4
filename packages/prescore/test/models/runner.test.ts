import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { PrescoreError } from '../../src/base/index.ts'
import { openModel } from '../../src/models/index.ts'
import { callShape } from '../../src/models/onnx/operators.ts'
import { FEATURES, fixture, onnxDefinition, recordedCases } from './fixtures.ts'

const MODELS_URL = new URL('../../src/models/index.ts', import.meta.url).href

test('an index takes one element of each row', async () => {
  const [lightgbm] = recordedCases().filter(({ name }) => name === 'lightgbm')
  assert.ok(lightgbm)
  const matrix = Float32Array.from(lightgbm.rows.flat())
  const values = await Promise.all(
    [undefined, 0, 1].map(async index => {
      const runner = await openModel(lightgbm.file, onnxDefinition('lightgbm', 'probabilities', index), FEATURES)
      assert.equal(runner.width, index === undefined ? 2 : 1)
      const result = await runner.run(matrix, lightgbm.rows.length)
      await runner.close()
      return [...result]
    }),
  )
  const [rows, first, second] = values as [number[], number[], number[]]
  assert.deepEqual(
    rows,
    first.flatMap((value, i) => [value, second[i]]),
  )
})

test('columns take their feature by its name, wherever it stands in the vector', async () => {
  const definition = onnxDefinition('double_columns', 'z')
  const runner = await openModel(definition.file, definition, ['distance', 'hour'])
  assert.equal(runner.inputType, 'float64')
  assert.deepEqual([...(await runner.run(Float64Array.of(100.5, 3, 7, 8), 2))], [3 - 100.5, 1])
  await runner.close()
})

test('a whole number beyond float32 reaches an int64 input undamaged', async () => {
  const definition = onnxDefinition('columns')
  const runner = await openModel(definition.file, definition, FEATURES.slice(0, 3))
  assert.equal(runner.inputType, 'float64')
  await runner.run(Float64Array.of(2 ** 53 - 1, 0, 0), 1)
  await assert.rejects(runner.run(Float64Array.of(1, 2, 3, 2 ** 53, 2, 3), 2), (error: PrescoreError) => {
    assert.equal(error.code, 'lossy_cast')
    assert.match(error.message, /`hour`, row 1/)
    return true
  })
  await runner.close()
})

test('rows in a call follow from the operators', () => {
  const trees = callShape(['TreeEnsembleClassifier', 'Cast'], null)
  assert.equal(trees.multipleOf, 1)
  assert.ok(trees.rowsMax > 100)
  assert.deepEqual(callShape(['Gemm', 'Cast'], null), { ...trees, multipleOf: 16 })
  assert.deepEqual(callShape(['Gemm', 'ReduceMean'], null), { rowsMax: 1, multipleOf: 1 })
  assert.deepEqual(callShape(['Gemm', 'com.microsoft.Gelu'], null), { rowsMax: 1, multipleOf: 1 })
  assert.deepEqual(callShape(['Cast'], 3), { rowsMax: 3, multipleOf: 3 })
  assert.deepEqual(callShape(['Gemm'], 32), { rowsMax: 32, multipleOf: 32 })
  assert.deepEqual(callShape(['Gemm'], 3), { rowsMax: 1, multipleOf: 3 })
})

test('closing while a run is under way refuses the rest of it', async () => {
  const definition = onnxDefinition('row_mean')
  const runner = await openModel(definition.file, definition, FEATURES)
  const running = runner.run(new Float32Array(50 * 5), 50)
  await runner.close()
  await assert.rejects(running, (error: PrescoreError) => error.code === 'model_failed')
})

test('nothing is printed, whatever is wrong with a model', async () => {
  const program = `
    import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
    import { tmpdir } from 'node:os'
    import { openModel } from ${JSON.stringify(MODELS_URL)}
    const folder = mkdtempSync(tmpdir() + '/prescore-models-')
    const whole = readFileSync(${JSON.stringify(fixture('network.onnx'))})
    let refused = 0
    for (let at = 40; at < whole.length; at += 50) {
      const bytes = Buffer.from(whole)
      bytes[at] ^= 0x55
      writeFileSync(folder + '/bad.onnx', bytes)
      await openModel(folder + '/bad.onnx', ${JSON.stringify(onnxDefinition('network'))}, ${JSON.stringify(FEATURES)}).then(
        runner => runner.close(),
        error => { if (error.name !== 'PrescoreError') throw error; refused++ },
      )
    }
    const good = await openModel(${JSON.stringify(fixture('wrong_shape.onnx'))}, ${JSON.stringify(onnxDefinition('wrong_shape'))}, ${JSON.stringify(FEATURES)})
    await good.run(new Float32Array(5000), 1000)
    await good.close()
    rmSync(folder, { recursive: true })
    console.log(refused)
  `
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  assert.equal(stderr, '')
  assert.ok(Number(stdout) > 10, `only ${stdout} models were refused`)
})
