/** A table of people in PostgreSQL, made anew for each test of a suite, that is read by key. */
import { beforeEach } from 'node:test'
import { TableJoin } from '../../src/live/table-join.ts'
import type { FeatureGroup } from '../../src/project/feature-group.ts'
import { entity, env, type JoinDefinition, type Key, type KeyColumns, postgres, table } from '../../src/project/index.ts'
import type { PerRequestOptions } from '../../src/project/postgres.ts'
import { RequestTable, type SourceAt } from '../../src/sources/index.ts'
import type { Place } from '../parquet/place.ts'
import type { PostgresServer } from '../postgres-server.ts'
import { URL } from './postgres-orders.ts'
import { sourceAt, us } from './scanned.ts'

const COLUMNS = {
  k: 'string',
  n: 'int64',
  i: 'int64',
  f: 'float64',
  m: 'float64',
  b: 'boolean',
  s: 'string',
  local: 'timestamp',
  since: 'timestamp',
} as const
/** When clocks in Paris are put forward. */
export const T = us('2026-03-29T01:00:00Z')
/** So long that no machine is too slow for it. */
export const PATIENT: PerRequestOptions = { timeout: '60s' }
export const PERSON = { k: 'a', n: 1, i: 5, f: 0.5, m: 1, b: true, s: 'x', local: '2026-03-01 00:00:00', since: '2026-01-01T00:00:00Z' }

/** @param dated whether rows hold from a moment on. */
export function people(perRequest: PerRequestOptions = PATIENT, dated = true, from: object = { table: 'people' }) {
  return table({
    from: postgres({ url: env(URL), ...from, perRequest } as never),
    columns: COLUMNS,
    zone: 'Europe/Paris',
    derive: r => ({ double: r.f.times(2) }),
    ...(dated ? { validFrom: 'since' } : {}),
  })
}
export type People = ReturnType<typeof people>

/** By two columns, and by each of them. */
export function joinsOf(source: People, dated: boolean) {
  return {
    both: joinOf(
      source.by(entity({ k: 'string', n: 'int64' })).features(f => ({
        i: f.current('i'),
        f: f.current('f'),
        m: f.current('m'),
        b: f.current('b'),
        s: f.current('s'),
        local: f.current('local'),
        double: f.current('double', { where: r => r.b }),
        rows: f.count(),
        ...(dated ? { lately: f.count({ over: '1d' }), of: f.sum('f', { over: '7d' }) } : {}),
      })),
    ),
    text: joinOf(source.by(entity({ k: 'string' })).features(f => ({ f: f.current('f'), rows: f.count() }))),
    number: joinOf(source.by(entity({ n: 'int64' })).features(f => ({ s: f.current('s'), last: f.last('m') }))),
  }
}

export function joinOf(group: unknown): JoinDefinition {
  const { entity, by, features } = group as FeatureGroup<KeyColumns, unknown>
  return { source: 'people', entity: entity.columns, by, features, key: {} }
}

export async function read(reader: TableJoin, key: Key, asOfUs = T): Promise<readonly unknown[]> {
  return reader.features(await reader.rowsOf(key, undefined), key, asOfUs)
}

/** The first feature of the person that {@link PERSON} is. */
export async function firstOfA(reader: TableJoin): Promise<unknown> {
  return (await read(reader, { k: 'a' }))[0]
}

/** An empty table before each test of the suite in which this is called. */
export function peopleOfSuite(place: Place, server: () => PostgresServer) {
  const open: RequestTable[] = []
  beforeEach(async () => {
    for (const each of open.splice(0)) await each.close()
    await server().query(
      `DROP TABLE IF EXISTS people CASCADE;
       CREATE TABLE people (k text, n int8, i int8, f float8, m numeric(12, 3), b bool, s text, local timestamp, since timestamptz)`,
    )
  })
  const opened = (source: SourceAt): RequestTable => {
    const made = new RequestTable(source)
    open.push(made)
    return made
  }
  return {
    opened,
    /** In the place of what is there. */
    insert: (rows: readonly Readonly<Record<string, unknown>>[]) =>
      server().query(
        `TRUNCATE people; INSERT INTO people VALUES ${rows.map(row => `(${Object.keys(COLUMNS).map(name => literal(row[name]))})`).join(', ')}`,
      ),
    byText: (source: People): TableJoin => new TableJoin(opened(sourceAt(place, source, 'people')), joinsOf(source, true).text),
  }
}

function literal(value: unknown): string {
  return value === null ? 'NULL' : `'${String(value).replaceAll("'", "''")}'`
}
