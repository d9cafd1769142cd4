/** Retention: what is removed, what never is, and a run that was removed and is wanted again. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inspectRun, planOnly, pruneRuns, publishRun, rollbackRun } from '../../src/batch/index.ts'
import { assertAnswers, inShop, refused } from './harness.ts'
import { AS_OF_US, expectedAnswers, makeShop, removeShop } from './shop.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

/** As if this much time had passed since everything was done. */
const later = (us: number) => ({ nowUs: Date.now() * 1000 + us, isDryRun: false })

test('served, ready for rollback, newest and young runs stay; the others go, files and answers', () =>
  inShop(
    folder,
    async shop => {
      const { app, run } = shop
      const place = { store: app.store(), runs: app.runs, loaded: app.loaded }
      const made: string[] = []
      for (const hours of [5, 4, 3, 2, 1]) made.push((await run({ asOfUs: AS_OF_US - hours * HOUR_US, publish: 'never' })).run)
      const [served, ready, old, newer, newest] = made as [string, string, string, string, string]
      await publishRun(await app.place(), ready)
      await publishRun(await app.place(), served, { force: true, reason: 'the later one is wrong' })
      const nothing = await pruneRuns(place, { keep: 0, olderThanUs: DAY_US, ...later(DAY_US / 2) })
      assert.deepEqual(nothing, { runs: [], leftovers: { files: 0, bytes: 0 } })
      // Whatever is asked for, what changed within the hour may be in use.
      assert.deepEqual((await pruneRuns(place, { keep: 0, olderThanUs: 1, ...later(HOUR_US / 2) })).runs, [])
      const asked = { keep: 2, olderThanUs: DAY_US, ...later(2 * DAY_US) }
      const would = await pruneRuns(place, { ...asked, isDryRun: true })
      assert.deepEqual([would.runs.map(({ run: id }) => id), existsSync(join(app.runs, old))], [[old], true])
      const { runs } = await pruneRuns(place, asked)
      assert.deepEqual(
        runs.map(({ run: id, prediction, bytes }) => [id, prediction, bytes > 1_000]),
        [[old, 'spend', true]],
      )
      assert.equal(existsSync(join(app.runs, old)), false)
      assert.deepEqual(
        app
          .store()
          .predictions.list()
          .map(header => header.run)
          .sort(),
        [served, ready, newer, newest].sort(),
      )
      for (const id of [served, ready, newer, newest]) assert.ok(existsSync(join(app.runs, id, 'plan.json')))
      assert.equal((await rollbackRun(await app.place(), 'spend')).pointer.run, ready)
      await assert.rejects(publishRun(await app.place(), old), refused('invalid_value', /pruned.*Run it again/))
      assert.equal((await inspectRun(place, old)).record.report === null, false)
      const again = await run({ asOfUs: AS_OF_US - 3 * HOUR_US })
      assert.deepEqual([again.run, again.state], [old, 'published'])
      const then = expectedAnswers(undefined, undefined, AS_OF_US - 3 * HOUR_US)
      // The expected answers are of 13 o'clock in Paris.
      assertAnswers(shop, old, new Map([...then].map(([customer, value]) => [customer, value - 3e9])))
    },
    { state: join(folder, 'counts') },
  ))

test('a prune that was killed after its mark is finished by the next', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const place = { store: app.store(), runs: app.runs, loaded: app.loaded }
      const { run: id } = await run({ publish: 'never' })
      assert.equal(app.store().catalog.pruneRun(id), true)
      await pruneRuns(place, { keep: 0, olderThanUs: 1, ...later(DAY_US) })
      assert.deepEqual([existsSync(join(app.runs, id)), app.store().predictions.list()], [false, []])
    },
    { state: join(folder, 'killed') },
  ))

test('what attempts left behind goes when it is old; what a DONE names stays', () =>
  inShop(
    folder,
    async shop => {
      const { app, run } = shop
      const place = { store: app.store(), runs: app.runs, loaded: app.loaded }
      const { run: id, report } = await run({ shards: 2 })
      const lost = join(app.runs, id, 'score/0/lost.parquet')
      const half = join(app.runs, id, 'features/1/DONE.x.tmp')
      const young = join(app.runs, id, 'score/1/young.parquet')
      const stray = join(app.runs, 'never-recorded')
      mkdirSync(stray)
      for (const file of [lost, half, young, join(stray, 'population-x.parquet')]) writeFileSync(file, 'half')
      for (const path of [lost, half, stray]) utimesSync(path, 1, 1)
      const { runs, leftovers } = await pruneRuns(place, { keep: 10, olderThanUs: DAY_US, ...later(0) })
      assert.deepEqual([runs, leftovers], [[], { files: 3, bytes: 12 }])
      assert.deepEqual(
        [lost, half, stray, young].map(path => existsSync(path)),
        [false, false, false, true],
      )
      // All that counts is there: the run can be read again, to the last row.
      app.store().predictions.drop(id)
      app.store().catalog.updateRun(id, {})
      const { score } = (await inspectRun(place, id)).shards
      assert.deepEqual([score.every(({ isDone }) => isDone), report.ok], [true, 31])
    },
    { state: join(folder, 'leftovers') },
  ))

test('a run that is not finished stays while its files come in, however long ago it was planned', () =>
  inShop(
    folder,
    async shop => {
      const { app } = shop
      const place = { store: app.store(), runs: app.runs, loaded: app.loaded }
      const { plan } = await planOnly(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1 })
      const asked = { keep: 0, olderThanUs: HOUR_US, ...later(5 * HOUR_US) }
      const file = join(app.runs, plan.run, 'score', '0', 'shard.parquet')
      mkdirSync(join(file, '..'), { recursive: true })
      writeFileSync(file, '')
      const at = (hours: number) => utimesSync(file, asked.nowUs / 1e6 - hours * 3600, asked.nowUs / 1e6 - hours * 3600)
      at(0.5)
      assert.deepEqual((await pruneRuns(place, asked)).runs, [])
      assert.ok(existsSync(file))
      at(2)
      assert.deepEqual(
        (await pruneRuns(place, asked)).runs.map(({ run }) => run),
        [plan.run],
      )
    },
    { state: join(folder, 'at-work') },
  ))
