/** Keys that nobody knows: they are answered, and the answer says what it was made of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerObject } from '../../src/resolve/index.ts'
import { configWith, type LiveHouse, openHouse, shopFor } from './house.ts'

const LIVE = ["mode: 'hybrid', maxAge: '24h'", "mode: 'live'"] as const
const DEFAULT = ["deadline: '60s'", "deadline: '60s', default: { value: 7 }"] as const

const told = async (house: LiveHouse, customer: string, options = {}) => {
  const { source, degraded, reason } = await house.answer(customer, options)
  return [source, degraded, reason?.code ?? null]
}
const UNKNOWN = ['live', true, 'unknown_key']
const KNOWN = ['live', false, null]

test('a key without an event is told, until it has one', async t => {
  const house = await openHouse(t, await shopFor(t))
  assert.deepEqual(await told(house, 'c1'), KNOWN)
  assert.deepEqual(await told(house, 'nobody'), UNKNOWN)
  assert.match((await house.answer('nobody')).reason?.message ?? '', /no event/)
  await house.post([{ id: 9_001, customer: 'nobody', amount: 3 }])
  assert.deepEqual(await told(house, 'nobody'), KNOWN)
})

test('a command that scans says the same', async t => {
  const house = await openHouse(t, await shopFor(t))
  for (const [customer, expected] of [
    ['c1', KNOWN],
    ['nobody', UNKNOWN],
  ] as const) {
    const { source, degraded, reason } = answerObject(await house.app.scanningResolver('spend').answer({ customer }, { prefer: 'live' }))
    assert.deepEqual([source, degraded, reason?.code ?? null], expected)
  }
})

test('it comes before the default, and in mode live too', async t => {
  const house = await openHouse(t, await shopFor(t, { config: configWith(LIVE, DEFAULT) }))
  assert.deepEqual(await told(house, 'nobody'), UNKNOWN)
  assert.deepEqual(await told(house, 'c1'), KNOWN)
})

test('an event that some features leave out makes a key known, and where all may leave it out nobody is told', async t => {
  const large = (feature: string) => feature.replace(`'7d' }`, `'7d', where: r => r.amount.gt(1_000_000) }`)
  const features = [`f.count({ over: '7d' })`, `f.sum('net', { over: '7d' })`, `f.max('amount', { over: '7d' })`]
  const changes = features.map(feature => [feature, large(feature)] as const)
  for (const [changed, unknown] of [
    [changes.slice(1), UNKNOWN],
    [changes, KNOWN],
  ] as const) {
    const house = await openHouse(t, await shopFor(t, { config: configWith(...changed) }))
    const scanned = async (customer: string) =>
      answerObject(await house.app.scanningResolver('spend').answer({ customer }, { prefer: 'live' })).degraded
    assert.deepEqual([await told(house, 'c1'), await scanned('c1')], [KNOWN, false])
    assert.deepEqual([await told(house, 'nobody'), await scanned('nobody')], [unknown, unknown === UNKNOWN])
  }
})

test('a row of a table makes a key known', async t => {
  const config = configWith(
    ['export default', `const profile = customers.by(customer).features(f => ({ active: f.last('active') }))\nexport default`],
    ['join: s => ({ own: own.at(s.key) })', 'join: s => ({ own: own.at(s.key), profile: profile.at(s.key) })'],
    ['largest: s.join.own.largest', 'largest: s.join.profile.active'],
  )
  const house = await openHouse(t, await shopFor(t, { config }))
  assert.deepEqual(await told(house, 'never'), KNOWN)
  assert.deepEqual(await told(house, 'nobody'), UNKNOWN)
})

test('without features of its key, and where a request sets them, nobody need know it', async t => {
  const config = configWith(
    [
      'join: s => ({ own: own.at(s.key) })',
      `inputs: { friend: 'string' },\n      join: s => ({ own: own.at({ customer: s.inputs.friend }) })`,
    ],
    ['      population: customers.where(r => r.active).keys(customer),\n', ''],
    LIVE,
    ['      gates: { coverage: 0.9 },\n', ''],
  )
  const house = await openHouse(t, await shopFor(t, { config }))
  assert.deepEqual(await told(house, 'nobody', { inputs: { friend: 'nobody' } }), KNOWN)
  const own = await openHouse(t, await shopFor(t))
  assert.deepEqual(await told(own, 'nobody', { attributes: { own: { orders: 3 } } }), KNOWN)
})
