/** A clock that is set back: runs go on, are published and rolled back, and nothing is removed that is needed. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pruneRuns, rollbackRun } from '../../src/batch/index.ts'
import { answerObject } from '../../src/resolve/index.ts'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF_US, expectedAnswers, makeShop, removeShop } from '../batch/shop.ts'
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
