/** Tables of PostgreSQL that are read with each request: what is in the way is said in words, within the timeout, and passes when its cause does. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, test } from 'node:test'
import { env } from '../../src/project/index.ts'
import { refused } from '../batch/harness.ts'
import { Place } from '../parquet/place.ts'
import { postgresMissing } from '../postgres-server.ts'
import { serverOfSuite } from './postgres-orders.ts'
import { firstOfA, PATIENT, PERSON, type People, people, peopleOfSuite, read } from './postgres-people.ts'
import { sourceAt } from './scanned.ts'

const missing = postgresMissing()
const place = await Place.open()

describe('tables of PostgreSQL, read by key, when something is in the way', { skip: missing ?? false }, () => {
  const server = serverOfSuite()
  const { opened, insert, byText } = peopleOfSuite(place, server)

  test('a database that goes away is said so at once; when it is back, answers are too', async () => {
    await insert([PERSON])
    const reader = byText(people())
    assert.equal(await firstOfA(reader), 0.5)
    await server().down()
    for (let i = 0; i < 3; i++)
      await assert.rejects(firstOfA(reader), error => {
        assert.ok(!String((error as Error).message).includes('127.0.0.1'), 'where the database stands is not told')
        return refused('source_unavailable', /sources\.people.*PRESCORE_TEST_SOURCE/)(error)
      })
    await server().up()
    assert.equal(await firstOfA(reader), 0.5)
  })

  test('a connection that is ended is replaced', async () => {
    await insert([PERSON])
    const reader = byText(people())
    await firstOfA(reader)
    await server().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'prescore'")
    await firstOfA(reader).catch(refused('source_unavailable'))
    assert.equal(await firstOfA(reader), 0.5)
  })

  test('a login that is refused from one moment on is told without names, and is tried anew with each request', async t => {
    await insert([PERSON])
    await server().query('DROP ROLE IF EXISTS visitor; CREATE ROLE visitor LOGIN; GRANT SELECT ON people TO visitor')
    process.env.PRESCORE_TEST_VISITOR = server().url.replace('postgres@', 'visitor@')
    t.after(() => delete process.env.PRESCORE_TEST_VISITOR)
    const reader = byText(people(PATIENT, true, { table: 'people', url: env('PRESCORE_TEST_VISITOR') }))
    assert.equal(await firstOfA(reader), 0.5)
    await server().query('ALTER ROLE visitor NOLOGIN')
    await server().query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'visitor'")
    await firstOfA(reader).catch(() => {})
    await assert.rejects(firstOfA(reader), error => {
      assert.doesNotMatch(String((error as Error).message), /visitor"|127\.0\.0\.1/)
      return refused('source_unavailable', /sources\.people; found a login that is refused \(28000\)/)(error)
    })
    await server().query('ALTER ROLE visitor LOGIN')
    assert.equal(await firstOfA(reader), 0.5)
  })

  test('a server that allows fewer connections than there may be: those that it gives serve all', async t => {
    await insert(Array.from({ length: 20 }, (_, i) => ({ ...PERSON, k: `k${i}` })))
    await server().query('DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN CONNECTION LIMIT 2; GRANT SELECT ON people TO guest')
    process.env.PRESCORE_TEST_GUEST = server().url.replace('postgres@', 'guest@')
    t.after(() => delete process.env.PRESCORE_TEST_GUEST)
    const reader = byText(people({ ...PATIENT, connections: 8 }, true, { table: 'people', url: env('PRESCORE_TEST_GUEST') }))
    assert.equal((await read(reader, { k: 'k0' }))[0], 0.5)
    for (let round = 0; round < 3; round++) {
      const asked = Array.from({ length: 20 }, async (_, i) => {
        // Each alone: what is asked for in one turn goes together.
        for (let turns = 0; turns < i; turns++) await Promise.resolve()
        return (await read(reader, { k: `k${i}` }))[0]
      })
      assert.deepEqual(await Promise.all(asked), Array(20).fill(0.5))
    }
    const [{ most } = {}] = await server().query("SELECT count(*)::int AS most FROM pg_stat_activity WHERE usename = 'guest'")
    assert.ok((most as number) <= 2)
  })

  test('a lock that somebody holds is not waited for longer than the timeout, and no longer than the deadline', async () => {
    await insert([PERSON])
    const reader = byText(people({ timeout: '300ms', connections: 1 }))
    await firstOfA(reader).catch(() => {})
    const held = await server().holding('LOCK TABLE people')
    await assert.rejects(async () => reader.rowsOf({ k: 'a' }, performance.now() + 20), refused('deadline_exceeded', /sources\.people/))
    await assert.rejects(firstOfA(reader), refused('source_unavailable', /within 0\.3 s/))
    await held.release()
    await eventually(async () => assert.equal(await firstOfA(reader), 0.5))
  })

  test('a server, or a way to it, that falls silent holds nobody up, and is forgotten', async t => {
    await insert([PERSON])
    let isSilent = false
    const proxy = createServer(client => {
      const upstream = connect(server().port, '127.0.0.1')
      client.on('data', data => isSilent || upstream.write(data)).on('close', () => upstream.destroy())
      upstream.on('data', data => isSilent || client.write(data)).on('close', () => client.destroy())
      for (const each of [client, upstream]) each.on('error', () => {})
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    process.env.PRESCORE_TEST_PROXY = server().url.replace(`:${server().port}`, `:${(proxy.address() as { port: number }).port}`)
    t.after(() => {
      proxy.close()
      delete process.env.PRESCORE_TEST_PROXY
    })
    const reader = byText(people({ timeout: '200ms', connections: 1 }, true, { table: 'people', url: env('PRESCORE_TEST_PROXY') }))
    await eventually(async () => assert.equal(await firstOfA(reader), 0.5))
    isSilent = true
    await assert.rejects(firstOfA(reader), refused('source_unavailable', /within 0\.2 s/))
    await assert.rejects(firstOfA(reader), refused('source_unavailable'))
    isSilent = false
    await eventually(async () => assert.equal(await firstOfA(reader), 0.5))
  })

  test('rows that cannot be taken keep back their own key, and no other', async () => {
    await insert([PERSON, { ...PERSON, k: 'infinite', since: 'infinity' }])
    const reader = byText(people())
    const both = await Promise.allSettled([read(reader, { k: 'infinite' }), read(reader, { k: 'a' })])
    assert.equal(both[1].status === 'fulfilled' && both[1].value[0], 0.5)
    assert.ok(
      both[0].status === 'rejected' && refused('source_unavailable', /people, row 1.*column since.*infinity.*nullif/)(both[0].reason),
    )
    const query = `SELECT k, n, i, 1 / (i - 5)::float8 AS f, m::float8 AS m, b, s, local, since FROM people`
    await insert([PERSON, { ...PERSON, k: 'b', i: 6 }, { ...PERSON, k: 'c', i: 7 }])
    const computed = byText(people(PATIENT, true, { query }))
    const all = await Promise.allSettled(['c', 'a', 'b', 'nobody'].map(k => read(computed, { k })))
    assert.deepEqual(
      all.map(each => (each.status === 'fulfilled' ? each.value[0] : refused('source_unavailable', /division by zero/)(each.reason))),
      [0.5, true, 1, Number.NaN],
    )
  })

  test('a key with very many rows is refused', async () => {
    await insert([PERSON])
    await server().query(
      `INSERT INTO people SELECT 'many', 1, i FROM generate_series(1, 20001) i; UPDATE people SET since = '2026-01-01Z' WHERE k = 'many'`,
    )
    const reader = byText(people())
    const both = await Promise.allSettled([read(reader, { k: 'many' }), read(reader, { k: 'a' })])
    assert.equal(both[1].status === 'fulfilled' && both[1].value[0], 0.5)
    assert.ok(
      both[0].status === 'rejected' && refused('source_unavailable', /more than 20000 rows of one key.*`perRequest`/)(both[0].reason),
    )
  })

  describe('looked at before', () => {
    const found = async (source: People, columns: readonly string[]) => opened(sourceAt(place, source, 'people')).check(columns)

    test('an index that is missing is named; one that is there is seen, in tables, views and statements', async () => {
      const [warning, ...others] = await found(people(), ['k'])
      assert.deepEqual(others, [])
      assert.deepEqual([warning?.code, warning?.severity, warning?.where], ['index_missing', 'warning', 'sources.people.from.perRequest'])
      assert.equal(warning?.fix, 'CREATE INDEX CONCURRENTLY ON "people" ("k", "since");')
      await server().query(warning?.fix as string)
      await insert(Array.from({ length: 50 }, (_, i) => ({ ...PERSON, k: `k${i}` })))
      assert.deepEqual(await found(people(), ['k']), [])
      assert.deepEqual(await found(people(), ['k', 'n']), [], 'it serves the first column of the key')
      assert.deepEqual(
        (await found(people(), ['n'])).map(({ code }) => code),
        ['index_missing'],
      )
      await server().query('CREATE VIEW everybody AS SELECT * FROM people WHERE k IS NOT NULL')
      assert.deepEqual(await found(people(PATIENT, true, { table: 'everybody' }), ['k']), [])
      assert.deepEqual(await found(people(PATIENT, true, { query: 'SELECT * FROM people' }), ['k']), [])
      const [aside] = await found(people(PATIENT, true, { query: 'SELECT DISTINCT ON (n) * FROM people' }), ['k'])
      assert.match(aside?.fix ?? '', /ON the table behind `query`/)
    })

    test('what is wrong is said with what to do', async t => {
      await server().query("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'hunter2'")
      const other = (url: string | undefined) => {
        if (url === undefined) delete process.env.PRESCORE_TEST_OTHER
        else process.env.PRESCORE_TEST_OTHER = url
        return people(PATIENT, true, { table: 'people', url: env('PRESCORE_TEST_OTHER') })
      }
      t.after(() => delete process.env.PRESCORE_TEST_OTHER)
      const at = `127.0.0.1:${server().port}`
      await assert.rejects(
        found(people(PATIENT, true, { table: 'nobody' }), ['k']),
        refused('source_unreadable', /"nobody" does not exist.*as they stand/),
      )
      await assert.rejects(
        found(other(`postgres://reader:hunter2@${at}/postgres`), ['k']),
        refused('source_unreadable', /permission denied.*GRANT SELECT/i),
      )
      await assert.rejects(found(other(undefined), ['k']), refused('source_unreadable', /nothing in PRESCORE_TEST_OTHER/))
      await assert.rejects(found(other('postgres://reader@127.0.0.1:1/postgres'), ['k']), refused('source_unavailable', /ECONNREFUSED/))
      await server().query('ALTER TABLE people ALTER i TYPE numeric')
      await assert.rejects(found(people(), ['k']), ({ details }) => {
        assert.deepEqual(
          details.problems.map(({ code, where }: Record<string, string>) => [code, where]),
          [['column_type', 'sources.people.columns.i']],
        )
        return true
      })
    })

    test('a password that is missing or wrong is told, and not what it was', async t => {
      await server().demandPasswords()
      t.after(() => delete process.env.PRESCORE_TEST_OTHER)
      for (const password of ['', ':wrong']) {
        process.env.PRESCORE_TEST_OTHER = `postgres://reader${password}@127.0.0.1:${server().port}/postgres`
        const source = people(PATIENT, true, { table: 'people', url: env('PRESCORE_TEST_OTHER') })
        await assert.rejects(
          found(source, ['k']),
          error => !JSON.stringify(error).includes('wrong@') && refused('source_unreadable', /password.*PRESCORE_TEST_OTHER/)(error),
        )
        await assert.rejects(firstOfA(byText(source)), refused('source_unavailable', /password.*PRESCORE_TEST_OTHER/))
      }
    })
  })
})

/** Connections are thrown away and opened anew meanwhile. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await check()
    } catch (error) {
      if (tries === 1_000) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
