/** What reaches live features, and when: other processes, repeats, heartbeats, failing logs, changed files, a second server. */
import assert from 'node:assert/strict'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PrescoreError } from '../../src/base/index.ts'
import { runBatch } from '../../src/batch/index.ts'
import { AS_OF_US, shopOrders, writeOrders, writeRows } from '../batch/shop.ts'
import { configWith, eventOf, HYBRID, type LiveHouse, MINUTE_US, openHouse, shopFor } from './house.ts'

const HOUR_US = 60 * MINUTE_US
const DAY_US = 24 * HOUR_US
const CUSTOMERS = ['c0', 'c1', 'c2', 'new']
const counted = async (house: LiveHouse, customer = 'new') => (await house.features(customer))?.orders

test('events are in the live features when they are taken, with those of history; repeats count once', async t => {
  const house = await openHouse(t, await shopFor(t))
  await house.assertSameAsScan(CUSTOMERS)
  assert.equal(await counted(house), 0)
  const orders = [1001, 1002, 1003].map(id => ({ id, customer: 'new' }))
  assert.deepEqual(await house.post(orders), { accepted: 3, duplicate: 0 })
  assert.equal(await counted(house), 3)
  assert.deepEqual(await house.post([...orders, { id: 1004, customer: 'c0' }]), { accepted: 1, duplicate: 3 })
  assert.equal(await counted(house), 3)
  await house.assertSameAsScan(CUSTOMERS)
})

test('what another process appends is seen', async t => {
  const folder = await shopFor(t)
  const house = await openHouse(t, folder)
  const event = JSON.stringify(eventOf({ id: 2001, customer: 'new' }, AS_OF_US))
  const program = `
    import { openEventLog } from ${JSON.stringify(join(import.meta.dirname, '../../src/sources/index.ts'))}
    import { loadProject } from ${JSON.stringify(join(import.meta.dirname, '../../src/project/index.ts'))}
    const { definition } = await loadProject(${JSON.stringify(folder)})
    const log = openEventLog(${JSON.stringify(join(folder, '.prescore/log'))}, 'orders', definition.sources.orders, { clock: { nowUs: () => ${AS_OF_US} } })
    console.log(JSON.stringify(await log.append([${event}])))
    await log.close()`
  const { spawnSync } = await import('node:child_process')
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.match(stdout, /"accepted":1/, stderr)
  while ((await counted(house)) !== 1) await sleep(10)
  assert.equal(house.status().applied, 1)
})

test('a heartbeat moves data through on an idle feed, and nothing else does', async t => {
  const house = await openHouse(t, await shopFor(t))
  const through = () => house.status().dataThroughUs as number
  const startUs = through()
  assert.ok(startUs <= AS_OF_US && startUs > AS_OF_US - HOUR_US)
  house.clock.us += DAY_US
  await sleep(300)
  await house.live.catchUp('orders')
  assert.equal(through(), startUs)
  await house.app.log('orders').heartbeat()
  await house.live.catchUp('orders')
  assert.equal(through(), house.clock.us)
  const heardUs = house.clock.us
  house.clock.us += HOUR_US
  await house.answer('c0')
  await house.live.catchUp('orders')
  assert.equal(through(), heardUs)
  await house.post([{ id: 5000, customer: 'new' }])
  assert.equal(through(), house.clock.us)
  await house.post([{ id: 5000, customer: 'new' }])
  assert.equal(through(), house.clock.us)
})

test('beyond max lag an answer is degraded, and says how far the feed is behind', async t => {
  const house = await openHouse(t, await shopFor(t, { config: configWith([`maxAge: '24h'`, `maxAge: '24h', maxLag: '10m'`]) }))
  await house.app.log('orders').heartbeat()
  await house.live.catchUp('orders')
  house.clock.us += 10 * MINUTE_US
  const within = await house.answer('c0')
  assert.deepEqual([within.source, within.degraded, within.reason], ['live', false, undefined])
  house.clock.us += 1
  const beyond = await house.answer('c0')
  assert.deepEqual([beyond.source, beyond.degraded, beyond.reason?.code], ['live', true, 'ingest_lag'])
  assert.match(beyond.reason?.message ?? '', /601 s/)
  await house.app.log('orders').heartbeat()
  await house.live.catchUp('orders')
  assert.equal((await house.answer('c0')).degraded, false)
})

test('a source of which nothing was ever read lags, however it is read', async t => {
  const config = configWith([`maxAge: '24h'`, `maxAge: '24h', maxLag: '10m'`])
  const future = shopOrders().map(order => ({ ...order, atUs: order.atUs + 30 * DAY_US }))
  const house = await openHouse(t, await shopFor(t, { config, orders: future }))
  const { source, degraded, reason, dataThrough } = await house.answer('c0')
  assert.deepEqual([source, degraded, reason?.code, dataThrough], ['live', true, 'ingest_lag', null])
  const scanned = await house.app.scanningResolver('spend').answer({ customer: 'c0' }, { prefer: 'live' })
  assert.equal(scanned.reason?.code, 'ingest_lag')
})

