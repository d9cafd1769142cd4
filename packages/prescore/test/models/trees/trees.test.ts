/** The tree runtime has the bits of ONNX Runtime with one thread, on every model that it takes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../../src/base/index.ts'
import type { Matrix, ModelRunner } from '../../../src/models/runtime.ts'
import { RUNTIMES } from '../../../src/models/runtimes/index.ts'
import { loadTrees } from '../../../src/models/runtimes/trees.ts'
import { expFloat } from '../../../src/models/trees/exp.ts'
import { trialRows } from '../../../src/models/trees/trial-rows.ts'
import type { ModelDefinition } from '../../../src/project/index.ts'
import { testRuntime } from '../../conformance/runtime.ts'
import { fixture, onnxDefinition } from '../fixtures.ts'
import { TREE_FEATURES, TREE_MODELS, treeCases, treeDefinition } from './corpus.ts'
import { RANDOM_FEATURES, randomEnsemble } from './random-ensemble.ts'
import { type AttributeValue, writeOnnx } from './write-onnx.ts'

const ROWS = process.env.PRESCORE_FULL === undefined ? 2_000 : 200_000
const RUNS = process.env.PRESCORE_FULL === undefined ? 150 : 5_000

/** What the tree runtime leaves to ONNX Runtime, and what it says about it. */
const LEFT: Readonly<Record<string, RegExp>> = {
  lightgbm_forest: /the operator \w+ behind the trees/,
  lightgbm_poisson: /the operator Exp behind the trees/,
  probit: /the transform PROBIT/,
  minimum: /the aggregate function MIN/,
  binary_second: /two classes/,
  binary_two_bases: /two classes/,
}

const folder = mkdtempSync(join(tmpdir(), 'prescore-trees-'))
after(() => rmSync(folder, { recursive: true }))

testRuntime('trees', {
  runtime: RUNTIMES.trees,
  cases: treeCases().filter(({ name }) => LEFT[name] === undefined),
  broken: [fixture('expected.json'), fixture('no-such.onnx'), fixture('weights_outside.onnx')],
})

/** Where they differ, or why the tree runtime does not take the model. @throws what ONNX Runtime throws */
async function compare(definition: ModelDefinition, features: readonly string[], rows: number): Promise<'left' | 'same'> {
  const onnx = await RUNTIMES.onnx.open(definition.file, definition, features)
  try {
    const loaded = await loadTrees(definition.file, definition, features).catch((error: PrescoreError) => error)
    if (loaded instanceof Error) {
      assert.equal(loaded.code, 'not_supported', loaded.message)
      return 'left'
    }
    const trees = await RUNTIMES.trees.open(definition.file, definition, features)
    assert.deepEqual([trees.inputType, trees.outputType, trees.width], [onnx.inputType, onnx.outputType, onnx.width])
    const matrix = trialRows(loaded.ensemble.thresholds, features.length, trees.inputType, rows)
    const [expected, found] = await Promise.all([onnx.run(matrix, rows), trees.run(matrix, rows)])
    assert.equal(found.length, expected.length)
    const at = expected.findIndex((value, i) => !Object.is(value, found[i]))
    assert.ok(at === -1, `value ${at}: ${found[at]}, ONNX Runtime ${expected[at]}`)
    return 'same'
  } finally {
    await onnx.close()
  }
}

test('there are models of every kind', () => assert.ok(TREE_MODELS.length >= 45, `${TREE_MODELS.length}`))

for (const name of TREE_MODELS) {
  const reason = LEFT[name]
  test(reason === undefined ? `${name}: the bits of ONNX Runtime` : `${name}: left to ONNX Runtime`, async () => {
    const definition = treeDefinition(name)
    assert.equal(await compare(definition, TREE_FEATURES, ROWS), reason === undefined ? 'same' : 'left')
    if (reason !== undefined) await assert.rejects(loadTrees(definition.file, definition, TREE_FEATURES), reason)
  })
}

test('models that are no trees, or take an input for each feature, are left to ONNX Runtime', async () => {
  const refused = (pattern: RegExp) => (error: unknown) =>
    error instanceof PrescoreError && error.code === 'not_supported' && pattern.test(error.message)
  const linear = onnxDefinition('linear')
  await assert.rejects(loadTrees(linear.file, linear, TREE_FEATURES.slice(0, 5)), refused(/no trees/))
  const columns = onnxDefinition('double_columns', 'y')
  await assert.rejects(loadTrees(columns.file, columns, ['hour', 'distance']), refused(/an input for each feature/))
})

