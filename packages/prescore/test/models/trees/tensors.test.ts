/** Tree ensembles served with their own tensors: scores and labels have the bits of ONNX Runtime, or are left to it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../../src/base/index.ts'
import { openTensorModel, type Tensor, type TensorModel } from '../../../src/models/index.ts'
import { loadTrees } from '../../../src/models/runtimes/trees.ts'
import { trialRows } from '../../../src/models/trees/trial-rows.ts'
import type { ModelDefinition } from '../../../src/project/index.ts'
import { TREE_FEATURES, TREE_MODELS, treeDefinition } from './corpus.ts'
import { RANDOM_FEATURES, randomEnsemble } from './random-ensemble.ts'
import { writeOnnx } from './write-onnx.ts'

const rejects = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code

const RUNS = process.env.PRESCORE_FULL === undefined ? 150 : 5_000
const folder = mkdtempSync(join(tmpdir(), 'prescore-trees-'))
after(() => rmSync(folder, { recursive: true }))

/** Whether it was left to ONNX Runtime. @throws AssertionError where the outputs differ, and what ONNX Runtime throws */
async function compare({ file, ...definition }: ModelDefinition, features: readonly string[], rows: number): Promise<'left' | 'same'> {
  const [onnx, trees] = [await openTensorModel(file), await openTensorModel(file, 'trees')]
  try {
    assert.deepEqual([trees.inputs, trees.outputs], [onnx.inputs, onnx.outputs])
    if (trees.constructor === onnx.constructor) return 'left'
    const { ensemble } = await loadTrees(file, { ...definition, file }, features)
    const [input] = onnx.inputs
    assert.ok(input?.type === 'float32' || input?.type === 'float64')
    const data = trialRows(ensemble.thresholds, features.length, input.type, rows)
    const tensor: Tensor = { type: input.type, shape: [rows, features.length], data }
    const names = onnx.outputs.map(({ name }) => name)
    const [expected, found] = await Promise.all([outputsOf(onnx, tensor, names), outputsOf(trees, tensor, names)])
    assert.deepEqual(found, expected)
    return 'same'
  } finally {
    await Promise.all([onnx.close(), trees.close()])
  }
}

async function outputsOf(model: TensorModel, tensor: Tensor, names: readonly string[]): Promise<readonly unknown[]> {
  const outputs = await model.run(new Map([[model.inputs[0]?.name as string, tensor]]), names)
  return [...outputs].map(([name, { type, shape, data }]) => [name, type, [...shape], data])
}

for (const name of TREE_MODELS) {
  test(name, async () => {
    const found = await compare(treeDefinition(name), TREE_FEATURES, 2_000)
    if (/^(lightgbm_binary|xgboost|gradient|histogram|forest_(classes|binary))/.test(name)) assert.equal(found, 'same')
  })
}

test('made-up ensembles', async t => {
  const counts = { left: 0, same: 0, refused: 0 }
  let number = 0
  await fc.assert(
    fc.asyncProperty(randomEnsemble, async ensemble => {
      const file = join(folder, `${number++}.onnx`)
      writeFileSync(file, writeOnnx(ensemble))
      const features = Array.from({ length: RANDOM_FEATURES }, (_, i) => `f${i}`)
      const found = await compare({ runtime: 'onnx', file, output: 'scores' }, features, 300).catch((error: unknown) => {
        if (error instanceof PrescoreError && error.code === 'model_unreadable') return 'refused' as const
        throw error
      })
      counts[found]++
      rmSync(file)
    }),
    { numRuns: RUNS },
  )
  t.diagnostic(`${counts.same} of the same outputs, ${counts.left} left to ONNX Runtime, ${counts.refused} refused by it`)
  assert.ok(counts.same > RUNS / 3, 'many are run')
})

test('tensors that do not fit are refused as ONNX Runtime refuses them', async () => {
  const { file } = treeDefinition('lightgbm_binary')
  const [onnx, trees] = [await openTensorModel(file), await openTensorModel(file, 'trees')]
  const [name, width] = [trees.inputs[0]?.name as string, TREE_FEATURES.length]
  const tensors: readonly Tensor[] = [
    { type: 'float64', shape: [1, width], data: new Float64Array(width) },
    { type: 'float32', shape: [1, width + 1], data: new Float32Array(width + 1) },
    { type: 'float32', shape: [1, 1, width], data: new Float32Array(width) },
  ]
  for (const model of [onnx, trees]) {
    for (const tensor of tensors) await assert.rejects(model.run(new Map([[name, tensor]]), ['label']), rejects('invalid_input'))
    await model.close()
    await assert.rejects(model.run(new Map([[name, tensors[0] as Tensor]]), ['label']), rejects('model_failed'))
  }
})

test('no rows, and more rows than are scored at once', async () => {
  for (const rows of [0, 1, 2_500]) assert.equal(await compare(treeDefinition('lightgbm_classes'), TREE_FEATURES, rows), 'same')
})