test('a log that fails: the feed says so, and answers tell that they lag', async t => {
  const house = await openHouse(t, await shopFor(t, { config: configWith([`maxAge: '24h'`, `maxAge: '24h', maxLag: '2h'`]) }))
  await house.post([{ id: 6000, customer: 'new' }])
  await house.app.log('orders').close()
  while (house.failures.length === 0) await sleep(5)
  assert.deepEqual(
    house.failures.map(({ where, error }) => [where, error.code]),
    [['sources.orders', 'store_unreadable']],
  )
  const { failure, position } = house.status()
  assert.deepEqual([failure?.code, position], ['store_unreadable', 0])
  assert.equal(await counted(house), 1)
  const { degraded, reason } = await house.answer('new')
  assert.deepEqual([degraded, reason?.code], [true, 'ingest_lag'])
  assert.match(reason?.message ?? '', /stands still \(store_unreadable\)/)
})

test('an event that a feature cannot take is passed over, told, keeps back no other, and degrades the answers of its key', async t => {
  const config = configWith([`largest: f.max('amount', { over: '7d' })`, `largest: f.sum('id', { over: '7d' })`])
  const folder = await shopFor(t, { config })
  const house = await openHouse(t, folder)
  await house.post([{ id: 1001, customer: 'new' }])
  assert.equal((await house.answer('new')).degraded, false)
  await house.post([
    { id: 1002, customer: 'new' },
    { id: 9007199254740993n, customer: 'other' },
  ])
  assert.deepEqual(
    house.failures.map(({ where, error }) => [where, error.code]),
    [['sources.orders', 'lossy_cast']],
  )
  await house.post([{ id: 1003, customer: 'new' }])
  const { explain, degraded } = await house.answer('new')
  assert.deepEqual([explain?.features?.orders, degraded], [3, false])
  const { applied, passedOver, failure } = house.status()
  assert.deepEqual([applied, passedOver, failure], [4, 1, undefined])
  const flawed = async (from: LiveHouse) => {
    const { source, degraded, reason } = await from.answer('other')
    return [source, degraded, reason?.code]
  }
  assert.deepEqual(await flawed(house), ['live', true, 'lossy_cast'])
  await house.close()
  // It is known after a restart too, and until no window reaches the event.
  const again = await openHouse(t, folder)
  assert.deepEqual([await flawed(again), (await again.answer('new')).degraded], [['live', true, 'lossy_cast'], false])
  again.clock.us += 8 * DAY_US
  await again.app.log('orders').heartbeat()
  await again.live.catchUp('orders')
  // Of all that it ever had, nothing is there.
  assert.deepEqual(await flawed(again), ['live', true, 'unknown_key'])
})

test('unchanged files: goes on where it stood; changed ones are filled anew, with what arrived since', async t => {
  const folder = await shopFor(t)
  const first = await openHouse(t, folder)
  assert.deepEqual([...first.filled], ['orders'])
  await first.post([{ id: 7000, customer: 'new' }])
  await first.close()
  const second = await openHouse(t, folder)
  assert.deepEqual([[...second.filled], second.status().applied, await counted(second)], [[], 1, 1])
  await second.post([{ id: 7001, customer: 'new' }])
  await second.close()
  await writeOrders(folder, [
    ...shopOrders(),
    { id: 7000, customer: 'new', atUs: AS_OF_US - HOUR_US, amount: 1 },
    { id: 9000, customer: 'new', atUs: AS_OF_US - HOUR_US, amount: 1 },
  ])
  const third = await openHouse(t, folder)
  assert.deepEqual([[...third.filled], await counted(third)], [['orders'], 3])
  await third.assertSameAsScan(CUSTOMERS)
})

test('files that are written anew while serving are filled anew, and answers are degraded until they are', async t => {
  const folder = await shopFor(t)
  const house = await openHouse(t, folder)
  await house.post([{ id: 7000, customer: 'new' }])
  assert.equal(await counted(house), 1)
  const atUs = AS_OF_US - HOUR_US
  await writeOrders(folder, [...shopOrders(), { id: 9000, customer: 'new', atUs, amount: 1 }])
  // Its id lies among those of the files, which are asked for it.
  await house.app.log('orders').append([eventOf({ id: 2, customer: 'new' }, house.clock.us)])
  await house.live.catchUp('orders')
  const seen = new Set<string | undefined>()
  for (;;) {
    const answer = await house.answer('new').catch((error: PrescoreError) => error)
    if ('code' in answer) seen.add(answer.code)
    else if (answer.degraded) seen.add(answer.reason?.code)
    else if (answer.explain?.features?.orders === 2) break
    await sleep(5)
  }
  assert.ok(seen.has('not_ready') || seen.has('ingest_lag'), [...seen].join())
  assert.ok(
    [...seen].every(code => code === 'not_ready' || code === 'ingest_lag' || code === undefined),
    [...seen].join(),
  )
  assert.deepEqual([house.status().failure, house.failures[0]?.error.code], [undefined, 'source_changed'])
  await house.assertSameAsScan(CUSTOMERS)
  await house.post([{ id: 7002, customer: 'new' }])
  assert.equal(await counted(house), 3)
})