const ints = (...values: number[]) => ({ ints: values })
/** One node that splits, and two leaves; each case replaces attributes with such as are no tree. */
const STUMP = {
  n_targets: 1,
  nodes_treeids: ints(0, 0, 0),
  nodes_nodeids: ints(0, 1, 2),
  nodes_featureids: ints(0, 0, 0),
  nodes_modes: ['BRANCH_LT', 'LEAF', 'LEAF'],
  nodes_values: { floats: [1, 0, 0] },
  nodes_truenodeids: ints(1, 0, 0),
  nodes_falsenodeids: ints(2, 0, 0),
  target_treeids: ints(0, 0),
  target_nodeids: ints(1, 2),
  target_ids: ints(0, 0),
  target_weights: { floats: [1, 2] },
}
const NO_TREES: Readonly<Record<string, readonly [RegExp, Readonly<Record<string, AttributeValue>>]>> = {
  'a circle': [
    /a circle/,
    { nodes_modes: ['BRANCH_LT', 'BRANCH_LT', 'LEAF'], nodes_truenodeids: ints(1, 0, 0), nodes_falsenodeids: ints(2, 2, 0) },
  ],
  'a child that is not there': [/not there/, { nodes_falsenodeids: ints(7, 0, 0) }],
  'two nodes of one number': [/two nodes/, { nodes_nodeids: ints(0, 1, 1) }],
  'a tree in two pieces': [/stand together/, { nodes_treeids: ints(0, 1, 0) }],
  'a leaf without a weight': [/without a weight/, { target_nodeids: ints(1, 1) }],
  'a weight of a target that is not there': [/target 5/, { target_ids: ints(0, 5) }],
  'a threshold that is NaN': [/NaN/, { nodes_values: { floats: [Number.NaN, 0, 0] } }],
  'a feature that is not there': [/feature 5 of 5/, { nodes_featureids: ints(5, 0, 0) }],
  'lists of unequal length': [/unequal length/, { nodes_values: { floats: [1, 0] } }],
  'a mode that nobody knows': [/mode BRANCH_MEMBER/, { nodes_modes: ['BRANCH_MEMBER', 'LEAF', 'LEAF'] }],
  'no targets': [/0 targets/, { n_targets: 0 }],
}

for (const [name, [words, attributes]] of Object.entries(NO_TREES)) {
  test(`left to ONNX Runtime, which may refuse it: ${name}`, async () => {
    const file = join(folder, 'none.onnx')
    const write = (more: Readonly<Record<string, AttributeValue>>) =>
      writeFileSync(
        file,
        writeOnnx({ kind: 'TreeEnsembleRegressor', attributes: { ...STUMP, ...more }, features: RANDOM_FEATURES, outputs: 1 }),
      )
    const features = Array.from({ length: RANDOM_FEATURES }, (_, i) => `f${i}`)
    const load = () => loadTrees(file, { runtime: 'onnx', file, output: 'scores' }, features)
    write({})
    await load()
    write(attributes)
    await assert.rejects(
      load(),
      (error: unknown) => error instanceof PrescoreError && error.code === 'not_supported' && words.test(error.message),
    )
  })
}

test('made-up ensembles: every mode, transform, base value and shape of tree', async t => {
  const counts = { left: 0, same: 0, refused: 0 }
  let number = 0
  await fc.assert(
    fc.asyncProperty(randomEnsemble, async ensemble => {
      const file = join(folder, `${number++}.onnx`)
      writeFileSync(file, writeOnnx(ensemble))
      const definition: ModelDefinition = { runtime: 'onnx', file, output: 'scores' }
      const features = Array.from({ length: RANDOM_FEATURES }, (_, i) => `f${i}`)
      const found = await compare(definition, features, 300).catch((error: unknown) => {
        if (error instanceof PrescoreError && ['model_unreadable', 'model_mismatch'].includes(error.code)) return 'refused' as const
        throw error
      })
      counts[found]++
      rmSync(file)
    }),
    { numRuns: RUNS },
  )
  t.diagnostic(`${counts.same} of the same bits, ${counts.left} left to ONNX Runtime, ${counts.refused} refused by it`)
  assert.ok(counts.same > RUNS / 2, 'most are run')
})

function now(runner: ModelRunner, matrix: Matrix, rows: number): Matrix {
  assert.ok(runner.runNow !== undefined)
  return runner.runNow(matrix, rows)
}

test('a row has the same bits in calls of any number of rows, and at any place of them', async () => {
  for (const name of ['lightgbm_binary', 'forest_classes', 'gradient_regression_double']) {
    const definition = treeDefinition(name)
    const { ensemble } = await loadTrees(definition.file, definition, TREE_FEATURES)
    const runner = await RUNTIMES.trees.open(definition.file, definition, TREE_FEATURES)
    const most = 150
    const [features, width] = [TREE_FEATURES.length, runner.width]
    const matrix = trialRows(ensemble.thresholds, features, runner.inputType, most)
    const alone = Array.from({ length: most }, (_, row) => [...now(runner, matrix.slice(row * features, (row + 1) * features), 1)])
    for (let rows = 1; rows <= most; rows++) {
      const from = (rows * 7) % (most - rows + 1)
      const found = now(runner, matrix.slice(from * features, (from + rows) * features), rows)
      assert.deepEqual([...found], alone.slice(from, from + rows).flat(), `${name}: ${rows} rows from row ${from}`)
      assert.equal(found.length, rows * width)
    }
  }
})

test('expf has the bits of glibc', () => {
  const known = [
    [0, 1],
    [-0, 1],
    [1, 2.7182817459106445],
    [-1, 0.3678794503211975],
    [88.72283172607422, 3.402798519021476e38],
    [-87.33654022216797, 1.175499675756452e-38],
    [-103, 1.401298464324817e-45],
    [-103.9000015258789, 1.401298464324817e-45],
    [-104.5, 0],
    [1.0005271035279194e-42, 1],
    [89.5, Number.POSITIVE_INFINITY],
    [7.374101638793945, 1594.1590576171875],
    [14.507219314575195, 1997125.25],
    [17.71161460876465, 49210356],
    [26.547016143798828, 338238177280],
    [-28.259685516357422, 5.333035987646617e-13],
    [-2.06264066696167, 0.12711785733699799],
    [Number.NaN, Number.NaN],
    [Number.NEGATIVE_INFINITY, 0],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ] as const
  for (const [x, value] of known) assert.ok(Object.is(expFloat(x), value), `e^${x}: ${expFloat(x)}, glibc ${value}`)
})
