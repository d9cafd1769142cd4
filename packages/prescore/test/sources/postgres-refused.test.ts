/** PostgreSQL as a source: whatever is in the way is said in words, with what to do, and without secrets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { env, postgres, table } from '../../src/project/index.ts'
import { describeFiles, pinSource, type SourceAt } from '../../src/sources/index.ts'
import { refused } from '../batch/harness.ts'
import { Place } from '../parquet/place.ts'
import { postgresMissing } from '../postgres-server.ts'
import { fillsOrders, serverOfSuite, sourcesAt, URL } from './postgres-orders.ts'
import { scanned, sourceAt } from './scanned.ts'

const missing = postgresMissing()
const place = await Place.open()

describe('PostgreSQL as a source, refused', { skip: missing ?? false }, () => {
  const server = serverOfSuite()

  describe('and only there', () => {
    fillsOrders(server)
    const { orders, of, only } = sourcesAt(place)

    const WRONG: Readonly<Record<string, readonly [source: () => SourceAt, code: Parameters<typeof refused>[0], words: RegExp]>> = {
      'infinity in a row with an id': [
        () => orders({ table: undefined, query: `SELECT 4 AS id, timestamptz '-infinity' AS at, 1.0::float8 AS amount` } as never),
        'time_out_of_range',
        /orders, the row with id 4, column at; found -infinity.*nullif/,
      ],
      'a time of long ago, in the third row': [
        () =>
          of(`SELECT n, timestamptz '2026-01-01Z' - (n / 3) * interval '400 years' AS at FROM generate_series(1, 3) n`, {
            n: 'int64',
            at: 'timestamp',
          }),
        'time_out_of_range',
        /rows, row 3 of those read, column at; found 1626-01-01/,
      ],
      'a table that is not there': [
        () => orders({ table: 'shop.Orders' } as never),
        'source_unreadable',
        /"shop.Orders" does not exist.*as they stand/,
      ],
      'a column that is not there': [
        () => of('SELECT nothing FROM shop.orders', { n: 'int64' }),
        'source_unreadable',
        /"nothing" does not exist.*psql/,
      ],
      'no SQL': [() => of('SELECT SELECT', { n: 'int64' }), 'source_unreadable', /syntax error/],
      'a statement that writes': [
        () => of('WITH gone AS (DELETE FROM shop.orders RETURNING id) SELECT id FROM gone', { id: 'int64' }),
        'source_unreadable',
        /WITH|read-only/,
      ],
      'a row that cannot be computed': [
        () => of('SELECT 1 / (n - 2) AS n FROM generate_series(1, 3) n', { n: 'int64' }),
        'source_unreadable',
        /division by zero/,
      ],
      'a timeout': [
        () =>
          sourceAt(
            place,
            table({
              from: postgres({ url: env(URL), query: 'SELECT 1 AS n FROM pg_sleep(30)', timeout: '50ms' }),
              columns: { n: 'int64' },
            }),
          ),
        'source_unavailable',
        /expected rows within 0\.05 s.*raise `timeout`/,
      ],
      'no URL': [
        () => sourceAt(place, table({ from: postgres({ url: env('PRESCORE_TEST_UNSET'), table: 'a' }), columns: { n: 'int64' } })),
        'source_unreadable',
        /nothing in PRESCORE_TEST_UNSET/,
      ],
    }
    for (const [name, [source, code, words]] of Object.entries(WRONG))
      test(`refused: ${name}`, () => assert.rejects(pinSource(place.database, source()), refused(code, words)))

    test('refused: who may not connect, or not read; a server that is not there; and no secret is told', async t => {
      await server().query("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'hunter2'")
      const as = (url: string): SourceAt => {
        process.env.PRESCORE_TEST_OTHER = url
        return orders({ url: env('PRESCORE_TEST_OTHER') })
      }
      t.after(() => delete process.env.PRESCORE_TEST_OTHER)
      const at = `127.0.0.1:${server().port}`
      const pinned = (url: string) => pinSource(place.database, as(url))
      await assert.rejects(
        pinned(`postgres://reader:hunter2@${at}/postgres`),
        refused('source_unreadable', /permission denied.*GRANT SELECT/i),
      )
      await assert.rejects(
        pinned(`postgres://nobody:hunter2@${at}/postgres`),
        refused('source_unreadable', /role "nobody" does not exist.*PRESCORE_TEST_OTHER/),
      )
      await assert.rejects(
        pinned(`postgres://reader:hunter2@${at}/nowhere`),
        refused('source_unreadable', /database "nowhere" does not exist/),
      )
      await assert.rejects(pinned('postgres://reader:hunter2@127.0.0.1:1/postgres'), refused('source_unavailable', /ECONNREFUSED/))
      // Not escaped, as passwords are pasted: nothing of them is taken for a host.
      const pasted = ['hun@ter2', 'hunt@er/2', 'hunt@e#r2', 'hu@nt?er2@', '1/hunter2', '%hunter2']
      const urls = pasted.map(password => `postgres://reader:${password}@host/db`)
      for (const url of ['mysql://reader:hunter2@host/db', 'postgres://reader:hunter2@host:port/db', ...urls.slice(1)])
        await assert.rejects(
          pinned(url),
          error =>
            !/hunt|er2|r\/2/.test(JSON.stringify(error)) && refused('source_unreadable', /no such URL in PRESCORE_TEST_OTHER/)(error),
          url,
        )
    })

    test('what is wrong with the way to a server is said with what to do; a line end in the variable is no harm', async t => {
      t.after(() => delete process.env.PRESCORE_TEST_OTHER)
      const pinned = (options: string) => {
        process.env.PRESCORE_TEST_OTHER = `${server().url}${options}`
        return pinSource(place.database, orders({ url: env('PRESCORE_TEST_OTHER') }))
      }
      const warned = t.mock.method(process, 'emitWarning', () => {})
      for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full'])
        await assert.rejects(pinned(`?sslmode=${mode}`), refused('source_unreadable', /does not support SSL.*sslmode=disable/))
      assert.equal(warned.mock.callCount(), 0)
      await assert.rejects(
        pinned('?sslmode=always'),
        refused('source_unreadable', /another `sslmode`.*prefer, require.*PRESCORE_TEST_OTHER/),
      )
      await assert.rejects(pinned('?sslrootcert=/nowhere/ca.pem'), refused('source_unreadable', /ENOENT.*path of the certificate/))
      assert.equal((await pinned('?sslmode=disable\n')).rows, (await pinned('')).rows)
    })

    test('a connection that is lost in the middle: nothing is left, and the next time reads everything', async () => {
      const slow = of('SELECT i AS n, pg_sleep(0.0005) IS NULL AS slept FROM generate_series(1, 4000) i', { n: 'int64' })
      const reading = pinSource(place.database, slow)
      const ended = assert.rejects(reading, refused('source_unavailable', /terminat|Connection/))
      const others =
        "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity WHERE application_name = 'prescore' AND query LIKE 'FETCH%'"
      while ((await server().query(others)).length === 0) await new Promise(resolve => setTimeout(resolve, 5))
      await ended
      assert.equal(
        readdirSync(join(place.folder, 'snapshots')).some(name => name.startsWith('reading-')),
        false,
      )
      assert.equal((await pinSource(place.database, slow)).rows, 4_000)
    })

    test('a server, or a way to it, that falls silent in the middle', async t => {
      let isSilent = false
      const proxy = createServer(client => {
        const upstream = connect(server().port, '127.0.0.1')
        client.on('data', data => !isSilent && upstream.write(data)).on('close', () => upstream.destroy())
        upstream.on('data', data => {
          isSilent ||= data.includes('silence')
          if (!isSilent) client.write(data)
        })
        for (const each of [client, upstream]) each.on('error', () => {})
      })
      await once(proxy.listen(0, '127.0.0.1'), 'listening')
      process.env.PRESCORE_TEST_PROXY = server().url.replace(`:${server().port}`, `:${(proxy.address() as { port: number }).port}`)
      t.after(() => {
        proxy.close()
        delete process.env.PRESCORE_TEST_PROXY
      })
      const from = postgres({ url: env('PRESCORE_TEST_PROXY'), query: "SELECT 'silence' AS text", timeout: '100ms' })
      const source = sourceAt(place, table({ from, columns: { text: 'string' } }))
      await assert.rejects(pinSource(place.database, source), refused('source_unavailable', /expected rows within 0\.1 s/))
    })

    test('texts of a database that does not say of which encoding they are', async t => {
      await server().query("CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0")
      const url = server().url.replace(/postgres$/, 'plain')
      process.env.PRESCORE_TEST_PLAIN = url
      t.after(() => delete process.env.PRESCORE_TEST_PLAIN)
      const texts = (query: string) =>
        sourceAt(place, table({ from: postgres({ url: env('PRESCORE_TEST_PLAIN'), query }), columns: { text: 'string' } }), 'texts')
      assert.deepEqual(await only(texts("SELECT E'gr\\xC3\\xBCn' AS text")), [{ text: 'grün' }])
      await assert.rejects(
        pinSource(place.database, texts("SELECT E'gr\\xFCn' AS text")),
        refused('source_unreadable', /invalid byte sequence.*0xfc.*UTF-8.*convert_from/),
      )
    })

    test('check reads types alone, with a transaction that leaves nothing', async () => {
      assert.deepEqual(
        [...(await describeFiles(place.database, orders()))],
        [
          ['id', 'BIGINT'],
          ['at', 'TIMESTAMP WITH TIME ZONE'],
          ['amount', 'DOUBLE'],
        ],
      )
      // Whoever has left is seen for a moment more.
      while ((await server().query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'prescore'")).length > 0);
    })

    test('a snapshot that is gone is said so', async () => {
      const pin = await pinSource(place.database, of('SELECT 1 AS only_here', { only_here: 'int64' }))
      const file = join(place.folder, 'snapshots', pin.files[0]?.path as string)
      assert.ok(existsSync(file))
      rmSync(file)
      await assert.rejects(
        scanned(place, of('SELECT 1 AS only_here', { only_here: 'int64' }), {}, pin),
        refused('source_changed', /--repin/),
      )
    })
  })
})
