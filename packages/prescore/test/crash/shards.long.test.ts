/** Shards as processes: attempts of the same one at once, some of them killed with −9 or out of memory. One DONE each, and the same digest. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { prescore, start } from '../cli/process.ts'

const customers = Array.from({ length: 2_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
const ROUNDS = process.env.PRESCORE_FULL === '1' ? 3 : 1
const SHARDS = 2
const ATTEMPTS = 3

let folder: string

before(async () => {
  folder = await makeShop({ customers })
})
after(() => removeShop(folder))

test('attempts of the same shard at once, one of them killed', async t => {
  const digest = await inShop(folder, async ({ run }) => (await run({ publish: 'never' })).report.digest)
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  for (let round = 0; round < ROUNDS; round++) {
    const state = join(folder, `round-${round}`)
    const where = ['--project', folder, '--state', state]
    const planned = await prescore(['run', 'spend', '--as-of', AS_OF, '--shards', String(SHARDS), '--plan', '--json', ...where])
    assert.equal(planned.code, 0, planned.stderr)
    const [run] = readdirSync(join(state, 'runs')) as [string]
    for (const stage of ['features', 'score']) {
      for (let shard = 0; shard < SHARDS; shard++) await attempts([stage, '--index', String(shard)], run, where, chance)
      for (let shard = 0; shard < SHARDS; shard++) {
        const done = JSON.parse(readFileSync(join(state, 'runs', run, stage, String(shard), 'DONE'), 'utf8')) as object
        assert.ok('shard' in done || 'files' in done || 'file' in done)
      }
    }
    await inShop(
      folder,
      async shop => {
        const outcome = await shop.run({ finishOnly: true })
        assert.deepEqual([outcome.state, outcome.report.digest], ['published', digest])
        assertAnswers(shop, outcome.run, expectedAnswers(shopOrders(), customers))
      },
      { state },
    )
  }
})

/** Some at once, of which one is killed; whoever is left ends well, and so does one more. */
async function attempts(args: readonly string[], run: string, where: readonly string[], chance: () => number): Promise<void> {
  const all = Array.from({ length: ATTEMPTS }, () => start(['shard', run, ...args, '--json', ...where]))
  const victim = all[Math.floor(chance() * ATTEMPTS)]
  await sleep(chance() * 1_500)
  victim?.child.kill('SIGKILL')
  const codes = await Promise.all(all.map(async ({ ended }) => (await ended).code))
  assert.ok(codes.filter(code => code === 0).length >= ATTEMPTS - 1, codes.join(', '))
  const last = await prescore(['shard', run, ...args, '--json', ...where])
  assert.equal(last.code, 0, last.stderr)
}

test('a shard that runs out of memory as a process: the scheduler sees that it failed, and another machine computes it', async () => {
  const state = join(folder, 'memory')
  const where = ['--project', folder, '--state', state]
  const planned = await prescore(['run', 'spend', '--as-of', AS_OF, '--shards', '1', '--plan', ...where])
  assert.equal(planned.code, 0, planned.stderr)
  const [run] = readdirSync(join(state, 'runs')) as [string]
  const shard = ['shard', run, 'features', '--index', '0', ...where]
  const failed = await prescore(shard, { env: { NODE_OPTIONS: '--max-old-space-size=12 --max-semi-space-size=1' } })
  assert.notEqual(failed.code, 0)
  assert.equal(existsSync(join(state, 'runs', run, 'features/0/DONE')), false)
  assert.equal((await prescore(shard)).code, 0)
})
