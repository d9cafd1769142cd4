/** Data that changes, is damaged or disappears before, while and after a run is computed. */
import assert from 'node:assert/strict'
import { readFileSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { RunOutcome, RunProgress } from '../../src/batch/index.ts'
import { assertAnswers, inShop, refused } from './harness.ts'
import { expectedAnswers, makeShop, removeShop, shopCustomers, shopOrders, writeCustomers, writeOrders } from './shop.ts'

let folder: string

beforeEach(async () => {
  folder = await makeShop()
})
afterEach(() => removeShop(folder))

const fewer = shopOrders().slice(0, 200)

/** Does it between plan and features. */
function between(act: () => void): (progress: RunProgress) => void {
  return ({ event }) => event === 'planned' && act()
}

test('other data after a finished run: the same run as before, and with --repin another one', () =>
  inShop(folder, async shop => {
    const first = await shop.run()
    await writeOrders(folder, fewer)
    const again = await shop.run()
    assert.deepEqual([again.run, again.unchanged], [first.run, true])
    const repinned = await shop.run({ repin: true })
    assert.notEqual(repinned.run, first.run)
    assert.deepEqual([repinned.release, repinned.state], [first.release, 'published'])
    assertAnswers(shop, repinned.run, expectedAnswers(fewer))
    const last = await shop.run()
    assert.deepEqual([last.run, last.unchanged], [repinned.run, true])
  }))

test('--repin without a change finds the same run', () =>
  inShop(folder, async shop => {
    const first = await shop.run()
    utimesSync(join(folder, 'orders.parquet'), 1, 1)
    const again = await shop.run({ repin: true })
    assert.deepEqual([again.run, again.unchanged], [first.run, true])
  }))

test('other data between plan and features: refused, nothing is published; the old data completes the run', () =>
  inShop(folder, async shop => {
    const orders = join(folder, 'orders.parquet')
    const kept = readFileSync(orders)
    const change = () => truncateSync(orders, kept.length - 10)
    await assert.rejects(shop.run({ onProgress: between(change) }), refused('source_changed', /orders\.parquet.*--repin/))
    assert.equal(shop.app.store().catalog.pointer('spend'), undefined)
    await assert.rejects(shop.run(), refused('source_changed'))
    writeFileSync(orders, kept)
    const { run, state } = await shop.run()
    assert.equal(state, 'published')
    assertAnswers(shop, run, expectedAnswers())
  }))

test('a file that is gone between plan and features', () =>
  inShop(folder, async shop => {
    const orders = join(folder, 'orders.parquet')
    await assert.rejects(
      shop.run({ onProgress: between(() => renameSync(orders, `${orders}.away`)) }),
      refused('source_changed', /no file at orders\.parquet/),
    )
    renameSync(`${orders}.away`, orders)
    assert.equal((await shop.run()).state, 'published')
  }))

test('a change of a run that was only planned: the old pins are refused, --repin plans anew', () =>
  inShop(folder, async shop => {
    await assert.rejects(shop.run({ onProgress: between(() => rmSync(join(folder, 'orders.parquet'))) }), refused('source_changed'))
    await writeOrders(folder, fewer)
    await assert.rejects(shop.run(), refused('source_changed', /orders\.parquet/))
    const { run } = await shop.run({ repin: true })
    assertAnswers(shop, run, expectedAnswers(fewer))
  }))

test('a Parquet file that is not whole', async () => {
  truncateSync(join(folder, 'orders.parquet'), 500)
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('source_unreadable', /orders/),
  )
  rmSync(join(folder, 'orders.parquet'))
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('source_unreadable', /no file at orders\.parquet/),
  )
})

test('another filter of the population is another run, over the same pins', async () => {
  const first = await inShop(folder, ({ run }) => run())
  const config = readFileSync(join(folder, 'prescore.config.ts'), 'utf8')
  const fewerCustomers = shopCustomers().filter(({ customer }) => customer !== 'c0')
  for (const [name, text] of [
    ['another condition', config.replace('r => r.active', "r => r.active.and(r.customer.ne('c0'))")],
    [
      'another derived column',
      config
        .replace("active: 'boolean' } })", "active: 'boolean' }, derive: r => ({ wanted: r.active.and(r.customer.ne('c0')) }) })")
        .replace('r => r.active)', 'r => r.wanted)'),
    ],
  ] as const) {
    const project = join(folder, `${name.replaceAll(' ', '-')}.ts`)
    writeFileSync(project, text)
    await inShop(project, async shop => {
      const { run, release } = await shop.run()
      assert.notEqual(run, first.run, name)
      assert.equal(release, first.release)
      assertAnswers(shop, run, expectedAnswers(undefined, fewerCustomers))
    })
  }
})

test('a derived column of the population that changes is another run', async () => {
  const config = readFileSync(join(folder, 'prescore.config.ts'), 'utf8').replace('r => r.active)', 'r => r.wanted)')
  const derived = (condition: string) =>
    config.replace("active: 'boolean' } })", `active: 'boolean' }, derive: r => ({ wanted: ${condition} }) })`)
  const runs: RunOutcome[] = []
  for (const [i, condition] of ['r.active', 'r.active.not()'].entries()) {
    const project = join(folder, `derived${i}.ts`)
    writeFileSync(project, derived(condition))
    runs.push(await inShop(project, ({ run }) => run()))
  }
  assert.equal(runs[0]?.release, runs[1]?.release)
  assert.notEqual(runs[0]?.run, runs[1]?.run)
  assert.deepEqual(
    runs.map(({ report }) => report.rows),
    [31, 10],
  )
})

test('a join that is declared or dropped, and read by no feature, changes no run', async () => {
  await writeCustomers(folder, shopCustomers())
  const config = readFileSync(join(folder, 'prescore.config.ts'), 'utf8')
  const project = join(folder, 'unread.ts')
  writeFileSync(
    project,
    config
      .replace(
        '({ own: own.at(s.key) })',
        '({ own: own.at(s.key), about: customers.by(customer).features(f => ({ n: f.count() })).at(s.key) })',
      )
      .replace("note: 'string' }", '}'),
  )
  const before = await inShop(project, ({ run }) => run({ publish: 'never' }))
  const after = await inShop(folder, ({ run }) => run())
  assert.deepEqual([after.run, after.release, after.report.digest], [before.run, before.release, before.report.digest])
})
