/** Shards that somebody else schedules: one process each, in any order, twice at once, and the run is the same. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { planOnly, type RunOutcome, runShards } from '../../src/batch/index.ts'
import { type Ended, prescore } from '../cli/process.ts'
import { assertAnswers, inShop, refused } from './harness.ts'
import { AS_OF, AS_OF_US, expectedAnswers, makeShop, removeShop } from './shop.ts'

let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

const inState = (state: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  prescore([...args, '--json', '--state', join(folder, state)], { cwd: folder, env })

function json<T>({ code, stdout, stderr }: Ended, exit = 0): T {
  assert.equal(code, exit, stderr + stdout)
  return JSON.parse(stdout) as T
}

interface Failure {
  readonly error: { readonly code: string; readonly fix: string; readonly message: string }
}

test('planned, computed shard by shard by processes of their own, and finished: the digest of an undisturbed run', async () => {
  const undisturbed = await inShop(folder, ({ run }) => run())
  const run = (...more: readonly string[]) => ['run', 'spend', '--as-of', AS_OF, ...more]
  const planned = json<{ run: string; rows: number; shards: { features: number; score: number } }>(
    await inState('array', run('--shards', '3', '--plan')),
  )
  assert.deepEqual(planned, { run: undisturbed.run, rows: 31, shards: { features: 3, score: 3 }, state: 'planned' })
  const early = json<Failure>(await inState('array', run('--finish')), 75)
  assert.deepEqual([early.error.code, /3 open of stage features: 0, 1, 2/.test(early.error.message)], ['shards_open', true])
  assert.match(early.error.fix, new RegExp(`prescore shard ${planned.run.slice(0, 12)} features --index 0`))
  assert.equal(json<Failure>(await inState('array', ['shard', planned.run, 'score', '--index', '0']), 75).error.code, 'shards_open')
  const parts = ['0', '1', '1', '2'].map(index =>
    inState('array', ['shard', planned.run.slice(0, 8), 'features'], { JOB_COMPLETION_INDEX: index }),
  )
  for (const ended of await Promise.all(parts)) json(ended)
  const scored = await Promise.all(['0-1', '1', '2'].map(index => inState('array', ['shard', planned.run, 'score', '--index', index])))
  assert.deepEqual(
    scored.map(ended => json<{ shards: number[] }>(ended).shards),
    [[0, 1], [1], [2]],
  )
  assert.equal(json<{ open: number }>(await inState('array', ['shard', planned.run, 'score', '--index', '2'])).open, 0)
  const finished = json<RunOutcome>(await inState('array', run('--finish')))
  assert.deepEqual([finished.run, finished.state, finished.report.digest], [undisturbed.run, 'published', undisturbed.report.digest])
  await inShop(folder, async shop => assertAnswers(shop, finished.run, expectedAnswers()), { state: join(folder, 'array') })
})

test('a shard needs no store: only the plan, the release and the sources', () =>
  inShop(
    folder,
    async ({ app }) => {
      const { plan } = await planOnly(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, shards: 2 })
      const { loaded, releases, runs } = app
      const place = { loaded, database: await app.database(), releases, runs }
      await app.store().close()
      const seen: number[] = []
      await runShards(place, { run: plan.run, stage: 'features', shards: [0, 1], onRows: rows => seen.push(rows) })
      assert.ok(seen.reduce((a, b) => a + b, 0) > 100)
      const { open } = await runShards(place, { run: plan.run, stage: 'score', shards: [1] })
      assert.equal(open, 1)
      await assert.rejects(runShards(place, { run: plan.run, stage: 'score', shards: [2] }), refused('invalid_value', /shard 2.*0 to 1/))
      await assert.rejects(runShards(place, { run: 'ffff', stage: 'score', shards: [0] }), refused('run_not_found', /--plan/))
      const gone = new AbortController()
      gone.abort()
      await assert.rejects(runShards(place, { run: plan.run, stage: 'score', shards: [0], signal: gone.signal }), refused('interrupted'))
      assert.equal(existsSync(join(runs, plan.run, 'score/0/DONE')), false)
    },
    { state: join(folder, 'alone') },
  ))

test('a wrong index is wrong use', async () => {
  for (const index of ['x', '3-1', '-1'])
    assert.equal(json<Failure>(await inState('alone', ['shard', 'a', 'score', `--index=${index}`]), 2).error.code, 'wrong_use')
  assert.equal(json<Failure>(await inState('alone', ['shard', 'a', 'scores', '--index', '0']), 2).error.code, 'wrong_use')
})
