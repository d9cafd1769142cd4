/** Dry runs and backfills: what is said before a run, what is left behind, and runs at moments of the past. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { backfill, dryBackfill, dryRun, inspectRun } from '../../src/batch/index.ts'
import { inShop, refused } from './harness.ts'
import { AS_OF_US, CONFIG, changed, makeShop, removeShop } from './shop.ts'

const HOUR_US = 3_600_000_000
const POPULATION = 'customers.where(r => r.active).keys(customer)'
const customers = Array.from({ length: 3_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
let folder: string

before(async () => {
  folder = await makeShop({ customers })
})
after(() => removeShop(folder))

const scratch = () => readdirSync(tmpdir()).filter(name => /^prescore-(estimate|dry-run)-/.test(name))

test('a dry run says what the run takes, makes no run, and the run tells how wrong it was', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const before = scratch()
      const estimate = await dryRun(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1 })
      assert.ok(!('finished' in estimate))
      assert.deepEqual([estimate.rows, estimate.sampleRows], [3_000, 500])
      const { total, ...stages } = estimate.seconds
      assert.equal(
        total.toFixed(9),
        Object.values(stages)
          .reduce((a, b) => a + b, 0)
          .toFixed(9),
      )
      for (const [stage, seconds] of Object.entries(stages)) assert.ok(seconds > 0, stage)
      assert.ok(estimate.answerBytes > 3_000 * 10 && estimate.answerBytes < 3_000 * 100, `${estimate.answerBytes} bytes`)
      assert.ok(estimate.peakMb > 50 && estimate.peakMb < 5_000, `${estimate.peakMb} MB`)
      assert.deepEqual([app.store().catalog.listRuns(), app.store().predictions.list(), scratch()], [[], [], before])
      assert.deepEqual(readdirSync(join(app.runs, estimate.run)), ['estimate.json'])
      const { run: id, report, state } = await run()
      assert.equal(id, estimate.run)
      assert.deepEqual(report.expected, estimate)
      const ratio = estimate.fileBytes / (report.took?.bytes as number)
      assert.ok(ratio > 0.3 && ratio < 3, `${estimate.fileBytes} bytes of files expected, ${report.took?.bytes} found`)
      assert.ok((report.took?.bytes as number) > 10_000 && (report.took?.peakMb as number) > 50)
      const { record } = await inspectRun({ store: app.store(), runs: app.runs }, id)
      assert.deepEqual((record.report as { expected?: unknown }).expected, estimate)
      const again = await dryRun(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1 })
      assert.deepEqual(again, { run: id, finished: true, state })
      const { catalog } = app.store()
      catalog.putRun({ ...catalog.getRun(id), prunedAtUs: AS_OF_US })
      const anew = await dryBackfill(await app.place(), {
        prediction: 'spend',
        threads: 1,
        fromUs: AS_OF_US,
        toUs: AS_OF_US,
        everyUs: HOUR_US,
      })
      assert.deepEqual([anew.runs, anew.finished], [1, 0])
    },
    { state: join(folder, 'dry') },
  ))

test('a dry run of what cannot run says so', () =>
  inShop(
    folder,
    async ({ app }) => {
      const place = await app.place()
      await assert.rejects(dryRun(place, { prediction: 'spent', asOfUs: AS_OF_US, threads: 1 }), refused('unknown_prediction'))
      assert.equal(existsSync(app.runs), false)
    },
    { state: join(folder, 'refused') },
  ))

test('a backfill is the runs of its moments: staged, repeated without work, and never published over a later one', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const place = await app.place()
      const { catalog } = app.store()
      const moments = { fromUs: AS_OF_US - 4 * HOUR_US, toUs: AS_OF_US - HOUR_US / 2, everyUs: HOUR_US }
      const shared = { prediction: 'spend', threads: 1 } as const
      const told: string[] = []
      const progressOf = (asOfUs: number, at: number, of: number) => {
        told.push(`${at}/${of} ${(asOfUs - AS_OF_US) / HOUR_US}`)
        return () => {}
      }
      const filled = async (publish: 'never' | 'gated') =>
        (await backfill(place, { ...shared, ...moments, publish, progressOf })).map(each =>
          'outcome' in each ? each.outcome : assert.fail(each.empty.message),
        )
      const staged = await filled('never')
      assert.deepEqual(told, ['1/4 -4', '2/4 -3', '3/4 -2', '4/4 -1'])
      assert.deepEqual([staged.map(({ state }) => state), catalog.pointer('spend')], [Array(4).fill('staged'), undefined])
      const alone = await run({ asOfUs: AS_OF_US - 2 * HOUR_US, publish: 'never' })
      assert.deepEqual([alone.run, alone.unchanged, alone.report.digest], [staged[2]?.run, true, staged[2]?.report.digest])
      const served = await run({ asOfUs: AS_OF_US - 2 * HOUR_US })
      const published = await filled('gated')
      assert.deepEqual(
        published.map(({ state }) => state),
        ['staged', 'staged', 'published', 'published'],
      )
      assert.deepEqual([catalog.pointer('spend')?.run, catalog.pointer('spend')?.history], [published[3]?.run, [served.run]])
      for (const range of [{ toUs: moments.fromUs - 1 }, { everyUs: 1 }])
        await assert.rejects(backfill(place, { ...shared, ...moments, ...range, publish: 'never' }), refused('wrong_use', /10000 runs/))
    },
    { state: join(folder, 'backfill') },
  ))

test('a dry backfill estimates what is not finished, by its last run, and makes none', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const place = await app.place()
      const request = { prediction: 'spend', threads: 1, fromUs: AS_OF_US - 3 * HOUR_US, toUs: AS_OF_US, everyUs: HOUR_US }
      const { each, ...told } = await dryBackfill(place, request)
      assert.deepEqual([told, each?.asOfUs, each?.rows], [{ runs: 4, finished: 0 }, AS_OF_US, 3_000])
      assert.deepEqual([app.store().catalog.listRuns(), app.store().predictions.list()], [[], []])
      await run({ publish: 'never' })
      const next = await dryBackfill(place, request)
      assert.deepEqual([next.runs, next.finished, next.each?.asOfUs], [3, 1, AS_OF_US - HOUR_US])
      assert.equal((await dryBackfill(place, { ...request, repin: true })).finished, 0)
      const done = await dryBackfill(place, { ...request, fromUs: AS_OF_US })
      assert.deepEqual(done, { runs: 0, finished: 1, each: undefined })
    },
    { state: join(folder, 'dry-backfill') },
  ))

test('a moment without rows keeps no other run of a backfill back', async () => {
  const day = 24 * HOUR_US
  const orders = [AS_OF_US - 3 * day, AS_OF_US - day].map((atUs, id) => ({ id, customer: 'c0', atUs: atUs - HOUR_US, amount: 1 }))
  const gap = await makeShop({ config: changed(CONFIG, POPULATION, "orders.since('1d').keys(customer)"), orders })
  try {
    await inShop(gap, async ({ app }) => {
      const moments = { fromUs: AS_OF_US - 3 * day, toUs: AS_OF_US - day, everyUs: day }
      const outcomes = await backfill(await app.place(), { prediction: 'spend', threads: 1, ...moments, publish: 'never' })
      assert.deepEqual(
        outcomes.map(each => ('empty' in each ? each.empty.code : each.outcome.report.ok)),
        [1, 'empty_population', 1],
      )
    })
  } finally {
    removeShop(gap)
  }
})
