/** What is served after runs, rollbacks and repeated runs, as this process and another one see it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { publishRun, type RunOutcome } from '../../src/batch/index.ts'
import { assertAnswers, inShop, type OpenShop, refused } from './harness.ts'
import { AS_OF, AS_OF_US, expectedAnswers, makeShop, removeShop } from './shop.ts'

const HOUR_US = 3_600_000_000
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

/** Another process, as the command line. */
async function prescore(state: string, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    MAIN,
    ...args,
    '--json',
    '--project',
    folder,
    '--state',
    join(folder, state),
  ])
  return JSON.parse(stdout)
}

test('publish and rollback, seen at once by another process', () =>
  inShop(
    folder,
    async shop => {
      const { catalog } = shop.app.store()
      const seen = async () => ((await prescore('sequence', 'get', 'spend', 'c0')) as { run: string }).run
      const first = await shop.run({ asOfUs: AS_OF_US - HOUR_US })
      assert.equal(await seen(), first.run)
      const second = await shop.run()
      assert.equal(await seen(), second.run)
      assert.equal(((await prescore('sequence', 'rollback', 'spend')) as { run: string }).run, first.run)
      assert.equal(catalog.pointer('spend')?.run, first.run)
      assert.deepEqual([catalog.getRun(first.run).state, catalog.getRun(second.run).state], ['published', 'retired'])
      // Whoever rolled back does not want the run again: repeating it changes nothing.
      const repeated = await shop.run()
      assert.deepEqual([repeated.run, repeated.state, repeated.unchanged], [second.run, 'retired', true])
      assert.equal(await seen(), first.run)
      await prescore('sequence', 'publish', second.run.slice(0, 12))
      assert.equal(catalog.pointer('spend')?.run, second.run)
      assert.throws(() => catalog.rollback('spend') && catalog.rollback('spend'), refused('nothing_to_roll_back'))
    },
    { state: join(folder, 'sequence') },
  ))

test('a run that is not to be published stays staged, until the same run is', () =>
  inShop(
    folder,
    async shop => {
      const staged = await shop.run({ publish: 'never' })
      assert.deepEqual([staged.state, shop.app.store().catalog.pointer('spend')], ['staged', undefined])
      const again = await shop.run({ publish: 'never' })
      assert.deepEqual([again.state, again.unchanged], ['staged', true])
      const published = await shop.run()
      assert.deepEqual([published.run, published.state, published.unchanged], [staged.run, 'published', false])
    },
    { state: join(folder, 'never') },
  ))

/** Runs, while another run of the shop is published by somebody else. */
async function overtaken(shop: OpenShop, state: string, otherAsOfUs: number): Promise<RunOutcome> {
  const { catalog } = shop.app.store()
  const before = await shop.run({ asOfUs: AS_OF_US - 2 * HOUR_US })
  const other = await shop.run({ asOfUs: otherAsOfUs, publish: 'never' })
  const meanwhile = () => catalog.publish('spend', other.run, before.run)
  return shop.run({ onProgress: ({ event }) => event === state && meanwhile() })
}

test('an older run does not take the place of a newer one that was published meanwhile; repeated, neither', () =>
  inShop(
    folder,
    async shop => {
      await assert.rejects(overtaken(shop, 'gates', AS_OF_US + HOUR_US), refused('publish_conflict', /later as-of/))
      const { catalog } = shop.app.store()
      assert.equal(catalog.getRun(catalog.pointer('spend')?.run as string).asOfUs, AS_OF_US + HOUR_US)
      await assert.rejects(shop.run(), refused('earlier_as_of'))
      assert.equal(catalog.getRun(catalog.pointer('spend')?.run as string).asOfUs, AS_OF_US + HOUR_US)
    },
    { state: join(folder, 'older') },
  ))