test('a log that was begun anew: its events count from the first on', async t => {
  const folder = await shopFor(t)
  const first = await openHouse(t, folder)
  await first.post([8000, 8001, 8002].map(id => ({ id, customer: 'new' })))
  await first.close()
  rmSync(join(folder, '.prescore/log'), { recursive: true })
  const second = await openHouse(t, folder)
  assert.equal(await counted(second), 0)
  await second.post([{ id: 8000, customer: 'new' }])
  assert.equal(await counted(second), 1)
  await second.assertSameAsScan(CUSTOMERS)
})

test('what is being filled is not ready, and stored answers go on', async t => {
  const folder = await shopFor(t)
  const first = await openHouse(t, folder)
  await runBatch(await first.app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, publish: 'gated' })
  await first.close()
  rmSync(join(folder, '.prescore/online'), { recursive: true })
  const house = await openHouse(t, folder, { settled: false })
  const { source, degraded, reason } = await house.answer('c0')
  assert.deepEqual([source, degraded, reason?.code], ['store', true, 'not_ready'])
  const plain = await house.answer('c0', { prefer: 'store' })
  assert.deepEqual([plain.source, plain.degraded], ['store', false])
  await assert.rejects(house.answer('new'), { code: 'not_ready' })
  await house.live.settled
  assert.equal((await house.answer('c0')).source, 'live')
})

test('closing at any moment of the start ends it quietly', async t => {
  const folder = await shopFor(t)
  for (const ms of [0, 1, 5, 20, 60]) {
    const house = await openHouse(t, folder, { settled: false })
    await sleep(ms)
    await house.close()
    await sleep(250)
    assert.deepEqual(house.failures, [], `closed after ${ms} ms`)
    if (ms % 2 === 0) rmSync(join(folder, '.prescore/online'), { recursive: true, force: true })
  }
})

test('a source that cannot be read keeps back the predictions that join it, and no others', async t => {
  const config = configWith(
    ['sources: { orders, customers }', 'sources: { orders, visits, customers }'],
    [
      'const customer = entity',
      `const visits = events({ files: 'visits.parquet', columns: { id: 'int64', placed: 'timestamp', customer: 'string', amount: 'float64', note: 'string' }, zone: 'UTC', id: 'id', time: 'placed' })
const customer = entity`,
    ],
    [
      'export default',
      `const seen = visits.by(customer).features(f => ({ orders: f.count({ over: '7d' }), total: f.sum('amount', { over: '7d' }), largest: f.max('amount', { over: '7d' }) }))
export default`,
    ],
    [
      '  predictions: {\n',
      `  predictions: {
    visit: prediction({
      entity: customer,
      zone: 'Europe/Paris',
      join: s => ({ own: seen.at(s.key) }),
      features: s => ({ orders: s.join.own.orders, total: s.join.own.total, largest: s.join.own.largest, hour: s.asOf.hourOfDay() }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      policy: { mode: 'live', default: { value: 7 } },
    }),
`,
    ],
  )
  const folder = await shopFor(t, { config })
  const file = join(folder, 'visits.parquet')
  await writeRows(file, `SELECT * FROM '${join(folder, 'orders.parquet')}'`)
  const first = await openHouse(t, folder)
  assert.deepEqual([(await first.answer('c0', {}, 'visit')).source, (await first.answer('c0')).source], ['live', 'live'])
  await first.close()
  rmSync(file)
  assert.equal(existsSync(file), false)
  const house = await openHouse(t, folder)
  assert.equal((await house.answer('c0')).source, 'live')
  const { source, degraded, reason } = await house.answer('c0', {}, 'visit')
  assert.deepEqual([source, degraded, reason?.code], ['default', true, 'not_ready'])
  assert.match(reason?.message ?? '', /sources\.visits/)
  assert.deepEqual(
    house.failures.map(({ where }) => where),
    ['predictions.visit'],
  )
})

test('the history of the shop is answered as it is, with nothing posted', async t => {
  const house = await openHouse(t, await shopFor(t, { config: HYBRID }))
  await house.assertSameAsScan(Array.from({ length: 45 }, (_, i) => `c${i}`).slice(0, 12))
})
