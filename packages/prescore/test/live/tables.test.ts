/** Attributes of tables, live: as they are, as they change over time, as a request sets them, and when the files change. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AS_OF_US, writeRows } from '../batch/shop.ts'
import { configWith, type LiveHouse, MINUTE_US, openHouse, shopFor } from './house.ts'

const HOUR_US = 60 * MINUTE_US
const DAY_US = 24 * HOUR_US

interface Profile {
  readonly customer: string
  readonly level: number
  readonly sinceUs?: number
}

/** A shop whose customers have a level, which stands in the place of the largest order. */
async function shopWithLevels(
  t: TestContext,
  profiles: readonly Profile[],
  more: readonly (readonly [string, string])[] = [],
): Promise<string> {
  const isDated = profiles[0]?.sinceUs !== undefined
  const config = configWith(
    [
      `{ customer: 'string', active: 'boolean' }`,
      `{ customer: 'string', active: 'boolean', level: 'float64'${isDated ? `, since: 'timestamp'` : ''} }${isDated ? `, validFrom: 'since', zone: 'UTC'` : ''}`,
    ],
    ['export default', `const profile = customers.by(customer).features(f => ({ level: f.last('level') }))\nexport default`],
    ['join: s => ({ own: own.at(s.key) })', 'join: s => ({ own: own.at(s.key), profile: profile.at(s.key) })'],
    ['largest: s.join.own.largest', 'largest: s.join.profile.level'],
    ['population: customers.where(r => r.active).keys(customer)', `population: orders.since('7d').keys(customer)`],
    ...more,
  )
  const folder = await shopFor(t, { config })
  await writeProfiles(folder, profiles)
  return folder
}

async function writeProfiles(folder: string, profiles: readonly Profile[]): Promise<void> {
  const rows = profiles.map(
    ({ customer, level, sinceUs }) =>
      `('${customer}', true, ${level}::DOUBLE${sinceUs === undefined ? '' : `, make_timestamptz(${sinceUs})`})`,
  )
  const names = profiles[0]?.sinceUs === undefined ? 'customer, active, level' : 'customer, active, level, since'
  await writeRows(join(folder, 'customers.parquet'), `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(${names})`)
}

const level = async (house: LiveHouse, customer: string, asOfUs?: number) =>
  (await house.features(customer, asOfUs === undefined ? {} : { asOfUs }))?.largest

test('attributes without a time hold at any moment', async t => {
  const house = await openHouse(
    t,
    await shopWithLevels(
      t,
      [1, 2, 3].map(n => ({ customer: `c${n}`, level: n / 4 })),
    ),
  )
  assert.deepEqual([await level(house, 'c1'), await level(house, 'c3'), await level(house, 'c9')], [0.25, 0.75, null])
  house.clock.us += 400 * DAY_US
  assert.equal(await level(house, 'c1'), 0.25)
  house.clock.us = AS_OF_US
  await house.assertSameAsScan(['c1', 'c2', 'c9'])
  assert.deepEqual(house.failures, [])
})

test('attributes that change hold from their time on, also those to come', async t => {
  const at = (sinceUs: number, value: number) => ({ customer: 'c1', level: value, sinceUs })
  const house = await openHouse(
    t,
    await shopWithLevels(t, [
      at(AS_OF_US + HOUR_US, 3),
      at(AS_OF_US - DAY_US, 1),
      at(AS_OF_US - 30 * MINUTE_US, 2),
      at(AS_OF_US + DAY_US, 4),
    ]),
  )
  assert.deepEqual([await level(house, 'c1'), await level(house, 'c1', AS_OF_US - 40 * MINUTE_US)], [2, 1])
  await house.assertSameAsScan(['c1', 'c2'])
  for (const [us, expected] of [
    [HOUR_US, 2],
    [HOUR_US + 1, 3],
    [DAY_US + 1, 4],
  ] as const) {
    house.clock.us = AS_OF_US + us
    assert.equal(await level(house, 'c1'), expected)
    await house.assertSameAsScan(['c1'])
  }
  assert.equal(house.status('customers').position, 0)
})

test('a request may set them: a what-if', async t => {
  const house = await openHouse(t, await shopWithLevels(t, [{ customer: 'c1', level: 1 }]))
  const { explain, whatIf, source } = await house.answer('c1', { attributes: { profile: { level: 9 } } })
  assert.deepEqual([explain?.features?.largest, whatIf, source], [9, true, 'live'])
  assert.equal(await level(house, 'c1'), 1)
})

test('a changed table is read anew at the next start, and the events of the other source are not', async t => {
  const folder = await shopWithLevels(t, [{ customer: 'c1', level: 1 }])
  const first = await openHouse(t, folder)
  assert.deepEqual([...first.filled].sort(), ['customers', 'orders'])
  await first.close()
  await writeProfiles(folder, [{ customer: 'c1', level: 5 }])
  const second = await openHouse(t, folder)
  assert.deepEqual([[...second.filled], await level(second, 'c1')], [['customers'], 5])
})

test('a prediction that reads tables only has no feed that could lag', async t => {
  const folder = await shopWithLevels(
    t,
    [{ customer: 'c1', level: 1 }],
    [
      ['join: s => ({ own: own.at(s.key), profile', 'join: s => ({ profile'],
      ['orders: s.join.own.orders, total: s.join.own.total', 'orders: s.join.profile.level, total: s.join.profile.level.times(2)'],
      [`maxAge: '24h'`, `maxAge: '24h', maxLag: '1s'`],
    ],
  )
  const house = await openHouse(t, folder)
  house.clock.us += 30 * DAY_US
  const { degraded, source, dataThrough, explain } = await house.answer('c1')
  assert.deepEqual([degraded, source, dataThrough, explain?.features?.total], [false, 'live', null, 2])
})
