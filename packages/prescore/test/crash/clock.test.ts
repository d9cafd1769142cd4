/** A clock that is set back: runs go on, are published and rolled back, and nothing is removed that is needed. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pruneRuns, rollbackRun } from '../../src/batch/index.ts'
import { answerObject } from '../../src/resolve/index.ts'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF_US, expectedAnswers, makeShop, removeShop, shopOrders, writeOrders } from '../batch/shop.ts'
import { StandingClock } from '../log/place.ts'

const DAY_US = 86_400_000_000
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

test('set back by two days between two runs', async () => {
  const clock = new StandingClock(AS_OF_US + DAY_US)
  await inShop(
    folder,
    async shop => {
      const { app, run } = shop
      const { catalog } = app.store()
      const first = await run({ asOfUs: AS_OF_US - DAY_US })
      clock.us -= 2 * DAY_US
      const second = await run()
      assert.deepEqual([second.state, catalog.pointer('spend')?.run], ['published', second.run])
      assert.deepEqual([(await run()).run, (await run()).unchanged], [second.run, true])
      assertAnswers(shop, second.run, expectedAnswers())
      const answer = answerObject(await app.resolver('spend').answer({ customer: 'c0' }))
      // As of a moment that is to come, for this clock: an age is never below 0.
      assert.deepEqual([answer.source, answer.ageSeconds], ['store', 0])
      const pruned = await pruneRuns(await app.place(), { keep: 0, olderThanUs: 1, nowUs: clock.nowUs(), isDryRun: false })
      assert.deepEqual(pruned, { runs: [], leftovers: { files: 0, bytes: 0 } })
      await rollbackRun(await app.place(), 'spend')
      assert.equal(catalog.pointer('spend')?.run, first.run)
      clock.us += 3 * DAY_US
      await rollbackRun(await app.place(), 'spend').catch(() => {})
      assert.equal((await run({ asOfUs: AS_OF_US + DAY_US / 2 })).state, 'published')
    },
    { clock },
  )
})

test('set back between a run and its repetition on newer rows: what is repeated then is the newer one', async () => {
  const clock = new StandingClock(AS_OF_US + DAY_US)
  await inShop(
    folder,
    async ({ app, run }) => {
      const first = await run({ publish: 'never' })
      await app.log('orders').append([{ id: 99_001, placed: '2026-03-10T09:00:00Z', customer: 'c0', amount: 5 }])
      clock.us -= 2 * DAY_US
      const second = await run({ publish: 'never', repin: true })
      assert.notEqual(second.run, first.run)
      assert.equal((await run({ publish: 'never' })).run, second.run)
      clock.us += 5 * DAY_US
      assert.equal((await run({ publish: 'never' })).run, second.run)
    },
    { clock, state: join(folder, 'repinned') },
  )
})

test('sources that are again what they were: what is repeated then is the run of them', async () => {
  const file = join(folder, 'orders.parquet')
  await inShop(
    folder,
    async ({ run }) => {
      const first = await run({ publish: 'never' })
      const bytes = readFileSync(file)
      await writeOrders(folder, shopOrders().slice(1))
      const second = await run({ publish: 'never', repin: true })
      assert.notEqual(second.run, first.run)
      writeFileSync(file, bytes)
      assert.equal((await run({ publish: 'never', repin: true })).run, first.run)
      assert.equal((await run({ publish: 'never' })).run, first.run)
    },
    { state: join(folder, 'restored') },
  )
})
