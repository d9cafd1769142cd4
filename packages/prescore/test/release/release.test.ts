/** Freezing and loading: what is refused, what is noticed, and many processes at once. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { type ErrorCode, PrescoreError, type Problem } from '../../src/base/index.ts'
import { loadProject } from '../../src/project/index.ts'
import { type Frozen, freezeRelease, loadRelease } from '../../src/release/index.ts'
import { CONFIG, changed, makeShop, putModel, removeShop } from '../batch/shop.ts'
import { fixture } from '../models/fixtures.ts'

let folder: string
let variants = 0

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

async function freeze(config: string): Promise<Frozen> {
  const file = join(folder, `project${variants++}.ts`)
  writeFileSync(file, config)
  return freezeRelease(await loadProject(file), 'spend', join(folder, 'releases'))
}

function refused(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof PrescoreError, String(error))
    assert.equal(error.code, code)
    assert.match(`${error.message} ${error.fix}`, words)
    return true
  }
}

function withProblem(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof PrescoreError && error.code === 'project_invalid', String(error))
    const texts = (error.details.problems ?? []).filter(each => each.code === code).map(problemText)
    assert.ok(
      texts.some(text => words.test(text)),
      texts.join('\n'),
    )
    return true
  }
}

const problemText = ({ where, found, expected }: Problem) => `${where}: found ${found}, expected ${expected}`

test('a release is frozen once, with the model, the record and the project beside each other', async () => {
  const first = await freeze(CONFIG)
  const second = await freeze(CONFIG)
  assert.deepEqual([first.created, second.created], [true, false])
  assert.deepEqual(readdirSync(first.release.folder).sort(), ['model.onnx', 'project.mjs', 'release.json'])
  assert.deepEqual(readFileSync(first.release.modelFile), readFileSync(join(folder, 'model.onnx')))
  const archived = readFileSync(join(first.release.folder, 'project.mjs'), 'utf8')
  assert.match(archived, /defineProject\(/)
  assert.ok(!archived.includes(folder))
})

test('a prediction that is not declared', async () => {
  const loaded = await loadProject(folder)
  for (const name of ['spent', 'constructor']) {
    await assert.rejects(freezeRelease(loaded, name, join(folder, 'releases')), refused('unknown_prediction', /spend/))
  }
})

test('several processes freeze at once: one creates, all have the same whole release', async () => {
  const state = join(folder, 'together')
  const main = join(import.meta.dirname, '../../src/cli/main.ts')
  const freezeOnce = async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      'release',
      'spend',
      '--json',
      '--project',
      folder,
      '--state',
      state,
    ])
    return JSON.parse(stdout) as { release: string; created: boolean }
  }
  const results = await Promise.all([freezeOnce(), freezeOnce(), freezeOnce()])
  assert.equal(new Set(results.map(({ release }) => release)).size, 1)
  assert.ok(results.some(({ created }) => created))
  assert.deepEqual(readdirSync(join(state, 'releases')), [results[0]?.release])
  await loadRelease(join(state, 'releases'), results[0]?.release as string)
})

test('many calls at once in one process: exactly one creates', async () => {
  const loaded = await loadProject(folder)
  const all = await Promise.all(Array.from({ length: 8 }, () => freezeRelease(loaded, 'spend', join(folder, 'crowded'))))
  assert.equal(all.filter(({ created }) => created).length, 1)
  assert.equal(readdirSync(join(folder, 'crowded')).length, 1)
})

/** Each damage is done to a copy of a whole release; loading it, and freezing it again, must notice. */
const DAMAGE: Readonly<Record<string, readonly [ErrorCode, RegExp, (release: string) => void]>> = {
  'a model cut short': ['release_corrupt', /model\.onnx.*100 bytes/, release => truncateSync(join(release, 'model.onnx'), 100)],
  'another model': ['release_corrupt', /model\.onnx.*other content/, release => putModel(release, 'weighted_other')],
  'a model with a byte more': ['release_corrupt', /model\.onnx/, release => appendFileSync(join(release, 'model.onnx'), '\0')],
  'no model': ['release_corrupt', /model\.onnx/, release => rmSync(join(release, 'model.onnx'))],
  'no record': ['release_corrupt', /release\.json/, release => rmSync(join(release, 'release.json'))],
  'a record cut short': ['release_corrupt', /release\.json/, release => truncateSync(join(release, 'release.json'), 1000)],
  'an empty record': ['release_corrupt', /release\.json/, release => writeFileSync(join(release, 'release.json'), 'null')],
  'an edited window': ['release_corrupt', /was changed/, release => edit(release, '604800000000', '604800000001')],
  'an edited policy': ['release_corrupt', /was changed/, release => edit(release, '86400000000', '86400000001')],
  'an edited hash': ['release_corrupt', /was changed/, release => edit(release, '"hash": "', '"hash": "0')],
  'a newer format': ['store_format', /format 2/, release => edit(release, '"format": 1', '"format": 2')],
}

