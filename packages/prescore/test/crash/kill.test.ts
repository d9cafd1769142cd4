/** A run that is killed with −9 anywhere, again and again, comes to the same digest and the same answers once it is left alone. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunOutcome } from '../../src/batch/index.ts'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { start, until } from '../cli/process.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 120 : 30
/** Kills of one state, before it is left alone. */
const KILLS_A_STATE = 6
const SHARDS = 4
const customers = Array.from({ length: 2_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
const expected = expectedAnswers(shopOrders(), customers)

let folder: string
let undisturbed: RunOutcome
let undisturbedMs: number

before(async () => {
  folder = await makeShop({ customers })
  const startedMs = performance.now()
  const { code, stdout } = await run('undisturbed').ended
  undisturbedMs = performance.now() - startedMs
  assert.equal(code, 0)
  undisturbed = JSON.parse(stdout) as RunOutcome
})
after(() => removeShop(folder))

function run(state: string) {
  return start([
    'run',
    'spend',
    '--as-of',
    AS_OF,
    '--shards',
    String(SHARDS),
    '--threads',
    '2',
    '--json',
    '--project',
    folder,
    '--state',
    join(folder, state),
  ])
}

/** Files whose appearance says how far a run has come. */
const MARKS = ['plan.json', 'features/0/DONE', `features/${SHARDS - 1}/DONE`, 'score/0/DONE', `score/${SHARDS - 1}/DONE`]

/** Kills at some moment: of the clock, or a little after a mark. A run that ends before is not killed. */
async function runAndKill(state: string, chance: () => number): Promise<'killed' | 'ended'> {
  const { child, ended } = run(state)
  const mark = MARKS[Math.floor(chance() * 2 * MARKS.length)]
  const file = mark === undefined ? undefined : join(folder, state, 'runs', undisturbed.run, mark)
  const moment = (async () => {
    if (file !== undefined) await until(() => existsSync(file) || child.exitCode !== null)
    const delayMs = chance() * (file === undefined ? undisturbedMs : 40)
    await new Promise(resolve => setTimeout(resolve, delayMs))
    child.kill('SIGKILL')
  })()
  const [{ code }] = await Promise.all([ended, moment])
  return code === null ? 'killed' : 'ended'
}

/** Whoever looks things up meanwhile finds nothing, or everything. */
async function assertNothingTorn(state: string): Promise<void> {
  await inShop(
    folder,
    async shop => {
      const pointer = shop.app.store().catalog.pointer('spend')
      if (pointer !== undefined) assertAnswers(shop, pointer.run, expected)
      for (const { run } of shop.app.store().predictions.list()) assertAnswers(shop, run, expected)
    },
    { state: join(folder, state) },
  )
}

test(`${KILLS} kills`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  let killed = 0
  for (let n = 0; n < KILLS / KILLS_A_STATE; n++) {
    const state = `state-${n}`
    for (let kill = 0; kill < KILLS_A_STATE; kill++) {
      if ((await runAndKill(state, chance)) === 'killed') killed++
      await assertNothingTorn(state)
    }
    await inShop(
      folder,
      async shop => {
        const outcome = await shop.run({ shards: SHARDS })
        assert.deepEqual([outcome.run, outcome.state, outcome.report.digest], [undisturbed.run, 'published', undisturbed.report.digest])
        assertAnswers(shop, outcome.run, expected)
      },
      { state: join(folder, state) },
    )
  }
  t.diagnostic(`${killed} of ${KILLS} were killed before they ended`)
  assert.ok(killed > 0)
})
