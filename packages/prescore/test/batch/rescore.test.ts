/** Rescoring an earlier run: what is computed and what is taken over, what it goes on from, and what it refuses. */
import assert from 'node:assert/strict'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { diffRuns, inspectRun, pruneRuns, type RunOutcome, runShards } from '../../src/batch/index.ts'
import { encodeKey } from '../../src/project/index.ts'
import { assertAnswers, doneFile, inShop, type OpenShop, refused } from './harness.ts'
import {
  AS_OF_US,
  CONFIG,
  changed,
  expectedAnswers,
  makeShop,
  removeShop,
  shopCustomers,
  shopOrders,
  writeCustomers,
  writeOrders,
} from './shop.ts'
import { BROKEN, MENDED, makeStock, rowsOf, STOCK_CONFIG, type Stock, undisturbed, writeStock } from './stock.ts'

const DAY_US = 86_400_000_000
const folders: string[] = []
after(() => folders.forEach(removeShop))

async function makeItems(stock: Stock): Promise<string> {
  const folder = await makeStock(stock)
  folders.push(folder)
  return folder
}

/** A shop whose run of all keys has rejected some, and whose sources were mended since. */
async function brokenShop(use: (shop: OpenShop, earlier: RunOutcome) => Promise<void>): Promise<void> {
  const folder = await makeItems(BROKEN)
  await inShop(folder, async shop => {
    const earlier = await shop.run({ shards: 2 })
    assert.deepEqual([earlier.report.ok, earlier.report.rejected], [2, { model_failed: 1, value_not_finite: 1, invalid_input: 1 }])
    await writeStock(folder, MENDED)
    await use(shop, earlier)
  })
}

test('where only what failed was mended, it is the undisturbed run, bit for bit: digest, counts, summaries, stored bytes', () =>
  brokenShop(async (shop, earlier) => {
    const { outcome: whole } = await undisturbed(shop.folder, 'undisturbed')
    const outcome = await shop.run({ rescore: { run: earlier.run }, shards: 3 })
    assert.deepEqual([outcome.state, outcome.release], ['published', earlier.release])
    const { seconds, took, gates, rescored, ...facts } = outcome.report
    const { seconds: _, took: __, gates: ___, ...expected } = whole.report
    assert.deepEqual(facts, expected)
    assert.deepEqual(rescored, { run: earlier.run, only: ['failed', 'missing'], rows: { failed: 3, missing: 1, taken: 2 } })
    await inShop(
      shop.folder,
      async other => {
        for (const item of [1, 2, 3, 4, 5, 6])
          assert.deepEqual(entryOf(shop, outcome.run, item), entryOf(other, whole.run, item), String(item))
      },
      { state: join(shop.folder, 'undisturbed') },
    )
    const header = shop.app
      .store()
      .predictions.list()
      .find(({ run }) => run === outcome.run)
    assert.deepEqual([header?.asOfUs, header?.release], [AS_OF_US, earlier.release])
    // Only what was asked for has been computed.
    const { shards } = await inspectRun({ store: shop.app.store(), runs: shop.app.runs }, outcome.run)
    assert.equal(
      shards.features.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
      4 + 2,
    )
  }))

function entryOf({ app }: OpenShop, run: string, item: number) {
  const stored = app.store().predictions.open(run)
  try {
    return stored?.entry(encodeKey({ item: 'int64' }, { item }))
  } finally {
    stored?.close()
  }
}

test('repeated it changes nothing, and the earlier run stays what it is; a rollback returns to it', () =>
  brokenShop(async ({ app, run, folder }, earlier) => {
    const first = await run({ rescore: { run: earlier.run.slice(0, 12) } })
    assert.equal(first.unchanged, false)
    const again = await run({ rescore: { run: earlier.run } })
    assert.deepEqual([again.run, again.unchanged, again.rescored], [first.run, true, first.rescored])
    // The files may change: it has pinned what it read, as a run of all keys has.
    await writeStock(folder, { ...MENDED, shelves: [7, 7] })
    assert.equal((await run({ rescore: { run: earlier.run } })).run, first.run)
    assert.equal((await run()).run, earlier.run)
    assert.notEqual((await run({ rescore: { run: earlier.run }, repin: true })).run, first.run)
    const { catalog } = app.store()
    assert.deepEqual([catalog.getRun(earlier.run).state, catalog.getRun(earlier.run).rescored], ['retired', undefined])
    assert.deepEqual(catalog.getRun(first.run).rescored, { run: earlier.run, only: ['failed', 'missing'], origins: [earlier.run] })
    assert.equal(catalog.pointer('spend')?.history.includes(earlier.run), true)
  }))

