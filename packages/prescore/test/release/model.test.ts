/** What a release finds out about its model: what runs it, and whether it answers as it did where it was trained. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { promisify } from 'node:util'
import { contentHash, type ErrorCode, losslessJson, PrescoreError } from '../../src/base/index.ts'
import { openModel } from '../../src/models/index.ts'
import { loadProject } from '../../src/project/index.ts'
import { type Frozen, freezeRelease, loadRelease } from '../../src/release/index.ts'
import { AS_OF, CONFIG, changed, makeShop, removeShop } from '../batch/shop.ts'
import { stump } from '../models/trees/stump.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const FEATURES = ['orders', 'total', 'largest', 'hour']
const ROWS = [
  [3, 20, 9, 12],
  [0, 0, null, 12],
  [3, 20, 9, 18],
] as const

let folder: string

before(async () => {
  folder = await makeShop({ config: changed(CONFIG, "{ output: 'values[0]' }", "{ output: 'scores[0]' }") })
  // hour <= 15 gives [0.25, 1], else [0.75, 2].
  writeFileSync(join(folder, 'model.onnx'), stump(3, 15))
})
after(() => removeShop(folder))
beforeEach(() => rmSync(join(folder, 'model.expected.json'), { force: true }))

const TRUE_ANSWERS = [
  [0.25, 1],
  [0.25, 1],
  [0.75, 2],
]

function writeExpected(content: unknown): void {
  writeFileSync(join(folder, 'model.expected.json'), typeof content === 'string' ? content : JSON.stringify(content))
}

async function freeze(releases = 'releases'): Promise<Frozen> {
  return freezeRelease(await loadProject(folder), 'spend', join(folder, releases))
}

function refused(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof PrescoreError, String(error))
    assert.equal(error.code, code)
    assert.match(`${error.message} ${error.fix}`, words)
    return true
  }
}

test('a release says which runtime was chosen and why, and whoever opens its model by the definition gets that one', async () => {
  const { release } = await freeze()
  assert.equal(release.runtime.name, 'trees')
  assert.match(release.runtime.reason, /the bits of ONNX Runtime/)
  const loaded = await loadRelease(join(folder, 'releases'), release.hash)
  const model = loaded.project.predictions.spend?.model
  assert.equal(model?.runtime, 'trees')
  const runner = await openModel(loaded.modelFile, model, FEATURES)
  assert.deepEqual(runner.runNow?.(Float32Array.of(1, 2, 3, 18), 1), Float32Array.of(0.75))
})

test('a run of released trees loads nothing of ONNX Runtime', async () => {
  const hook =
    'export const resolve = (name, context, next) => { if (name.startsWith("onnxruntime")) throw new Error("loaded " + name); return next(name, context) }'
  const register = `import { register } from "node:module"; register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hook)}`)})`
  const prescore = (command: readonly string[], without: boolean) => {
    const options = without ? [`--import=data:text/javascript,${encodeURIComponent(register)}`] : []
    return promisify(execFile)(process.execPath, [...options, MAIN, ...command, '--json', '--project', folder], { env: process.env })
  }
  await assert.rejects(prescore(['release', 'spend'], true), (error: { stdout?: string }) =>
    /loaded onnxruntime-node/.test(error.stdout ?? ''),
  )
  await prescore(['release', 'spend'], false)
  const { stdout } = await prescore(['run', 'spend', '--as-of', AS_OF], true)
  assert.equal(JSON.parse(stdout).state, 'published')
})

test('the runtime is not in the hash: releases that differ in it alone are one release', async () => {
  const { release } = await freeze('chosen')
  const file = join(release.folder, 'release.json')
  const { digest: _, runtime, ...record } = JSON.parse(readFileSync(file, 'utf8'))
  assert.equal(runtime.name, 'trees')
  const other = { ...record, runtime: { name: 'onnx', reason: 'another machine' } }
  writeFileSync(file, losslessJson({ ...other, digest: contentHash(other) }))
  const again = await freeze('chosen')
  assert.deepEqual([again.created, again.release.hash, again.release.runtime.name], [false, release.hash, 'onnx'])
  assert.equal(again.release.project.predictions.spend?.model.runtime, 'onnx')
})

test('a release from before there was a choice runs with ONNX Runtime', async () => {
  const { release } = await freeze('before')
  const file = join(release.folder, 'release.json')
  const { digest: _, runtime: __, ...record } = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(file, losslessJson({ ...record, digest: contentHash(record) }))
  assert.equal((await loadRelease(join(folder, 'before'), release.hash)).runtime.name, 'onnx')
})

test('expected rows that agree are counted', async () => {
  writeExpected({ features: FEATURES, output: 'scores', framework: 'a pencil', tolerance: 0, rows: ROWS, expected: TRUE_ANSWERS })
  const { expected } = await freeze()
  assert.deepEqual(expected, { file: 'model.expected.json', framework: 'a pencil', count: 3, tolerance: 0, worst: 0 })
})

test('expected rows that do not agree are refused with the worst row, and nothing is frozen', async () => {
  const wrong = [
    [0.25, 1],
    [0.25, 1],
    [0.76, 2.5],
  ]
  writeExpected({ tolerance: 0.001, rows: ROWS, expected: wrong })
  await assert.rejects(
    freeze('never'),
    refused('expected_differ', /model\.expected\.json, row 2, value 1; found 2; 1 of 3 rows differ; expected 2\.5/),
  )
  assert.throws(() => readdirSync(join(folder, 'never')), /ENOENT/)
  writeExpected({ tolerance: 0.3, rows: ROWS, expected: wrong })
  assert.equal((await freeze()).expected?.count, 3)
})

test('a release that is there already is held to expected rows that came later', async () => {
  await freeze()
  writeExpected({ rows: [ROWS[0]], expected: [[0.5, 1]] })
  await assert.rejects(freeze(), refused('expected_differ', /row 0, value 0; found 0\.25/))
})

test('where only rows with something missing differ, it says what a converter lost', async () => {
  writeExpected({ rows: ROWS, expected: [TRUE_ANSWERS[0], [0.9, 1], TRUE_ANSWERS[2]] })
  await assert.rejects(freeze('never'), refused('expected_differ', /Only rows with something missing differ \(here: largest\)/))
})

test('an answer that is NaN where the model gives a number', async () => {
  writeExpected({ rows: [ROWS[0]], expected: [[null, 1]] })
  await assert.rejects(freeze('never'), refused('expected_differ', /expected NaN/))
})

const UNFIT: Readonly<Record<string, readonly [content: unknown, words: RegExp]>> = {
  'no JSON': ['{"rows"', /found .*JSON/],
  'no object': ['[]', /no JSON object/],
  'other features': [
    { features: ['orders', 'total', 'hour', 'largest'], rows: ROWS, expected: TRUE_ANSWERS },
    /`hour` as feature 3; expected `largest`/,
  ],
  'too few features': [{ features: ['orders'], rows: ROWS, expected: TRUE_ANSWERS }, /none as feature 2; expected `total`/],
  'rows too short': [{ rows: [[1, 2, 3]], expected: [[1, 2]] }, /`rows`, row 0; found \[1,2,3\]; expected 4 numbers/],
  'text in a row': [{ rows: [[1, 2, 3, '4']], expected: [[1, 2]] }, /`rows`, row 0/],
  'no rows': [{ rows: [], expected: [] }, /`rows`; found no rows/],
  'no answers': [{ rows: ROWS }, /`expected`; found no rows/],
  'answers for other rows': [{ rows: ROWS, expected: [[0.25, 1]] }, /3 rows and 1 answers/],
  'answers of another width': [{ rows: ROWS, expected: [1, 2, 3] }, /found 1 values a row; expected 2/],
  'a negative tolerance': [{ rows: ROWS, expected: TRUE_ANSWERS, tolerance: -1 }, /`tolerance`; found -1/],
  'an output that is no name': [{ rows: ROWS, expected: TRUE_ANSWERS, output: 1 }, /`output`; found 1/],
}

for (const [name, [content, words]] of Object.entries(UNFIT)) {
  test(`expected rows that do not fit: ${name}`, async () => {
    writeExpected(content)
    await assert.rejects(freeze('never'), refused('expected_rows', words))
  })
}
