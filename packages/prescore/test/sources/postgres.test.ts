/** PostgreSQL as a source: the rows of every other place, read once at one moment; whatever is in the way is said in words. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { PrescoreError } from '../../src/base/index.ts'
import { env, postgres, table } from '../../src/project/index.ts'
import { pinIdentity, pinSource, pinSources } from '../../src/sources/index.ts'
import { testSourceRows } from '../conformance/source-rows.ts'
import { Place } from '../parquet/place.ts'
import { postgresMissing } from '../postgres-server.ts'
import { fillsOrders, serverOfSuite, sourcesAt, URL } from './postgres-orders.ts'
import { scanned, sourceAt, us } from './scanned.ts'
import { tableStatements } from './written.ts'

const missing = postgresMissing()
const place = await Place.open()

describe('PostgreSQL as a source', { skip: missing ?? false }, () => {
  const server = serverOfSuite()

  let tables = 0
  testSourceRows('PostgreSQL', {
    place,
    at: name => ({ from: postgres({ url: env(URL), table: name }) }),
    write: async (columns, rows, times = 'instants') => {
      const name = `rows_${tables++}`
      for (const statement of tableStatements(name, columns, rows, times)) await server().query(statement)
      return name
    },
  })

  describe('and only there', () => {
    fillsOrders(server)
    const { orders, of, only } = sourcesAt(place)

    test('a statement is read as a table is, whatever its types, as long as nothing is lost', async () => {
      await server().query(`CREATE TYPE shop.mood AS ENUM ('fair'); CREATE DOMAIN shop.code AS varchar(3)`)
      const source = of(
        `SELECT 7::int2 AS small, 8::int4 AS middle, 1.5::float4 AS single, 12.34::numeric(8, 2) AS exact, 'NaN'::numeric(4, 1) AS none,
           'ab'::char(5) AS padded, 'fair'::shop.mood AS mood, '0b1c63d8-6b51-4b35-8f5c-9c7e0f3e6a11'::uuid AS key, 'x1'::shop.code AS code,
           true AS yes, date '2026-03-10' AS day, timestamp '2026-03-10 12:00:00.000001' AS local -- to the last line
         ;`,
        {
          small: 'int64',
          middle: 'float64',
          single: 'float64',
          exact: 'float64',
          none: 'float64',
          padded: 'string',
          mood: 'string',
          key: 'string',
          code: 'string',
          yes: 'boolean',
          day: 'timestamp',
          local: 'timestamp',
        },
        'Europe/Paris',
      )
      assert.deepEqual(await only(source), [
        {
          small: 7,
          middle: 8,
          single: 1.5,
          exact: 12.34,
          none: undefined,
          padded: 'ab',
          mood: 'fair',
          key: '0b1c63d8-6b51-4b35-8f5c-9c7e0f3e6a11',
          code: 'x1',
          yes: true,
          day: us('2026-03-09T23:00:00Z'),
          local: us('2026-03-10T11:00:00Z') + 1,
        },
      ])
    })

    test('what would lose digits, and types that are none of ours, are refused with the cast that helps', async () => {
      const source = of("SELECT 1.5::numeric AS a, 1::numeric(20, 2) AS b, '{}'::jsonb AS c, 2::int8 AS d", {
        a: 'float64',
        b: 'float64',
        c: 'string',
        d: 'float64',
      })
      await assert.rejects(pinSource(place.database, source), ({ details }) => {
        assert.deepEqual(
          details.problems.map(({ code, found }: { code: string; found: string }) => [code, found]),
          [
            ['column_type', 'numeric in the data'],
            ['column_type', 'DECIMAL(20,2) in the data'],
            ['column_type', 'jsonb in the data'],
            ['column_type', 'BIGINT in the data'],
          ],
        )
        assert.match(details.problems[0].fix, /a::double precision/)
        return true
      })
    })

    test('the cast that is advised is one that the database takes, and gives the declared kind', async () => {
      const values = [
        '12.5::money',
        "interval '1 day'",
        "time '10:00'",
        '\'{"name": "7"}\'::jsonb',
        'ARRAY[1, 2]',
        "'\\x07'::bytea",
        '1.5::numeric',
      ]
      for (const value of values)
        for (const kind of ['float64', 'string'] as const) {
          const from = postgres({ url: env(URL), query: `SELECT ${value} AS "Odd Name"` })
          const odd = sourceAt(place, table({ from, names: { odd: 'Odd Name' }, columns: { odd: kind } }))
          const { details } = (await pinSource(place.database, odd).catch(error => error)) as PrescoreError
          const cast = /casts it: (.*)\.$/.exec(details.problems?.[0]?.fix ?? '')?.[1] ?? assert.fail(`${value} as ${kind}`)
          const query = `SELECT ${cast} FROM (SELECT ${value} AS "Odd Name") AS t`
          assert.equal((await pinSource(place.database, of(query, { odd: kind }))).rows, 1, query)
        }
    })

    test('what was read stays: the rows of a pin are those of its moment, and the same rows are the same pin', async () => {
      const before = JSON.parse(JSON.stringify(await pinSource(place.database, orders())))
      const rows = await scanned(place, orders(), {}, before)
      // Another order of the rows, on the same disk pages and on others.
      await server().query(
        'CREATE TABLE shop.again AS SELECT * FROM shop.orders ORDER BY id DESC; DROP TABLE shop.orders; ALTER TABLE shop.again RENAME TO orders',
      )
      assert.deepEqual(pinIdentity(await pinSource(place.database, orders())), pinIdentity(before))
      await server().query('UPDATE shop.orders SET amount = amount + 1')
      const after = await pinSource(place.database, orders())
      assert.notDeepEqual(pinIdentity(after), pinIdentity(before))
      assert.deepEqual(await scanned(place, orders(), {}, before), rows)
      assert.equal(before.rows, 5)
      assert.ok(Math.abs(before.files[0].readAtUs - Date.now() * 1000) < 60e6)
    })

    test('sources of one database are of one moment', async () => {
      await server().query('CREATE TABLE shop.totals AS SELECT count(*) AS n FROM shop.orders')
      let [stop, moved] = [false, 0]
      const mover = (async () => {
        while (!stop) {
          await server().query(
            `BEGIN; INSERT INTO shop.orders SELECT max(id) + 1, now(), 0 FROM shop.orders; UPDATE shop.totals SET n = (SELECT count(*) FROM shop.orders); COMMIT`,
          )
          moved++
        }
      })()
      const totals = sourceAt(place, table({ from: postgres({ url: env(URL), table: 'shop.totals' }), columns: { n: 'int64' } }), 'totals')
      for (let i = 0; i < 3; i++) {
        const pins = await pinSources(place.database, [orders(), totals])
        const [total] = await scanned(place, totals, {}, pins.get('totals'))
        assert.equal(pins.get('orders')?.rows, total?.row.n)
      }
      stop = true
      await mover
      assert.ok(moved > 0)
    })

    test('many rows, and wide ones, come in portions', async () => {
      await server().query(`INSERT INTO shop.orders SELECT i, '2026-03-10T12:00:00Z', i / 4.0 FROM generate_series(6, 30000) i`)
      const { rows } = await pinSource(place.database, orders())
      assert.equal(rows, 30_000)
      const wide = of('SELECT i AS n, repeat(chr(97 + i % 26), 100000) AS text FROM generate_series(0, 1500) i', {
        n: 'int64',
        text: 'string',
      })
      const found = await only(wide)
      assert.equal(found.length, 1501)
      assert.ok(found.every(({ n, text }) => text === String.fromCharCode(97 + (Number(n) % 26)).repeat(100_000)))
    })

    test('nothing but the snapshot is left behind', async () => {
      await pinSource(place.database, orders())
      await assert.rejects(pinSource(place.database, of("SELECT 1 AS a, 'infinity'::timestamptz AS b", { a: 'int64', b: 'timestamp' })))
      assert.deepEqual(
        readdirSync(join(place.folder, 'snapshots')).filter(name => !/^\w+-[0-9a-f]{16}\.parquet$/.test(name)),
        [],
      )
    })
  })
})
