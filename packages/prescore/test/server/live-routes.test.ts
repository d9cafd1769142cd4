/** The clock, heartbeats and sources over HTTP, with a real live half behind them; and requests that live answers refuse. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ERRORS, type ErrorCode, formatInstant, simulatedClock } from '../../src/base/index.ts'
import { createServer } from '../../src/server/index.ts'
import { memoryStore } from '../../src/stores/index.ts'
import { AS_OF, AS_OF_US } from '../batch/shop.ts'
import { configWith, eventOf, type LiveHouse, MINUTE_US, openHouse, shopFor } from '../live/house.ts'

const CONFIG = configWith(
  ['entity: customer,', `entity: customer,\n      inputs: { boost: 'float64' },`],
  ['largest: s.join.own.largest', 'largest: s.inputs.boost'],
  ['population: customers.where(r => r.active).keys(customer),\n', ''],
  [`mode: 'hybrid', maxAge: '24h'`, `mode: 'live'`],
)

async function served(t: TestContext, config?: string) {
  const house = await openHouse(t, await shopFor(t, config === undefined ? {} : { config }))
  const { app, live, clock } = house
  const server = createServer({
    resolvers: [app.resolver('spend')],
    catalog: app.store().catalog,
    logOf: name => app.log(name),
    clock,
    live,
  })
  const ask = async (method: 'GET' | 'POST', url: string, payload?: unknown) => {
    const body = payload === undefined ? {} : { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json' } }
    const response = await server.app.inject({ method, url, ...body })
    return { status: response.statusCode, body: response.json() as Record<string, unknown> }
  }
  return { house, server, ask }
}

type Ask = Awaited<ReturnType<typeof served>>['ask']

async function assertRefused(
  ask: Ask,
  code: ErrorCode,
  method: 'GET' | 'POST',
  url: string,
  payload?: unknown,
  words = /./,
): Promise<void> {
  const { status, body } = await ask(method, url, payload)
  assert.deepEqual([body.code, status], [code, ERRORS[code].status], `${url} ${JSON.stringify(payload)}: ${JSON.stringify(body)}`)
  assert.match(`${body.message} ${body.fix}`, words)
}

test('the clock: told, moved on, never back; and not on the machine’s', async () => {
  const clock = simulatedClock(AS_OF_US)
  const { app } = createServer({ resolvers: [], catalog: memoryStore().catalog, clock })
  const ask: Ask = async (method, url, payload) => {
    const body = payload === undefined ? {} : { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json' } }
    const response = await app.inject({ method, url, ...body })
    return { status: response.statusCode, body: response.json() as Record<string, unknown> }
  }
  const { body: first } = await ask('GET', '/api/clock')
  assert.equal(first.simulated, true)
  assert.ok((first.now as string) >= formatInstant(AS_OF_US))
  const { status, body } = await ask('POST', '/api/clock', { now: '2026-03-10T15:00:00+01:00' })
  assert.equal(status, 200)
  assert.ok((body.now as string) >= '2026-03-10T14:00:00' && (body.now as string) < '2026-03-10T14:01:00')
  for (const payload of [
    { now: AS_OF },
    { now: 'soon' },
    { now: 5 },
    { now: null },
    {},
    { now: '2026-03-11T00:00:00Z', speed: 2 },
    [],
    null,
    { now: '2026-03-11T00:00:00' },
  ])
    await assertRefused(ask, 'invalid_request', 'POST', '/api/clock', payload)
  await assertRefused(ask, 'invalid_request', 'POST', '/api/clock')
  assert.ok(clock.nowUs() < AS_OF_US + 3 * 60 * MINUTE_US)
  const machine = createServer({ resolvers: [], catalog: memoryStore().catalog })
  const response = await machine.app.inject({ method: 'POST', url: '/api/clock', payload: { now: '2999-01-01T00:00:00Z' } })
  assert.deepEqual([response.statusCode, (response.json() as { code: string }).code], [409, 'clock_not_simulated'])
  assert.equal(((await machine.app.inject('/api/clock')).json() as { simulated: boolean }).simulated, false)
})

test('sources: position, what is applied, data through and lag; a heartbeat moves it', async t => {
  const { house, ask } = await served(t)
  const stated = async () => (await ask('GET', '/api/sources')).body as { now: string; sources: Record<string, unknown>[] }
  const before = (await stated()).sources[0]
  assert.deepEqual([before?.name, before?.position, before?.applied, before?.failure], ['orders', 0, 0, null])
  house.clock.us += 90 * MINUTE_US
  const { body } = await ask('POST', '/api/sources/orders/heartbeat')
  assert.deepEqual(body, { through: formatInstant(house.clock.us) })
  assert.deepEqual((await stated()).sources[0], {
    name: 'orders',
    position: 0,
    applied: 0,
    dataThrough: formatInstant(house.clock.us),
    lagSeconds: 0,
    passedOver: 0,
    failure: null,
  })
  const { status, body: taken } = await ask('POST', '/api/sources/orders/events', [eventOf({ id: 1000, customer: 'new' }, house.clock.us)])
  assert.deepEqual([status, taken.accepted], [202, 1])
  house.clock.us += 1
  const after = await stated()
  assert.deepEqual(
    [after.now, after.sources[0]?.position, after.sources[0]?.applied, after.sources[0]?.lagSeconds],
    [formatInstant(house.clock.us), 1, 1, 1],
  )
  await assertRefused(ask, 'unknown_source', 'POST', '/api/sources/order/heartbeat', undefined, /orders/)
  await assertRefused(ask, 'not_supported', 'POST', '/api/sources/customers/heartbeat')
  await house.app.log('orders').close()
  await assertRefused(ask, 'store_unreadable', 'POST', '/api/sources/orders/heartbeat')
  const failed = (await stated()).sources[0]
  assert.deepEqual([failed?.name, failed?.applied], ['orders', 1])
})

test('requests that do not fit are refused, each with its code', async t => {
  const { house, ask } = await served(t, CONFIG)
  const url = '/api/predictions/spend/answers'
  const key = { customer: 'c0' }
  const fine = await ask('POST', url, { key, inputs: { boost: 2 }, explain: true })
  assert.deepEqual([fine.status, fine.body.source, fine.body.degraded], [200, 'live', false], JSON.stringify(fine.body))
  const cases: readonly (readonly [ErrorCode, unknown, RegExp?])[] = [
    ['missing_input', { key }, /`boost`/],
    ['missing_input', { key, inputs: {} }],
    ['invalid_input', { key, inputs: { boost: '2' } }],
    ['invalid_input', { key, inputs: { bost: 2 } }, /boost/],
    ['invalid_input', { key, inputs: [2] }],
    ['invalid_key', { inputs: { boost: 2 } }],
    ['invalid_key', { key: { customer: 1 }, inputs: { boost: 2 } }],
    ['invalid_key', { key: { customer: 'c0', hour: 3 }, inputs: { boost: 2 } }],
    ['invalid_attribute', { key, inputs: { boost: 2 }, attributes: { owm: {} } }, /own/],
    ['invalid_attribute', { key, inputs: { boost: 2 }, attributes: { own: { orders: '3' } } }],
    ['invalid_request', { key, inputs: { boost: 2 }, asOf: 'now' }],
    ['invalid_request', { key, inputs: { boost: 2 }, asOf: '2026-03-10T12:00:00' }],
    ['invalid_request', { key, inputs: { boost: 2 }, prefer: 'best' }],
    ['invalid_request', { key, inputs: { boost: 2 }, deadlineMs: 0 }],
    ['invalid_request', { key, inputs: { boost: 2 }, maxAgeSeconds: -1 }],
    ['invalid_request', { key, inputs: { boost: 2 }, explain: 'yes' }],
    ['as_of_out_of_range', { key, inputs: { boost: 2 }, asOf: formatInstant(house.clock.us + 6 * MINUTE_US) }],
    ['as_of_out_of_range', { key, inputs: { boost: 2 }, asOf: formatInstant(house.clock.us - 61 * MINUTE_US) }],
  ]
  for (const [code, body, words] of cases) await assertRefused(ask, code, 'POST', url, body, words)
  const whatIf = await ask('POST', url, { inputs: { boost: 2 }, attributes: { own: { orders: 5, total: 1.5 } }, explain: true })
  assert.deepEqual([whatIf.body.whatIf, whatIf.body.key], [true, null])
  assert.deepEqual((whatIf.body.explain as { features: unknown }).features, { orders: 5, total: 1.5, largest: 2, hour: 13 })
  // Each of many on its own.
  const { body } = await ask('POST', url, { requests: [{ key }, { key, inputs: { boost: 2 } }] })
  const [refused, answered] = body.answers as Record<string, { code: string }>[]
  assert.deepEqual([refused?.error?.code, answered?.source], ['missing_input', 'live'])
})

test('bad events are refused, the good ones beside them are in the live features', async t => {
  const { house, ask } = await served(t)
  const good = eventOf({ id: 5000, customer: 'new' }, house.clock.us)
  const { body } = await ask('POST', '/api/sources/orders/events', [
    good,
    { ...good, id: 5001, placed: undefined },
    { ...good, id: 5002, placed: formatInstant(house.clock.us + 6 * MINUTE_US) },
    { ...good, id: 5003, colour: 'red' },
    { ...good, id: 5004, amount: 'much' },
    { ...good, id: null },
    7,
    { ...good, id: 5005 },
  ])
  assert.deepEqual(
    (body.rejected as { index: number; code: string }[]).map(({ index, code }) => [index, code]),
    [
      [1, 'missing_time'],
      [2, 'event_in_future'],
      [3, 'unknown_column'],
      [4, 'wrong_type'],
      [5, 'missing_id'],
      [6, 'wrong_type'],
    ],
  )
  assert.deepEqual([body.accepted, await counted(house)], [2, 2])
})

const counted = async (house: LiveHouse) => (await house.features('new'))?.orders
