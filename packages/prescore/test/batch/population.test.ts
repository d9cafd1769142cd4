/** Which rows are scored: filters, both clocks, keys of several columns and of any size, and populations that are refused. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inShop, refused, storedCount } from './harness.ts'
import { AS_OF_US, CONFIG, changed, makeShop, type Order, removeShop, shopCustomers, shopOrders, writeRows } from './shop.ts'

const POPULATION = 'customers.where(r => r.active).keys(customer)'
const folders: string[] = []

after(() => folders.forEach(removeShop))

async function shop(config: string, rows: Parameters<typeof makeShop>[0] = {}): Promise<string> {
  const folder = await makeShop({ config, ...rows })
  folders.push(folder)
  return folder
}

test('events of a while before the as-of that were known by then, each key once', async () => {
  const folder = await shop(
    changed(CONFIG, POPULATION, "orders.since('1d').where((r, asOf) => asOf.minus(r.placed).inHours().gt(1)).keys(customer)"),
  )
  const hours = (order: Order) => (AS_OF_US - order.atUs) / 3_600_000_000
  const expected = new Set(
    shopOrders()
      .filter(order => order.id > 3 && hours(order) > 1 && hours(order) <= 24)
      .map(({ customer }) => customer),
  )
  await inShop(folder, async ({ app, run, stored }) => {
    const { run: id, report } = await run()
    assert.ok(expected.size > 10 && expected.size < 45)
    assert.equal(report.rows, expected.size)
    for (const customer of expected) assert.ok(stored(id, { customer }) !== undefined, customer)
    assert.equal(storedCount(app, id), expected.size)
  })
})

test('an event that had not arrived by the as-of makes no row', async () => {
  const order = (id: number, customer: string, minutesBefore: number) => ({
    id,
    customer,
    amount: 1,
    atUs: AS_OF_US - minutesBefore * 60_000_000,
  })
  const orders = [order(1, 'arrived', 5), order(2, 'on-its-way', 4), order(3, 'to-come', -1)]
  const folder = await shop(changed(CONFIG, POPULATION, 'orders.keys(customer)'), { orders })
  await inShop(folder, async ({ run, stored }) => {
    const { run: id, report } = await run()
    assert.equal(report.rows, 1)
    assert.ok(stored(id, { customer: 'arrived' }) !== undefined)
  })
})

test('a population without rows', async () => {
  const folder = await shop(changed(CONFIG, 'r => r.active', "r => r.customer.eq('nobody')"))
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('empty_population', /predictions\.spend\.population; found no row as of 2026-03-10T12:00:00\.000000Z/),
  )
})

test('a table that has a key twice', async () => {
  const folder = await shop(CONFIG, { customers: [...shopCustomers(), { customer: 'c8', active: true }] })
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('duplicate_keys', /"c8"/),
  )
})

test('a row of a table without its key; an event without one is of no key', async () => {
  const folder = await shop(CONFIG)
  await writeRows(
    join(folder, 'customers.parquet'),
    "SELECT * FROM (VALUES ('c0', true), (NULL, true), ('c1', true)) AS v(customer, active)",
  )
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('invalid_key', /missing column/),
  )
  const events = await shop(changed(CONFIG, POPULATION, 'orders.keys(customer)'))
  const placed = `make_timestamptz(${AS_OF_US - 3_600_000_000}::BIGINT) AS placed`
  await writeRows(
    join(events, 'orders.parquet'),
    `SELECT id::BIGINT AS id, ${placed}, customer, 1.0::DOUBLE AS amount, NULL::VARCHAR AS note FROM (VALUES (1, 'c0'), (2, NULL)) AS v(id, customer)`,
  )
  await inShop(events, async ({ run, stored }) => {
    const { run: id, report } = await run()
    assert.equal(report.rows, 1)
    assert.equal(stored(id, { customer: 'c0' })?.endsWith('1'), true)
  })
})

test('a key that is too long to be stored', async () => {
  const folder = await shop(CONFIG, { customers: [{ customer: 'x'.repeat(2000), active: true }] })
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('invalid_key', /1024/),
  )
})

const ACCOUNTS = `import { defineProject, entity, events, onnx, prediction } from 'prescore'
const payments = events({
  files: 'payments.parquet',
  columns: { id: 'int64', placed: 'timestamp', region: 'string', account: 'int64', cents: 'int64' },
  id: 'id', time: 'placed',
})
const account = entity({ region: 'string', account: 'int64' })
const region = entity({ region: 'string' })
const own = payments.by(account).features(f => ({ payments: f.count({ over: '7d' }), cents: f.sum('cents', { over: '7d' }) }))
const near = payments.by(region).features(f => ({ payments: f.count({ over: '7d' }) }))
export default defineProject({
  sources: { payments },
  predictions: {
    spend: prediction({
      entity: account,
      join: s => ({ own: own.at(s.key), near: near.at({ region: s.key.region }) }),
      features: s => ({ payments: s.join.own.payments, cents: s.join.own.cents, near: s.join.near.payments, one: s.asOf.minus(s.asOf).inSeconds().plus(1) }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      population: payments.since('7d').keys(account),
      policy: { mode: 'batch' },
    }),
  },
})
`

/** Neighbours beyond ±2^53, which are one double, and keys whose columns must not run into each other. */
const KEYS: readonly (readonly [region: string, account: bigint])[] = [
  ['eu', 9007199254740992n],
  ['eu', 9007199254740993n],
  ['eu', -9223372036854775808n],
  ['us', 9223372036854775807n],
  ['us', 9223372036854775806n],
  ['us', 0n],
  ['eu1', 2n],
  ['eu', 12n],
  ['', 1n],
  ['ünïcode \t"quoted"', -1n],
]