test('a rescore of a rescore: rows keep where they were computed, and retention keeps that', () =>
  brokenShop(async (shop, earlier) => {
    const { app, folder, run } = shop
    const second = await run({ rescore: { run: earlier.run, only: ['missing'] }, publish: 'never' })
    assert.deepEqual([second.report.ok, second.report.rows, second.state], [3, 6, 'staged'])
    const third = await run({ rescore: { run: second.run, only: ['failed'] } })
    const { outcome: whole, rows: all } = await undisturbed(folder, 'undisturbed')
    assert.deepEqual([third.report.digest, third.report.missing], [whole.report.digest, whole.report.missing])
    assert.deepEqual(await rowsOf(shop, third.run), all)
    assert.deepEqual(app.store().catalog.getRun(third.run).rescored?.origins, [earlier.run, second.run])
    const { keys } = await diffRuns(await app.place(), { a: earlier.run, b: third.run, top: 1, withFeatures: true })
    assert.deepEqual(keys, { same: 2, moved: 0, lost: 0, gained: 3, removed: 0, added: 1 })
    const request = { keep: 0, olderThanUs: DAY_US, nowUs: Date.now() * 1000 + 3 * DAY_US, isDryRun: false }
    assert.deepEqual((await pruneRuns({ store: app.store(), runs: app.runs, loaded: app.loaded }, request)).runs, [])
    assert.deepEqual(await rowsOf(shop, third.run), all)
    rmSync(join(app.runs, second.run), { recursive: true })
    await assert.rejects(rowsOf(shop, third.run), refused('run_not_found', /leave the features out/))
    assert.equal((await run({ rescore: { run: second.run, only: ['failed'] } })).unchanged, true)
    await assert.rejects(run({ rescore: { run: second.run } }), refused('run_not_found', /run it again as of its moment/i))
  }))

test('nothing to rescore is said, and nothing is made or published', () =>
  brokenShop(async ({ app, run, folder }, earlier) => {
    const { catalog } = app.store()
    await writeStock(folder, BROKEN)
    const none = await run({ rescore: { run: earlier.run, only: ['missing'] } })
    assert.deepEqual([none.run, none.unchanged, none.rescored?.rows], [earlier.run, true, { failed: 0, missing: 0, taken: 5 }])
    await writeStock(folder, MENDED)
    const whole = await run({ repin: true, publish: 'never' })
    const both = await run({ rescore: { run: whole.run } })
    assert.deepEqual([both.run, both.state, both.rescored?.rows.taken], [whole.run, 'staged', 6])
    assert.deepEqual([catalog.listRuns().length, catalog.pointer('spend')?.run], [2, earlier.run])
  }))

test('any scheduler may compute the shards of a rescore', () =>
  brokenShop(async ({ app, run }, earlier) => {
    const rescore = { run: earlier.run }
    await assert.rejects(run({ rescore, shards: 2, finishOnly: true }), refused('shards_open'))
    const planned = app
      .store()
      .catalog.listRuns()
      .find(({ state }) => state === 'planned')?.id as string
    const place = await app.place()
    await runShards(place, { run: planned, stage: 'features', shards: [0, 1] })
    await runShards(place, { run: planned, stage: 'score', shards: [1, 0] })
    const { run: id, report } = await run({ rescore, finishOnly: true })
    assert.deepEqual([id, report.ok, report.rescored?.rows], [planned, 6, { failed: 3, missing: 1, taken: 2 }])
  }))

