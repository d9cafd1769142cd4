/** Runs over PostgreSQL: the answers that files give, rows that change, a database that goes away, and what is kept of it. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { inspectRun, pruneRuns, type RunProgress } from '../../src/batch/index.ts'
import { checkAll } from '../../src/release/index.ts'
import { prescore, start, until } from '../cli/process.ts'
import { openHouse } from '../live/house.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { assertAnswers, inShop, type OpenShop, refused } from './harness.ts'
import { fillTables, overTables, SHOP_URL } from './postgres-shop.ts'
import { AS_OF, CONFIG, changed, expectedAnswers, makeShop, removeShop, shopOrders } from './shop.ts'

const DAY_US = 86_400_000_000

describe('runs over PostgreSQL', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  let folder: string

  before(async () => {
    server = await PostgresServer.start()
    process.env[SHOP_URL] = server.url
    folder = await makeShop({ config: overTables() })
  })
  after(async () => {
    await server?.remove()
    if (folder !== undefined) removeShop(folder)
  })
  beforeEach(() => fillTables(server))

  let states = 0
  const inNewState = (use: (shop: OpenShop) => Promise<void>) => inShop(folder, use, { state: join(folder, `state-${states++}`) })
  const snapshots = ({ app }: OpenShop) => readdirSync(app.loaded.snapshots as string).sort()
  const between = (act: () => void) => (progress: RunProgress) => progress.event === 'planned' && act()
  const fewer = shopOrders().slice(0, 200)

  test('the release and the answers are those that files give; the plan says what was read, and when', async () => {
    const files = await makeShop()
    try {
      const fromFiles = await inShop(files, ({ run }) => run())
      await inNewState(async shop => {
        const { release, run, report } = await shop.run()
        assert.deepEqual([release, report.digest], [fromFiles.release, fromFiles.report.digest])
        assertAnswers(shop, run, expectedAnswers())
        const { plan } = await inspectRun({ store: shop.app.store(), runs: shop.app.runs }, run)
        const readAt = Object.values(plan?.pins ?? {}).map(({ files: [file] }) => file?.readAtUs)
        assert.equal(new Set(readAt).size, 1, 'one moment')
        assert.ok(Math.abs((readAt[0] as number) - Date.now() * 1000) < 60e6)
        const shown = await prescore(['runs', 'show', run, '--project', folder, '--state', join(shop.app.runs, '..')])
        assert.match(shown.stdout, /source +orders: 403 rows read from the database at 20/)
      })
    } finally {
      removeShop(files)
    }
  })

  test('rows that change on the way change nothing; --repin takes them', () =>
    inNewState(async shop => {
      const changes: Promise<void>[] = []
      const { run } = await shop.run({ onProgress: between(() => changes.push(fillTables(server, fewer))) })
      await Promise.all(changes)
      assertAnswers(shop, run, expectedAnswers())
      assert.deepEqual([(await shop.run()).run, (await shop.run()).unchanged], [run, true])
      const again = await shop.run({ repin: true })
      assert.notEqual(again.run, run)
      assertAnswers(shop, again.run, expectedAnswers(fewer))
      await fillTables(server, fewer.toReversed())
      assert.equal((await shop.run({ repin: true })).run, again.run, 'the same rows in another order')
    }))

  test('a database that goes away after the plan is not missed; one that is away before it refuses, to be tried again', () =>
    inNewState(async shop => {
      const controller = new AbortController()
      await assert.rejects(
        shop.run({ shards: 2, signal: controller.signal, onProgress: between(() => controller.abort()) }),
        refused('interrupted'),
      )
      await server.down()
      try {
        const { run, state } = await shop.run()
        assert.equal(state, 'published')
        assertAnswers(shop, run, expectedAnswers())
        await assert.rejects(shop.run({ repin: true }), refused('source_unavailable', /sources\.customers.*ECONNREFUSED/))
        const { code, stderr } = await prescore(['run', 'spend', '--as-of', '2026-03-10T13:00:00Z', '--project', folder])
        assert.equal(code, 75, stderr)
        assert.equal(shop.app.store().catalog.pointer('spend')?.run, run)
      } finally {
        await server.up()
      }
    }))

  test('killed with −9 while it reads: repeated, it is whole, and what it left behind goes with time', async () => {
    await server.query('CREATE OR REPLACE VIEW slow AS SELECT o.* FROM orders o, LATERAL (SELECT pg_sleep(0.003), o.id) s')
    const config = changed(overTables(), "table: 'orders'", "table: 'slow'")
    const slow = await makeShop({ config })
    try {
      const reading = join(slow, '.prescore/snapshots')
      const { child, ended } = start(['run', 'spend', '--as-of', AS_OF, '--project', slow])
      const isReading = () => existsSync(reading) && readdirSync(reading).some(name => name.startsWith('reading-'))
      await until(() => isReading() || child.exitCode !== null)
      child.kill('SIGKILL')
      assert.equal((await ended).code, null)
      await inShop(slow, async shop => {
        assertAnswers(shop, (await shop.run()).run, expectedAnswers())
        assert.equal(isReading(), true)
        for (const name of snapshots(shop)) utimesSync(join(reading, name), 1, 1)
        const { leftovers } = await pruneRuns(await shop.app.place(), {
          keep: 0,
          olderThanUs: 1,
          nowUs: Date.now() * 1000,
          isDryRun: false,
        })
        assert.equal(leftovers.files, 1)
        assert.equal(isReading(), false)
        assert.equal(snapshots(shop).length, 2)
      })
    } finally {
      removeShop(slow)
    }
  })

  test('what no run needs any more is removed, once it is old', () =>
    inNewState(async shop => {
      await shop.run({ publish: 'never' })
      await fillTables(server, fewer)
      const { run } = await shop.run({ repin: true })
      const all = snapshots(shop)
      assert.equal(all.length, 3, 'customers did not change')
      const asked = { keep: 0, olderThanUs: DAY_US, isDryRun: false }
      const place = await shop.app.place()
      assert.deepEqual(await pruneRuns(place, { ...asked, nowUs: Date.now() * 1000 }), { runs: [], leftovers: { files: 0, bytes: 0 } })
      const pruned = await pruneRuns(place, { ...asked, nowUs: Date.now() * 1000 + 2 * DAY_US })
      assert.deepEqual([pruned.runs.length, pruned.leftovers.files], [1, 1])
      assert.equal(snapshots(shop).length, 2)
      await server.down()
      try {
        assert.equal((await shop.run()).run, run)
      } finally {
        await server.up()
      }
    }))

  test('check reads it all, and keeps nothing', () =>
    inNewState(async ({ app }) => {
      const problems = await checkAll(await app.database(), app.loaded)
      assert.deepEqual(
        problems.map(({ code, severity }) => [code, severity]),
        [['duplicate_keys', 'warning']],
      )
      assert.equal(existsSync(app.loaded.snapshots as string), false)
    }))

  test('live features are filled from it and kept up from the log; rows that changed meanwhile are read at the next start', async t => {
    const hybrid = await makeShop({
      config: overTables(changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'hybrid', maxAge: '24h', deadline: '60s'`)),
    })
    t.after(() => removeShop(hybrid))
    const house = await openHouse(t, hybrid)
    await house.post([{ id: 1001, customer: 'c0' }])
    await house.assertSameAsScan(['c0', 'c1', 'c2'])
    await house.close()
    await fillTables(server, fewer)
    const next = await openHouse(t, hybrid)
    await next.assertSameAsScan(['c0', 'c1', 'c2'])
    assert.equal(readdirSync(join(hybrid, '.prescore/snapshots/live')).length, 1, 'what the first start read is gone')
  })

  test('a server that starts while the database restarts waits for it', async t => {
    const hybrid = await makeShop({
      config: overTables(changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'hybrid', maxAge: '24h', deadline: '60s'`)),
    })
    t.after(() => removeShop(hybrid))
    await server.down()
    const house = await openHouse(t, hybrid, { settled: false })
    await server.up()
    await house.live.settled
    assert.deepEqual(house.failures, [])
    await house.assertSameAsScan(['c0', 'c1'])
  })
})
