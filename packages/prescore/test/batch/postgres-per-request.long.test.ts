/**
 * A shop whose customers are read with each request: live answers are those of datasets and batches, changes are seen at once, audits
 * compute them again, and what the database does to them is said.
 */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { auditOf, countsOf, notedWith } from '../audit/house.ts'
import { prescore, start, until } from '../cli/process.ts'
import { configWith, type LiveHouse, MINUTE_US, openHouse, shopFor } from '../live/house.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { inShop } from './harness.ts'
import { SHOP_URL } from './postgres-shop.ts'
import { AS_OF, AS_OF_US, changed } from './shop.ts'

const HOUR_US = 60 * MINUTE_US

/** The largest order is the level of the customer instead, and the hour that of its partner: two rows of one table. */
const CONFIG = configWith(
  ['defineProject, entity,', 'defineProject, entity, env, postgres,'],
  [
    `files: 'customers.parquet', columns: { customer: 'string', active: 'boolean' }`,
    `from: postgres({ url: env('${SHOP_URL}'), table: 'customers', perRequest: { timeout: '30s' } }),
     columns: { customer: 'string', active: 'boolean', level: 'float64', since: 'timestamp' }, validFrom: 'since', zone: 'Europe/Paris'`,
  ],
  ['export default', `const profile = customers.by(customer).features(f => ({ level: f.current('level') }))\nexport default`],
  [
    'join: s => ({ own: own.at(s.key) })',
    `inputs: { partner: { kind: 'string', default: 'c1' } }, join: s => ({ own: own.at(s.key), profile: profile.at(s.key), partner: profile.at({ customer: s.inputs.partner }) })`,
  ],
  ['largest: s.join.own.largest', 'largest: s.join.profile.level'],
  ['hour: s.asOf.hourOfDay()', 'hour: s.join.partner.level'],
  ['population: customers.where(r => r.active).keys(customer)', `population: orders.since('7d').keys(customer)`],
)