test('runs that cannot be gone on from are refused', () =>
  brokenShop(async ({ app, run, folder }, earlier) => {
    const rescore = { run: earlier.run }
    await assert.rejects(run({ rescore: { run: 'none' } }), refused('run_not_found', /none/))
    await assert.rejects(run({ rescore, asOfUs: AS_OF_US + 1 }), refused('invalid_value', /share one as-of/))
    app.store().catalog.addRun({ id: 'of-another', prediction: 'churn', release: earlier.release, asOfUs: AS_OF_US })
    await assert.rejects(run({ rescore: { run: 'of-another' } }), refused('invalid_value', /a run of churn; expected one of spend/))
    app.store().catalog.addRun({ id: 'unfinished', prediction: 'spend', release: earlier.release, asOfUs: AS_OF_US })
    await assert.rejects(run({ rescore: { run: 'unfinished' } }), refused('invalid_value', /expected a finished run/))
    const { file } = JSON.parse(readFileSync(doneFile({ app } as OpenShop, earlier.run, 'score', 0), 'utf8')) as { file: string }
    const other = JSON.parse(readFileSync(doneFile({ app } as OpenShop, earlier.run, 'score', 1), 'utf8')) as { file: string }
    const shard = (n: number, name: string) => join(app.runs, earlier.run, 'score', String(n), name)
    const kept = readFileSync(shard(0, file))
    cpSync(shard(1, other.file), shard(0, file))
    await assert.rejects(run({ rescore }), refused('run_corrupt'))
    writeFileSync(shard(0, file), kept)
    assert.equal((await run({ rescore })).report.ok, 6)
    const project = join(folder, 'other.config.ts')
    writeFileSync(project, STOCK_CONFIG.replace('.times(s.join.about.divisor)', '.plus(s.join.about.divisor)'))
    const ofOther = ({ run: again }: OpenShop) => again({ rescore })
    await assert.rejects(
      inShop(folder, ofOther, { project, state: join(folder, '.prescore') }),
      refused('invalid_value', /share one release.*--as-of 2026-03-10T12:00:00/),
    )
  }))

test('the gates of the project judge a rescore as any run: over all of its rows', async () => {
  const folder = await makeItems(BROKEN)
  writeFileSync(join(folder, 'prescore.config.ts'), STOCK_CONFIG.replace('coverage: 0', 'coverage: 0.9'))
  await inShop(folder, async ({ app, run }) => {
    const earlier = await run()
    assert.equal(earlier.state, 'gated')
    const some: Stock = { ...BROKEN, items: BROKEN.items.map(each => (each.item === 2 ? { ...each, place: 1 } : each)) }
    await writeStock(folder, some)
    const better = await run({ rescore: { run: earlier.run } })
    assert.deepEqual([better.state, better.report.ok, app.store().catalog.pointer('spend')], ['gated', 3, undefined])
    await writeStock(folder, MENDED)
    const good = await run({ rescore: { run: better.run } })
    assert.deepEqual([good.state, good.report.ok, app.store().catalog.pointer('spend')?.run], ['published', 6, good.run])
  })
})

test('events: data through is never later than what the earlier run had read', async () => {
  const folder = await makeShop({ config: CONFIG })
  folders.push(folder)
  await inShop(folder, async ({ app, run }) => {
    const earlier = await run()
    const customers = [...shopCustomers(), { customer: 'new', active: true }]
    await writeCustomers(folder, customers)
    // An order that came later, and was known by the as-of all the same: the data was mended.
    const orders = [...shopOrders(), { id: 1_000, customer: 'new', atUs: AS_OF_US - 300_000_001, amount: 5 }]
    await writeOrders(folder, orders)
    const outcome = await run({ rescore: { run: earlier.run } })
    assert.deepEqual(outcome.rescored?.rows, { failed: 0, missing: 1, taken: earlier.report.rows })
    const { catalog } = app.store()
    assert.equal(catalog.getRun(outcome.run).dataThroughUs, catalog.getRun(earlier.run).dataThroughUs)
    const expected = expectedAnswers(orders, customers)
    assertAnswers({ app } as OpenShop, outcome.run, expected)
  })
})

test('vectors are taken over as they are', async () => {
  const folder = await makeShop({ config: changed(CONFIG, "'values[0]'", "'values'") })
  folders.push(folder)
  await inShop(folder, async ({ run, stored }) => {
    const earlier = await run({ shards: 2 })
    await writeCustomers(folder, [...shopCustomers(), { customer: 'c00', active: true }])
    const outcome = await run({ rescore: { run: earlier.run } })
    assert.deepEqual(outcome.rescored?.rows, { failed: 0, missing: 1, taken: earlier.report.rows })
    assert.match(String(stored(earlier.run, { customer: 'c0' })), /^\[.+,.+\]$/)
    const whole = await run({ repin: true, publish: 'never' })
    assert.notEqual(whole.run, outcome.run)
    assert.equal(outcome.report.digest, whole.report.digest)
  })
})
