/** Events that come again, or that stand in the files too, count once; without ids each delivery counts. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { AS_OF_US, shopOrders, writeRows } from '../batch/shop.ts'
import { configWith, HYBRID, type LiveHouse, MINUTE_US, openHouse, shopFor } from './house.ts'

const HOUR_US = 60 * MINUTE_US
const DAY_US = 24 * HOUR_US
const CUSTOMERS = ['c0', 'c1', 'c2', 'new']
const counted = async (house: LiveHouse, customer = 'new') => (await house.features(customer))?.orders

/** Many orders of few customers. */
const DENSE = shopOrders().map(order => ({ ...order, customer: `c${order.id % 3}` }))
const untilAt = (us: number) => [`time: 'placed',`, `time: 'placed', until: '${new Date(us / 1000).toISOString()}',`] as const

test('an event that stands in the files counts once, wherever history ends', async t => {
  for (const untilUs of [undefined, AS_OF_US - HOUR_US, AS_OF_US - DAY_US]) {
    const config = untilUs === undefined ? HYBRID : configWith(untilAt(untilUs))
    const house = await openHouse(t, await shopFor(t, { config, orders: DENSE }))
    const known = DENSE.slice(3).filter(({ id, atUs }) => id > 60 && atUs < AS_OF_US - 10 * MINUTE_US)
    const again = known.map(({ id, customer, atUs, amount }) => ({ id, customer, amount, placedUs: atUs }))
    await house.assertSameAsScan(CUSTOMERS)
    await house.post(again.slice(0, 100))
    await Promise.all([house.post(again.slice(90, 200)), house.post(again.slice(200))])
    await house.assertSameAsScan(CUSTOMERS)
    // These ids at another time, perhaps after the end of history: what history knew before it counts, and nothing else.
    const elsewhen = DENSE.slice(3).filter(({ id }) => id <= 60)
    const { accepted } = await house.post(elsewhen.map(({ id, customer }) => ({ id, customer })))
    assert.equal(accepted, elsewhen.length)
    await house.assertSameAsScan(CUSTOMERS)
    await house.close()
  }
})

test('an event that history knew before it happened counts once', async t => {
  const config = configWith(['r.placed.plus(minutes(5))', 'r.placed.minus(minutes(120))'], untilAt(AS_OF_US - 2 * HOUR_US))
  const house = await openHouse(t, await shopFor(t, { config, orders: DENSE }))
  const lately = DENSE.slice(3).filter(({ atUs }) => atUs < AS_OF_US && atUs >= AS_OF_US - DAY_US)
  await house.post(lately.map(({ id, customer, atUs, amount }) => ({ id, customer, amount, placedUs: atUs })))
  await house.assertSameAsScan(CUSTOMERS)
  house.clock.us += 2 * HOUR_US
  await house.assertSameAsScan(CUSTOMERS)
})

test('string ids: one that stands in the files counts once', async t => {
  const config = configWith([`id: 'int64', placed`, `id: 'string', placed`])
  const folder = await shopFor(t, { config })
  const us = AS_OF_US - HOUR_US
  await writeRows(
    join(folder, 'orders.parquet'),
    `SELECT id, make_timestamptz(${us}) AS placed, 'new' AS customer, 1.0::DOUBLE AS amount, NULL::VARCHAR AS note FROM (VALUES ('a'), ('é''x'), ('z'), ('')) AS v(id)`,
  )
  const house = await openHouse(t, folder)
  assert.equal(await counted(house), 4)
  await house.post(['', 'a', `é'x`, 'z', 'b', 'é', '😀'].map(id => ({ id, customer: 'new' })))
  assert.equal(await counted(house), 7)
  await house.assertSameAsScan(CUSTOMERS)
})

test('without ids every delivery counts', async t => {
  const house = await openHouse(t, await shopFor(t, { config: configWith([`  id: 'id',\n`, '']), orders: shopOrders().slice(3) }))
  const orders = [{ id: 1, customer: 'new' }]
  await house.post(orders)
  await house.post(orders)
  assert.equal(await counted(house), 2)
  await house.assertSameAsScan(CUSTOMERS)
})

test('int64 ids beyond 2^53 are told apart', async t => {
  const folder = await shopFor(t)
  const us = AS_OF_US - HOUR_US
  await writeRows(
    join(folder, 'orders.parquet'),
    `SELECT id, make_timestamptz(${us}) AS placed, 'new' AS customer, 1.0::DOUBLE AS amount, NULL::VARCHAR AS note FROM (VALUES (9007199254740993), (5), (9223372036854775807)) AS v(id)`,
  )
  const house = await openHouse(t, folder)
  await house.post(
    [9007199254740992n, 9007199254740993n, 9007199254740994n, 9223372036854775806n, 9223372036854775807n, 5].map(id => ({
      id,
      customer: 'new',
    })),
  )
  assert.equal(await counted(house), 6)
  await house.assertSameAsScan(CUSTOMERS)
})

test('an event that is posted while the live half starts counts once, also where history has it', async t => {
  const folder = await shopFor(t)
  const first = await openHouse(t, folder)
  const before = await counted(first, 'c0')
  await first.close()
  const inHistory = shopOrders()
    .filter(({ customer }) => customer === 'c0')
    .map(({ id, customer }) => ({ id, customer }))
  const house = await openHouse(t, folder, { settled: false })
  let posts = 0
  void house.live.settled.then(() => {
    posts = Number.POSITIVE_INFINITY
  })
  for (; posts < inHistory.length; posts++) await house.post(inHistory.slice(posts, posts + 1))
  await house.live.settled
  await house.live.catchUp('orders')
  assert.equal(house.filled.size, 0)
  assert.equal(await counted(house, 'c0'), before)
})