describe('customers that are read with each request', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer

  before(async () => {
    server = await PostgresServer.start()
    process.env[SHOP_URL] = server.url
  })
  after(() => server?.remove())
  /** Of each customer two rows: one of long ago, and one of half an hour before the as-of. */
  beforeEach(() =>
    server.query(
      `DROP TABLE IF EXISTS customers;
       CREATE TABLE customers (customer text, active bool, level numeric(8, 3), since timestamp);
       INSERT INTO customers SELECT 'c' || i, true, i / 8.0 + 100 * n, '2026-03-10 12:30:00'::timestamp - (1 - n) * interval '9 days'
         FROM generate_series(0, 44) i, generate_series(0, 1) n;
       CREATE INDEX ON customers (customer, since)`,
    ),
  )

  const levels = async (house: LiveHouse, customer: string, options = {}) => {
    const features = await house.features(customer, options)
    return [features?.largest, features?.hour]
  }

  test('batch, live and a scan have the same bits, and rows that hold from a moment on do so from then', async t => {
    const folder = await shopFor(t, { config: CONFIG })
    await inShop(folder, async ({ app, run }) => {
      const done = await run()
      assert.equal(done.state, 'published')
      const house = await openHouse(t, folder)
      assert.deepEqual([house.failures, [...house.filled]], [[], ['orders']])
      for (let i = 0; i < 45; i++) {
        const customer = `c${i}`
        const stored = await app.resolver('spend').answer({ customer }, {})
        const live = await house.answer(customer, { asOfUs: AS_OF_US })
        if (i % 9 === 0) await house.assertSameAsScan([customer])
        // Who did not order within the week is not in the population.
        if (live.explain?.features?.orders === 0) continue
        assert.equal(JSON.stringify(live.value), stored.valueText, customer)
      }
      // At 12:30 in Paris it is 11:30 in UTC.
      assert.deepEqual(await levels(house, 'c4', { asOfUs: AS_OF_US - 30 * MINUTE_US }), [100.5, 100.125])
      assert.deepEqual(await levels(house, 'c4', { asOfUs: AS_OF_US - 30 * MINUTE_US - 1, inputs: { partner: 'c2' } }), [0.5, 0.25])
      assert.deepEqual(await levels(house, 'nobody', { inputs: { partner: null } }), [null, null])
    })
  })

  test('a row that changes is in the next answer, and in an audit as it was', async t => {
    const folder = await shopFor(t, { config: notedWith('sample: 1', CONFIG) })
    const house = await openHouse(t, folder)
    assert.deepEqual(await levels(house, 'c8'), [101, 100.125])
    await server.query(`UPDATE customers SET level = 7.125 WHERE customer = 'c8'`)
    assert.deepEqual(await levels(house, 'c8'), [7.125, 100.125])
    await house.answer('c8', { attributes: { partner: { level: -1 } } })
    await house.answer('nobody')
    await server.query('DELETE FROM customers')
    await house.post([{ id: 9001, customer: 'c8', amount: 4 }])
    house.clock.us += HOUR_US
    assert.deepEqual(await levels(house, 'c8'), [null, null])
    await house.close()
    const audit = await auditOf(folder)
    assert.deepEqual([countsOf(audit).slice(0, 4), audit.notComparable, audit.defective], [[5, 5, 5, 0], [], []])
  })

  test('a database that is away is not waited for: the stored answer says why; when it is back, so are live ones', async t => {
    const folder = await shopFor(t, { config: CONFIG })
    await inShop(folder, ({ run }) => run())
    const house = await openHouse(t, folder)
    assert.equal((await house.answer('c8')).source, 'live')
    await server.down()
    try {
      const { source, degraded, reason } = await house.answer('c8')
      assert.deepEqual([source, degraded, reason?.code], ['store', true, 'source_unavailable'])
      assert.match(reason?.message ?? '', /sources\.customers; found .*; expected the database of PRESCORE_TEST_SHOP/)
      const again = await openHouse(t, await shopFor(t, { config: CONFIG }))
      assert.deepEqual(
        again.failures.map(({ where, error }) => [where, error.code]),
        [['sources.customers', 'source_unavailable']],
      )
      assert.ok(again.live.seats.get('spend')?.isReady, 'it answers as soon as the database does')
      await assert.rejects(again.answer('c8'), ({ code }) => code === 'source_unavailable')
      await server.up()
      await eventually(async () => assert.equal((await again.answer('c8')).source, 'live'))
    } finally {
      await server.up()
    }
    await eventually(async () => assert.equal((await house.answer('c8')).source, 'live'))
  })

  test('a server logs once that a database has gone, and once that it is back', async t => {
    const folder = await shopFor(t, { config: CONFIG })
    const serving = start(['serve', '--port', '0', '--threads', '1', '--now', AS_OF, '--project', folder])
    t.after(() => serving.child.kill('SIGKILL'))
    await until(() => serving.printed.stderr.includes('answering spend live') || serving.child.exitCode !== null)
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(serving.printed.stdout)?.[0] ?? assert.fail(serving.printed.stderr)
    const ask = async () => {
      const response = await fetch(`${url}/api/predictions/spend/answers/c8?prefer=live`)
      return ((await response.json()) as { source?: string; code?: string }).source
    }
    assert.equal(await ask(), 'live')
    await server.down()
    try {
      for (let i = 0; i < 5; i++) assert.equal(await ask(), undefined)
    } finally {
      await server.up()
    }
    await eventually(async () => assert.equal(await ask(), 'live'))
    serving.child.kill('SIGTERM')
    const { code, stderr } = await serving.ended
    const lines = stderr.split('\n').filter(line => line.includes('"sources.customers"'))
    const told = lines.map(line => JSON.parse(line) as { level: string; code?: string })
    assert.deepEqual(
      [code, told.map(({ level }) => level), told.map(each => each.code)],
      [0, ['warn', 'warn'], ['source_unavailable', undefined]],
    )
    assert.match(lines[0] ?? '', /not answered live: .*sources\.customers; found .*expected the database of PRESCORE_TEST_SHOP/)
    assert.match(lines[1] ?? '', /answered live again/)
  })

  test('a table that must be mended first keeps its prediction from live answers, and says so', async t => {
    await server.query('ALTER TABLE customers DROP since')
    const house = await openHouse(t, await shopFor(t, { config: CONFIG }))
    assert.deepEqual(
      house.failures.map(({ where, error }) => [where, error.code]),
      [['predictions.spend', 'project_invalid']],
    )
    await assert.rejects(house.answer('c8'), ({ code }) => code === 'not_ready')
  })

  test('commands read by key, too; check and serve name the index that is missing', async t => {
    const folder = await shopFor(t, { config: CONFIG })
    const get = [
      'get',
      'spend',
      'customer=c8',
      'partner=c1',
      '--prefer',
      'live',
      '--now',
      AS_OF,
      '--explain',
      '--json',
      '--project',
      folder,
    ]
    const got = await prescore(get)
    assert.equal(got.code, 0, got.stderr)
    assert.equal(JSON.parse(got.stdout).explain.features.largest, 101)
    await server.query('DROP INDEX customers_customer_since_idx')
    const index = 'CREATE INDEX CONCURRENTLY ON "customers" ("customer", "since");'
    const serving = start(['serve', '--port', '0', '--threads', '1', '--now', AS_OF, '--project', folder])
    t.after(() => serving.child.kill('SIGKILL'))
    await until(() => serving.printed.stderr.includes('index_missing') || serving.child.exitCode !== null)
    serving.child.kill('SIGTERM')
    const { code, stderr } = await serving.ended
    const warned = stderr.split('\n').filter(line => line.includes('index_missing'))
    assert.deepEqual([code, warned.map(line => JSON.parse(line).fix)], [0, [index]], stderr)
    const checked = await prescore(['check', '--project', folder])
    assert.equal(checked.code, 0, checked.stderr)
    assert.ok(checked.stdout.includes('warning index_missing at sources.customers.from.perRequest') && checked.stdout.includes(index))
  })

  test('events, keys that are derived, and numbers that mean nothing are refused', async t => {
    const wrong = [
      ["perRequest: { timeout: '30s' }", `perRequest: { connections: 0, timeout: '1d', cacheKeys: 1.5 }`],
      [`validFrom: 'since'`, `validFrom: 'since', derive: r => ({ buyer: r.customer.lower() })`],
      ['customers.by(customer)', `customers.by(customer, { customer: 'buyer' })`],
      [`files: 'orders.parquet'`, `from: postgres({ url: env('${SHOP_URL}'), table: 'orders', perRequest: {} })`],
    ].reduce((text, [from, to]) => changed(text, from as string, to as string), CONFIG)
    const folder = await shopFor(t, { config: wrong })
    const { stdout, code } = await prescore(['check', '--json', '--project', folder])
    assert.equal(code, 1)
    const problems = JSON.parse(stdout).problems.map(({ code, where }: Record<string, string>) => `${code} ${where}`)
    for (const expected of [
      'not_supported sources.orders.from.perRequest',
      'invalid_value sources.customers.from.perRequest.connections',
      'invalid_value sources.customers.from.perRequest.cacheKeys',
      'invalid_window sources.customers.from.perRequest.timeout',
      'not_supported predictions.spend.join.profile, key column buyer',
    ])
      assert.ok(problems.includes(expected), `${expected} in\n${problems.join('\n')}`)
  })
})

/** Connections are opened anew meanwhile, and a step that failed again and again rests for a second. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check()
    } catch (error) {
      if (tries === 600) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}
