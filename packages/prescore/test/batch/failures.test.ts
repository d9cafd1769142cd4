/** Workers that die, signals, and files of a run that are damaged: said clearly, nothing published, and mended by repeating. */
import assert from 'node:assert/strict'
import { appendFileSync, copyFileSync, cpSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import type { RunProgress } from '../../src/batch/index.ts'
import { assertAnswers, doneFile, inShop, type OpenShop, refused } from './harness.ts'
import { CONFIG, changed, expectedAnswers, makeShop, removeShop, shopOrders, writeOrders } from './shop.ts'

let folder: string

beforeEach(async () => {
  folder = await makeShop()
})
afterEach(() => removeShop(folder))

for (const event of ['planned', 'rows', 'gates'] as const) {
  test(`interrupted at "${event}": nothing is published, and the same run goes on`, () =>
    inShop(folder, async shop => {
      const controller = new AbortController()
      const onProgress = (progress: RunProgress) => progress.event === event && controller.abort()
      await assert.rejects(shop.run({ shards: 3, signal: controller.signal, onProgress }), refused('interrupted'))
      assert.equal(shop.app.store().catalog.pointer('spend'), undefined)
      const { run, state } = await shop.run()
      assert.equal(state, 'published')
      assertAnswers(shop, run, expectedAnswers())
    }))
}

test('interrupted before it begins: not even planned', () =>
  inShop(folder, async ({ app, run }) => {
    await assert.rejects(run({ signal: AbortSignal.abort() }), refused('interrupted'))
    assert.deepEqual(app.store().catalog.listRuns(), [])
  }))

/** A state with a run whose shards are done, but which nobody has put together yet: its catalog is lost. */
let done: { readonly folder: string; readonly run: string }

before(async () => {
  const shop = await makeShop()
  const { run } = await inShop(shop, each => each.run({ shards: 2, publish: 'never' }))
  rmSync(join(shop, '.prescore/store'), { recursive: true })
  done = { folder: shop, run }
})
after(() => removeShop(done.folder))

/** Over a copy of that state. */
async function inDoneRun(use: (shop: OpenShop, run: string) => Promise<void>): Promise<void> {
  const state = join(done.folder, `copy${copies++}`)
  cpSync(join(done.folder, '.prescore'), state, { recursive: true })
  await inShop(done.folder, shop => use(shop, done.run), { state })
}
let copies = 0

const scored = ({ app }: OpenShop, run: string) => {
  const { file } = JSON.parse(readFileSync(join(app.runs, run, 'score/1/DONE'), 'utf8')) as { file: string }
  return join(app.runs, run, 'score/1', file)
}
const featured = ({ app }: OpenShop, run: string) => {
  const { files } = JSON.parse(readFileSync(join(app.runs, run, 'features/1/DONE'), 'utf8')) as { files: { own: { file: string } } }
  return join(app.runs, run, 'features/1', files.own.file)
}
const population = ({ app }: OpenShop, run: string) => {
  const { population } = JSON.parse(readFileSync(join(app.runs, run, 'plan.json'), 'utf8')) as { population: { file: string } }
  return join(app.runs, run, population.file)
}

const DAMAGE: Readonly<Record<string, readonly [RegExp, (shop: OpenShop, run: string) => void]>> = {
  'a score file cut short': [/score.1/, (shop, run) => truncateSync(scored(shop, run), 300)],
  'a score file that is gone': [/score.1/, (shop, run) => rmSync(scored(shop, run))],
  'the score file of another shard': [
    /out of order.*digest/,
    (shop, run) => copyFileSync(otherFile(shop, run, 'score'), scored(shop, run)),
  ],
  'a DONE that is not JSON': [/score.1.DONE/, (shop, run) => appendFileSync(doneFile(shop, run, 'score', 1), '}')],
  'a features file cut short': [/features.1/, (shop, run) => truncateSync(featured(shop, run), 100)],
  'the features file of another part': [
    /features of own.*keys/,
    (shop, run) => copyFileSync(otherFile(shop, run, 'features'), featured(shop, run)),
  ],
  'a population cut short': [/population/, (shop, run) => truncateSync(population(shop, run), 100)],
}

function otherFile({ app }: OpenShop, run: string, stage: 'features' | 'score'): string {
  const folder = join(app.runs, run, stage, '0')
  return join(folder, readdirSync(folder).find(file => file.endsWith('.parquet')) as string)
}

for (const [name, [words, damage]] of Object.entries(DAMAGE)) {
  test(`noticed: ${name}`, () =>
    inDoneRun(async (shop, run) => {
      damage(shop, run)
      // What stage 2 reads is looked at when a shard of it is computed.
      if (!name.includes('score') && !name.includes('DONE')) rmSync(doneFile(shop, run, 'score', 0))
      await assert.rejects(shop.run(), refused('run_corrupt', words))
      assert.equal(shop.app.store().catalog.pointer('spend'), undefined)
    }))
}

test('the remedy for a damaged run: its folder is removed, and the command repeated', () =>
  inDoneRun(async (shop, run) => {
    truncateSync(scored(shop, run), 300)
    await assert.rejects(shop.run(), refused('run_corrupt', /Remove the folder of the run/))
    rmSync(join(shop.app.runs, run), { recursive: true })
    assert.equal((await shop.run()).run, run)
    assertAnswers(shop, run, expectedAnswers())
  }))

test('a plan of a newer version', () =>
  inDoneRun(async (shop, run) => {
    const file = join(shop.app.runs, run, 'plan.json')
    writeFileSync(file, changed(readFileSync(file, 'utf8'), '"format": 1', '"format": 3'))
    await assert.rejects(shop.run(), refused('store_format', /plan format 3/))
  }))

test('a release that is damaged between plan and shards', () =>
  inShop(folder, async shop => {
    const damage = (progress: RunProgress) =>
      progress.event === 'planned' && truncateSync(join(shop.app.releases, readdirSync(shop.app.releases)[0] as string, 'model.onnx'), 10)
    await assert.rejects(shop.run({ onProgress: damage }), refused('release_corrupt', /model\.onnx/))
  }))

test('a function that fails on some row fails the run, and says so', async () => {
  const failing = changed(CONFIG, 'amount === undefined ? undefined : amount / 2', '(amount as never as { at: { b: number } }).at.b')
  writeFileSync(join(folder, 'prescore.config.ts'), failing)
  await writeOrders(folder, shopOrders().slice(0, 10))
  await inShop(folder, async ({ run }) => assert.rejects(run(), refused('function_failed', /orders\.derive\.net/)))
})
