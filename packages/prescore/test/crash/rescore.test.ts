/** A rescore that is killed with −9 anywhere, again and again, comes to the digest and the answers of one that was left alone. */
import assert from 'node:assert/strict'
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunOutcome } from '../../src/batch/index.ts'
import { inShop, type OpenShop, storedCount } from '../batch/harness.ts'
import { AS_OF, removeShop } from '../batch/shop.ts'
import { type Item, isSound, makeStock, type Stock, writeStock } from '../batch/stock.ts'
import { chances } from '../chances.ts'
import { prescore, start, until } from '../cli/process.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 60 : 8
/** Kills of one state, before it is left alone. */
const KILLS_A_STATE = 4
const SHARDS = 3
const items = Array.from(
  { length: 2_000 },
  (_, item): Item => ({ item, shelf: item % 7, place: item % 11 === 0 ? 9 : item % 4, divisor: 1 + (item % 3) }),
)
const BROKEN: Stock = { items: items.filter(({ item }) => item % 5 !== 0), shelves: [1, 2, 3, 4, 5, 6, 7] }
const MENDED: Stock = { ...BROKEN, items: items.map(each => (isSound(each) ? each : { ...each, place: 1 })) }

let folder: string
let earlier: RunOutcome
let undisturbed: RunOutcome
let undisturbedMs: number
/** Of all keys over the mended sources. */
let whole: RunOutcome

before(async () => {
  folder = await makeStock(BROKEN)
  earlier = await outcomeOf(prescore(['run', 'spend', '--as-of', AS_OF, '--json', ...where('earlier')]))
  await writeStock(folder, MENDED)
  whole = await outcomeOf(prescore(['run', 'spend', '--as-of', AS_OF, '--json', ...where('whole')]))
  undisturbed = await outcomeOf(rescore(copied('undisturbed')).ended)
  undisturbedMs = Object.values(undisturbed.report.seconds).reduce((sum, seconds) => sum + seconds, 0.5) * 1000
})
after(() => removeShop(folder))

function where(state: string): readonly string[] {
  return ['--project', folder, '--state', join(folder, state)]
}

async function outcomeOf(ended: ReturnType<typeof prescore>): Promise<RunOutcome> {
  const { code, stdout, stderr } = await ended
  assert.equal(code, 0, stderr)
  return JSON.parse(stdout) as RunOutcome
}

/** A state that has the earlier run. */
function copied(state: string): string {
  cpSync(join(folder, 'earlier'), join(folder, state), { recursive: true })
  return state
}

function rescore(state: string) {
  return start(['run', 'spend', '--rescore', earlier.run, '--shards', String(SHARDS), '--threads', '2', '--json', ...where(state)])
}

const MARKS = ['plan.json', 'features/0/DONE', `features/${SHARDS - 1}/DONE`, 'score/0/DONE', `score/${SHARDS - 1}/DONE`]

/** Kills at some moment: of the clock, or a little after a mark. */
async function rescoreAndKill(state: string, chance: () => number): Promise<boolean> {
  const { child, ended } = rescore(state)
  const mark = MARKS[Math.floor(chance() * 1.5 * MARKS.length)]
  const file = mark === undefined ? undefined : join(folder, state, 'runs', undisturbed.run, mark)
  if (file !== undefined) await until(() => existsSync(file) || child.exitCode !== null)
  await new Promise(resolve => setTimeout(resolve, chance() * (file === undefined ? undisturbedMs : 40)))
  child.kill('SIGKILL')
  return (await ended).code === null
}

/** Whoever looks meanwhile finds the earlier run whole, or the rescored one. */
function assertWhole({ app }: OpenShop): void {
  const expected = new Map([
    [earlier.run, earlier.report.ok],
    [undisturbed.run, undisturbed.report.ok],
  ])
  const runs = [
    ...app
      .store()
      .predictions.list()
      .map(({ run }) => run),
    app.store().catalog.pointer('spend')?.run as string,
  ]
  for (const run of runs) assert.equal(storedCount(app, run), expected.get(run), run)
}

test('left alone it is the run of all keys, bit for bit', () => {
  const { rows } = undisturbed.rescored ?? {}
  assert.deepEqual(rows, { failed: earlier.report.rows - earlier.report.ok, missing: 400, taken: earlier.report.ok })
  assert.deepEqual([undisturbed.report.digest, undisturbed.state], [whole.report.digest, 'published'])
})

test(`${KILLS} kills`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  let killed = 0
  for (let n = 0; n < KILLS / KILLS_A_STATE; n++) {
    const state = copied(`state-${n}`)
    for (let kill = 0; kill < KILLS_A_STATE; kill++) {
      if (await rescoreAndKill(state, chance)) killed++
      await inShop(folder, async shop => assertWhole(shop), { state: join(folder, state) })
    }
    await inShop(
      folder,
      async shop => {
        const { run, report, state: found, rescored } = await shop.run({ rescore: { run: earlier.run }, shards: SHARDS })
        assert.deepEqual([run, found, report.digest], [undisturbed.run, 'published', undisturbed.report.digest])
        assert.deepEqual(rescored, undisturbed.rescored)
        assertWhole(shop)
      },
      { state: join(folder, state) },
    )
  }
  t.diagnostic(`${killed} of ${KILLS} were killed before they ended`)
  assert.ok(killed > 0)
})
