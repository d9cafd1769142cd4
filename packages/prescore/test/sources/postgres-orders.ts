/** A PostgreSQL server with the orders of a shop, made anew for each test of a suite, and sources over it. */
import { after, before, beforeEach } from 'node:test'
import { type ColumnKind, env, events, postgres, table } from '../../src/project/index.ts'
import type { SourceAt } from '../../src/sources/index.ts'
import type { Place } from '../parquet/place.ts'
import { PostgresServer } from '../postgres-server.ts'
import { scanned, sourceAt } from './scanned.ts'

/** The variable that holds the server's URL. */
export const URL = 'PRESCORE_TEST_SOURCE'
const ORDERS = { id: 'int64', at: 'timestamp', amount: 'float64' } as const

/** A server for the tests of the suite in which this is called, with its URL in the environment. */
export function serverOfSuite(): () => PostgresServer {
  let server: PostgresServer | undefined
  before(async () => {
    server = await PostgresServer.start()
    process.env[URL] = server.url
  })
  after(() => server?.remove())
  return () => server as PostgresServer
}

/** Five orders before each test of the suite in which this is called. */
export function fillsOrders(server: () => PostgresServer): void {
  beforeEach(async () => {
    await server().query('DROP SCHEMA IF EXISTS shop CASCADE; CREATE SCHEMA shop')
    await server().query('CREATE TABLE shop.orders (id int8, at timestamptz, amount float8)')
    await server().query(
      `INSERT INTO shop.orders SELECT i, '2026-03-10T12:00:00Z'::timestamptz + i * interval '1s', i FROM generate_series(1, 5) i`,
    )
  })
}

export function sourcesAt(place: Place) {
  return {
    orders: (more: Partial<Parameters<typeof postgres>[0]> = {}): SourceAt =>
      sourceAt(
        place,
        events({ from: postgres({ url: env(URL), table: 'shop.orders', ...more } as never), columns: ORDERS, id: 'id', time: 'at' }),
        'orders',
      ),
    of: (query: string, columns: Readonly<Record<string, ColumnKind>>, zone?: string): SourceAt =>
      sourceAt(place, table({ from: postgres({ url: env(URL), query }), columns, ...(zone === undefined ? {} : { zone }) }), 'rows'),
    only: async (source: SourceAt) => (await scanned(place, source)).map(({ row }) => row),
  }
}
