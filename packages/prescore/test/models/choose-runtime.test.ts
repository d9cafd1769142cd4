import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { chooseRuntime } from '../../src/models/choose-runtime.ts'
import { FEATURES, fixture, onnxDefinition } from './fixtures.ts'
import { TREE_FEATURES, treeDefinition } from './trees/corpus.ts'

const SERVING_URL = new URL('../../src/models/index.ts', import.meta.url).href

test('trees are chosen where they give the bits of ONNX Runtime, with how many rows were tried', async () => {
  const definition = treeDefinition('xgboost_classes')
  const recorded = Float64Array.from({ length: TREE_FEATURES.length * 3 }, (_, i) => i)
  const { name, reason } = await chooseRuntime(definition.file, definition, TREE_FEATURES, recorded)
  assert.equal(name, 'trees')
  assert.match(reason, /10,003 rows/)
})

test('ONNX Runtime is chosen for everything else, and it says why', async () => {
  const poisson = treeDefinition('lightgbm_poisson')
  const left = await chooseRuntime(poisson.file, poisson, TREE_FEATURES, new Float64Array(0))
  assert.equal(left.name, 'onnx')
  assert.match(left.reason, /the operator Exp behind the trees/)
  const network = onnxDefinition('network', 'probabilities')
  assert.match((await chooseRuntime(network.file, network, FEATURES, new Float64Array(0))).reason, /no trees/)
})

test('serving trees loads nothing of ONNX Runtime', async () => {
  const program = `
    import { register } from 'node:module'
    const refuse = 'export const resolve = (name, context, next) => { if (name.startsWith("onnxruntime")) throw new Error("loaded " + name); return next(name, context) }'
    register('data:text/javascript,' + encodeURIComponent(refuse))
    const { serveModel } = await import(${JSON.stringify(SERVING_URL)})
    const file = ${JSON.stringify(fixture('lightgbm.onnx'))}
    const model = await serveModel(file, { runtime: 'trees', file, output: 'probabilities', index: 1 }, ${JSON.stringify(FEATURES)})
    const values = model.score(new Float32Array(${FEATURES.length}))
    console.log(model.stats.place, values instanceof Float32Array, values.length)
    await model.close()
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  assert.equal(stdout.trim(), 'inline true 1')
})