function edit(release: string, from: string, to: string): void {
  const file = join(release, 'release.json')
  writeFileSync(file, changed(readFileSync(file, 'utf8'), from, to))
}

for (const [name, [code, words, damage]] of Object.entries(DAMAGE)) {
  test(`noticed: ${name}`, async () => {
    const { release } = await freeze(CONFIG)
    const damaged = join(folder, `damaged${variants++}`)
    cpSync(release.folder, join(damaged, release.hash), { recursive: true })
    damage(join(damaged, release.hash))
    await assert.rejects(loadRelease(damaged, release.hash), refused(code, words))
    await assert.rejects(freezeRelease(await loadProject(folder), 'spend', damaged), refused(code, words))
  })
}

test('a release under the name of another', async () => {
  const { release } = await freeze(CONFIG)
  cpSync(release.folder, join(folder, 'releases', 'f'.repeat(64)), { recursive: true })
  await assert.rejects(loadRelease(join(folder, 'releases'), 'f'.repeat(64)), refused('release_corrupt', /f{64}/))
  await assert.rejects(loadRelease(join(folder, 'releases'), 'e'.repeat(64)), refused('release_not_found', /e{64}/))
})

const REFUSED: Readonly<Record<string, readonly [from: string, to: string, ErrorCode, RegExp]>> = {
  'more features than the model takes': [
    'features: s => ({',
    'features: s => ({ more: s.asOf.dayOfWeek(),',
    'model_mismatch',
    /input `features`.*4 values.*5/,
  ],
  'fewer features than the model takes': [', hour: s.asOf.hourOfDay() }', ' }', 'model_mismatch', /input `features`.*4 values.*3/],
  'an output that the model has not': ['values[0]', 'value[0]', 'model_output', /`value`/],
  'an element that the output has not': ['values[0]', 'values[2]', 'model_output', /\[2\]/],
  'a feature that is not a number': [
    '({ orders: s.join.own.orders',
    '({ orders: s.key.customer as never',
    'non_numeric_feature',
    /features\.orders.*string/,
  ],
  'no model': ['model.onnx', 'missing.onnx', 'model_unreadable', /missing\.onnx/],
  'a function that is not pure': ['amount / 2', 'amount / Math.random()', 'impure_function', /random/],
}

for (const [name, [from, to, code, words]] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, async () => {
    await assert.rejects(freeze(changed(CONFIG, from, to)), withProblem(code, words))
    assert.ok(!existsSync(join(folder, 'releases')) || readdirSync(join(folder, 'releases')).every(file => !file.startsWith('freezing')))
  })
}

test('refused: one input for each feature, and a feature without one', async () => {
  copyFileSync(fixture('columns.onnx'), join(folder, 'columns.onnx'))
  const config = changed(changed(CONFIG, 'model.onnx', 'columns.onnx'), "{ output: 'values[0]' }", '{}')
  await assert.rejects(freeze(config), withProblem('model_mismatch', /feature `orders`/))
  await assert.rejects(freeze(config), withProblem('model_mismatch', /input `distance`/))
})

test('a model that was trained on other features: a warning, or refused where names differ', async () => {
  copyFileSync(fixture('lightgbm.onnx'), join(folder, 'trained.onnx'))
  const named =
    'hour: s.asOf.hourOfDay(), distance: s.join.own.largest, flights_7d: s.join.own.orders, delay_mean_7d: s.join.own.total, share_late_7d: s.join.own.total'
  const features = 'orders: s.join.own.orders, total: s.join.own.total, largest: s.join.own.largest, hour: s.asOf.hourOfDay()'
  const config = changed(changed(changed(CONFIG, features, named), 'model.onnx', 'trained.onnx'), 'values[0]', 'probabilities[1]')
  const { created, warnings } = await freeze(config)
  assert.equal(created, true)
  assert.deepEqual(
    warnings.map(({ code, severity }) => [code, severity]),
    [['model_mismatch', 'warning']],
  )
  assert.match(warnings.map(problemText).join(), /feature_hash/)
  await assert.rejects(freeze(changed(config, 'flights_7d:', 'flights:')), withProblem('model_mismatch', /`flights_7d`.*`flights`/))
})

test('refused: a project file that cannot be bundled, naming the line', async () => {
  const loaded = await loadProject(folder)
  const file = join(folder, 'torn.ts')
  writeFileSync(file, 'export default {\n  a: 1,,\n}\n')
  await assert.rejects(freezeRelease({ ...loaded, file }, 'spend', join(folder, 'never')), refused('project_invalid', /torn\.ts, line 2/))
  assert.ok(!existsSync(join(folder, 'never')))
})