test('an earlier as-of is refused before anything is computed; `latest` leaves it staged, `force` and rollback serve it', () =>
  inShop(
    folder,
    async shop => {
      const { catalog } = shop.app.store()
      const place = await shop.app.place()
      const first = await shop.run({ asOfUs: AS_OF_US - HOUR_US })
      const later = await shop.run({ asOfUs: AS_OF_US + HOUR_US })
      const events: string[] = []
      const told =
        /found as-of 2026-03-10T12:00:00\.000000Z; expected 2026-03-10T13:00:00\.000000Z or later, as of run [\s\S]*--publish never/
      await assert.rejects(shop.run({ onProgress: ({ event }) => events.push(event) }), refused('earlier_as_of', told))
      assert.deepEqual([events, catalog.listRuns().length], [[], 2], 'nothing was planned')

      const staged = await shop.run({ publish: 'latest' })
      assert.deepEqual([staged.state, staged.laterServed?.run], ['staged', later.run])
      await assert.rejects(shop.run(), refused('earlier_as_of'))
      await assert.rejects(publishRun(place, staged.run), refused('earlier_as_of'))
      assert.equal(catalog.pointer('spend')?.run, later.run)
      // What was served before, repeated, changes nothing and is no failure.
      const repeated = await shop.run({ asOfUs: AS_OF_US - HOUR_US })
      assert.deepEqual([repeated.run, repeated.state, repeated.laterServed?.run], [first.run, 'retired', later.run])

      const forced = await shop.run({ publish: 'force', note: { reason: 'the later one is wrong' } })
      assert.deepEqual([forced.run, forced.state], [staged.run, 'published'])
      assert.equal((await publishRun(place, later.run)).pointer.run, later.run)
      await publishRun(place, staged.run, { force: true, reason: 'again' })
      assert.deepEqual([catalog.pointer('spend')?.run, catalog.pointer('spend')?.reason], [staged.run, 'again'])
      await publishRun(place, later.run)
      assert.equal(catalog.rollback('spend').run, staged.run, 'a rollback asks for nothing')
      const newest = await shop.run({ asOfUs: AS_OF_US + 2 * HOUR_US, publish: 'latest' })
      assert.deepEqual([newest.state, newest.laterServed], ['published', undefined])
    },
    { state: join(folder, 'earlier') },
  ))

test('a newer run takes the place of an older one that was published meanwhile', () =>
  inShop(folder, async shop => assert.equal((await overtaken(shop, 'planned', AS_OF_US - HOUR_US)).state, 'published'), {
    state: join(folder, 'newer'),
  }))

test('several processes and the same run at once: one result, one DONE a shard, all are done', async () => {
  for (let round = 0; round < (process.env.PRESCORE_FULL === '1' ? 20 : 1); round++) {
    const state = `together-${round}`
    const run = () => prescore(state, 'run', 'spend', '--as-of', AS_OF, '--shards', '4', '--threads', '2') as Promise<RunOutcome>
    const [first, ...others] = await Promise.all([run(), run(), run()])
    assert.equal(first?.state, 'published')
    for (const other of others)
      assert.deepEqual([other.run, other.report.digest, other.state], [first?.run, first?.report.digest, first?.state])
    await inShop(folder, shop => assertOneResult(shop, first?.run as string), { state: join(folder, state) })
  }
})

async function assertOneResult(shop: OpenShop, run: string): Promise<void> {
  const { catalog } = shop.app.store()
  assertAnswers(shop, run, expectedAnswers())
  assert.deepEqual([catalog.listRuns().length, catalog.pointer('spend')?.sequence], [1, 1])
  for (const shard of ['0', '1', '2', '3']) {
    const folder = join(shop.app.runs, run, 'score', shard)
    const { file } = JSON.parse(readFileSync(join(folder, 'DONE'), 'utf8')) as { file: string }
    assert.deepEqual(readdirSync(folder).sort(), [file, 'DONE'].sort(), 'the losers deleted what they made')
  }
}
