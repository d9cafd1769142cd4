/** A run of more keys than are computed at once goes in rounds: killed in or between them, it comes to the same digest and answers. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunOutcome, RunProgress } from '../../src/batch/index.ts'
import type { OpenShop } from '../batch/harness.ts'
import { KEYS_AT_ONCE, makeRoundsShop, runInRounds, SHARDS, wrongAnswers } from '../batch/rounds-shop.ts'
import { removeShop } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { until } from '../cli/process.ts'

const KILLS = 6
let folder: string
let atOnce: RunOutcome

before(async () => {
  folder = await makeRoundsShop()
  atOnce = await runInRounds(folder, 'at-once', async shop => {
    const outcome = await shop.run({ shards: 1 })
    assert.deepEqual(wrongAnswers(shop, outcome.run), [])
    return outcome
  })
})
after(() => removeShop(folder))

const features = (state: string) => join(folder, state, 'runs', atOnce.run, 'features')
const doneParts = (state: string) =>
  existsSync(features(state)) ? readdirSync(features(state)).filter(part => existsSync(join(features(state), part, 'DONE'))).length : 0

/** A run in a state of its own, and how many rows of the source its workers have met. */
async function scannedBy(state: string, request: Partial<Parameters<OpenShop['run']>[0]>): Promise<number> {
  let scanned = 0
  await runInRounds(folder, state, async shop => {
    const onProgress = (event: RunProgress) => {
      if (event.event === 'rows' && event.stage === 'features') scanned = event.done
    }
    const outcome = await shop.run({ ...request, onProgress })
    assert.deepEqual([outcome.run, outcome.report.digest, outcome.state], [atOnce.run, atOnce.report.digest, 'published'])
    assert.deepEqual(wrongAnswers(shop, outcome.run), [])
  })
  return scanned
}

test(`rounds of ${KEYS_AT_ONCE} keys on one thread: a part for each`, async () => {
  await scannedBy('alone', { threads: 1, keysAtOnce: KEYS_AT_ONCE })
  assert.equal(doneParts('alone'), Math.ceil(atOnce.report.rows / KEYS_AT_ONCE))
})

test(`rounds of ${KEYS_AT_ONCE} keys that two workers compute together: the source is read once for each`, async () => {
  const once = await scannedBy('together-at-once', { shards: SHARDS })
  const inRounds = await scannedBy('together-in-rounds', { shards: SHARDS, keysAtOnce: KEYS_AT_ONCE })
  assert.ok(once > 0)
  assert.equal(inRounds, once * Math.ceil(atOnce.report.rows / KEYS_AT_ONCE))
})

test('a key at a time, and fewer parts than keys', async () => {
  await scannedBy('single', { shards: 5, keysAtOnce: 1 })
  assert.equal(doneParts('single'), 5)
})

test(`${KILLS} kills in and between rounds`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  let between = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const state = kill % 2 === 0 ? `killed-${kill}` : `killed-${kill - 1}`
    const child = spawn(process.execPath, [join(import.meta.dirname, '../batch/rounds-process.ts'), folder, state], { stdio: 'ignore' })
    const ended = once(child, 'close')
    const parts = doneParts(state) + 1 + Math.floor((chance() * SHARDS) / 3)
    await until(() => doneParts(state) >= parts || child.exitCode !== null)
    child.kill('SIGKILL')
    await ended
    const done = doneParts(state)
    if (done > 0 && done < SHARDS) between++
    if (kill % 2 === 0) continue
    await runInRounds(folder, state, async shop => {
      for (const { run } of shop.app.store().predictions.list()) assert.deepEqual(wrongAnswers(shop, run), [])
      const outcome = await shop.run({ keysAtOnce: chance() < 0.5 ? KEYS_AT_ONCE : 2 * KEYS_AT_ONCE, shards: SHARDS })
      assert.deepEqual([outcome.run, outcome.report.digest, outcome.state], [atOnce.run, atOnce.report.digest, 'published'])
      assert.deepEqual(wrongAnswers(shop, outcome.run), [])
    })
  }
  t.diagnostic(`${between} of ${KILLS} were killed with some of the parts done`)
  assert.ok(between > 0)
})