async function accountsShop(): Promise<string> {
  const folder = await shop(ACCOUNTS)
  const rows = KEYS.flatMap(([region, account], i) =>
    Array.from({ length: i + 1 }, (_, n) => `('${region}', '${account}'::BIGINT, ${i}, ${n})`),
  )
  const columns = `(row_number() OVER ())::BIGINT AS id, make_timestamptz((${AS_OF_US} - 3600000000 * (n + 1))::BIGINT) AS placed, region, account, (i + 1)::BIGINT AS cents`
  await writeRows(join(folder, 'payments.parquet'), `SELECT ${columns} FROM (VALUES ${rows.join(', ')}) AS v(region, account, i, n)`)
  return folder
}

test('keys of two columns, and integers beyond 2^53, are told apart in joins, shards and the store', async () => {
  const accounts = await accountsShop()
  const near = new Map<string, number>()
  KEYS.forEach(([region], i) => near.set(region, (near.get(region) ?? 0) + i + 1))
  const digests = new Set<string>()
  for (const shards of [1, 4]) {
    await inShop(
      accounts,
      async ({ app, run, stored }) => {
        const { run: id, report } = await run({ shards })
        digests.add(report.digest)
        KEYS.forEach(([region, account], i) => {
          const expected = i + 1 + 1e3 * (i + 1) ** 2 + 1e6 * (near.get(region) as number) + 1e9
          assert.equal(stored(id, { region, account }), String(expected), `${region} ${account}`)
        })
        assert.equal(storedCount(app, id), KEYS.length)
      },
      { state: join(accounts, `state-${shards}`) },
    )
  }
  assert.equal(digests.size, 1)
})

test('an int64 feature that no double holds is refused, not rounded', async () => {
  const config = changed(ACCOUNTS, 'payments: s.join.own.payments, cents', 'account: s.key.account, cents')
  const folder = await shop(config)
  const columns = `1::BIGINT AS id, make_timestamptz(${AS_OF_US - 1}::BIGINT) AS placed, 'eu' AS region, 9007199254740993::BIGINT AS account, 1::BIGINT AS cents`
  await writeRows(join(folder, 'payments.parquet'), `SELECT ${columns}`)
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    refused('lossy_cast', /9007199254740993/),
  )
})
