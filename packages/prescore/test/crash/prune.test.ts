/** A prune that is killed with −9 while it drops events: nothing is read that was not there, nothing less, and the next one finishes. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { App } from '../../src/app.ts'
import { simulatedClock } from '../../src/base/index.ts'
import { pinSource, scanSource, sourceAt } from '../../src/sources/index.ts'
import { AS_OF_US, makeShop, type Order, removeShop } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { prescore, start, until } from '../cli/process.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 30 : 4
const EVENTS = 60_000
const HOUR_US = 3_600_000_000
const PRUNE = ['runs', 'prune', '--events-older-than', '5d', '--json']

test(`${KILLS} kills`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  const orders = Array.from({ length: EVENTS }, (_, i) => orderOf(i + 1, (20 + (i % 20)) * 24))
  const folder = await makeShop({ orders })
  t.after(() => removeShop(folder))
  const app = await App.open({ project: folder, threads: 1, clock: simulatedClock(AS_OF_US) })
  t.after(() => app.close())
  const log = app.log('orders')
  const posted = (some: readonly Order[]) =>
    log.append(some.map(({ atUs, ...rest }) => ({ ...rest, placed: new Date(atUs / 1000).toISOString() })))
  const younger = [orderOf(EVENTS + 1, 30), orderOf(EVENTS + 2, 20)]
  await posted(younger)
  for (let from = 0; from < EVENTS; from += 5_000) await posted(orders.slice(from, from + 5_000))
  const expected = await contentOf(app)
  let cut = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const left = log.freedBefore(AS_OF_US).events
    const pruning = start(PRUNE, { cwd: folder })
    t.after(() => pruning.child.kill('SIGKILL'))
    if (kill === 0) await until(() => log.status().retainedFromUs > 0 || pruning.child.exitCode !== null)
    else await until(() => log.freedBefore(AS_OF_US).events < left || pruning.child.exitCode !== null)
    await sleep(chance() * 4)
    pruning.child.kill('SIGKILL')
    await pruning.ended
    const now = log.freedBefore(AS_OF_US).events
    if (now > 0 && now < left) cut++
    assert.deepEqual(await contentOf(app), expected)
  }
  t.diagnostic(`${cut} were cut off while events left the disk`)
  const { code, stdout, stderr } = await prescore(PRUNE, { cwd: folder })
  assert.equal(code, 0, stderr)
  const [{ keptBy } = { keptBy: '' }] = (JSON.parse(stdout) as { events: { keptBy: string }[] }).events
  assert.match(keptBy, /does not stand in the files/)
  assert.equal(log.freedBefore(AS_OF_US).events, 0)
  assert.deepEqual(await contentOf(app), expected)
  // What was dropped does not come back.
  const { accepted } = await posted([...orders.slice(0, 100), ...younger])
  assert.equal(accepted, 0)
  assert.deepEqual(await contentOf(app), expected)
})

function orderOf(id: number, hoursBefore: number): Order {
  return { id, customer: `c${id % 45}`, atUs: AS_OF_US - hoursBefore * HOUR_US, amount: id % 100 }
}

/** How many rows, and the sum of their ids: each once. */
async function contentOf(app: App): Promise<{ rows: number; ids: number }> {
  const { definition } = app.loaded
  const source = sourceAt({ ...app.loaded, logs: join(app.loaded.folder, '.prescore/log') }, definition, 'orders')
  const database = await app.database()
  const content = { rows: 0, ids: 0 }
  for await (const { rows, columns } of scanSource(database, source, await pinSource(database, source), { columns: ['id'] })) {
    const { values } = columns.get('row.id') as { values: Float64Array }
    for (let i = 0; i < rows; i++) content.ids += values[i] as number
    content.rows += rows
  }
  return content
}
