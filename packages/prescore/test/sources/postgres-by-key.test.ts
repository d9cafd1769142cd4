/** Tables of PostgreSQL that are read with each request: the bits of a snapshot, whatever the types, and rows as they are now. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { asPrescoreError, formatInstant } from '../../src/base/index.ts'
import { historyFeatures } from '../../src/history/index.ts'
import { keyColumns, valueOf } from '../../src/live/key-columns.ts'
import { TableJoin } from '../../src/live/table-join.ts'
import { type ColumnKind, entity, env, type JoinDefinition, type Key, postgres, table } from '../../src/project/index.ts'
import { pinSource, type SourceAt } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { postgresMissing } from '../postgres-server.ts'
import { serverOfSuite, URL } from './postgres-orders.ts'
import { firstOfA, joinOf, joinsOf, PATIENT, PERSON, people, peopleOfSuite, read, T } from './postgres-people.ts'
import { sourceAt, us } from './scanned.ts'

const missing = postgresMissing()
const place = await Place.open()
const RUNS = Math.min(120, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 8))

/** What a feature is told as: bits, not numbers. */
const told = (value: unknown) => (Object.is(value, -0) ? '-0' : typeof value === 'number' ? String(value) : value)
const outcome = async (compute: () => Promise<readonly unknown[]>) => {
  try {
    return (await compute()).map(told)
  } catch (error) {
    return asPrescoreError(error).details.cause === undefined
      ? asPrescoreError(error).code
      : asPrescoreError(asPrescoreError(error).details.cause).code
  }
}

async function fromSnapshot(source: SourceAt, join: JoinDefinition, key: Key, asOfUs: number): Promise<readonly unknown[]> {
  const pin = await pinSource(place.database, source)
  const request = { group: join, keys: keyColumns(join, key), asOfUs: Float64Array.of(asOfUs) }
  const { features } = await historyFeatures(place.database, source, pin, [request], { clock: 'as-served' })
  return (features[0] ?? []).map(valueOf)
}

const whole = (text: string) => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text))

describe('tables of PostgreSQL, read by key', { skip: missing ?? false }, () => {
  const server = serverOfSuite()
  const { opened, insert, byText } = peopleOfSuite(place, server)

  const time = (least: number, most: number) => fc.integer({ min: least, max: most }).map(at => formatInstant(T + at))
  const row = fc.record({
    k: fc.option(fc.constantFrom('a', 'A', 'a ', '', '\\', '"', '{x,y}', 'NULL', 'é', "'"), { freq: 8 }),
    n: fc.option(fc.constantFrom('0', '-1', '9007199254740992', '9007199254740993', '-9223372036854775808'), { freq: 8 }),
    i: fc.option(fc.constantFrom('0', '7', '-3', '9007199254740993')),
    f: fc.option(fc.double().map(each => (Object.is(each, -0) ? '-0' : String(each)))),
    m: fc.option(fc.integer({ min: -(10 ** 12) + 1, max: 10 ** 12 - 1 }).map(each => `${each}e-3`)),
    b: fc.option(fc.boolean()),
    s: fc.option(fc.string({ unit: 'binary', maxLength: 8 }).map(each => each.toWellFormed().replaceAll('\0', ''))),
    local: fc.option(time(-5e9, 9e9).map(each => each.slice(0, -1))),
    since: time(-3e11, 3e11),
  })

  test('for any rows, keys and moments, the features are those of a snapshot, bit for bit', async t => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), fc.boolean(), fc.nat(), async (rows, dated, seed) => {
        await insert(rows)
        const source = people(PATIENT, dated)
        const at = sourceAt(place, source, 'people')
        const requests = opened(at)
        const asked = rows
          .slice(0, 4)
          .flatMap(each => (each.k === null || each.n === null ? [] : [each as { k: string; n: string; since: string }]))
        for (const join of Object.values(joinsOf(source, dated))) {
          const reader = new TableJoin(requests, join)
          const keys = [...asked, { k: 'nobody', n: '5', since: formatInstant(T) }]
          // Those of one request, in one turn.
          await Promise.all(
            keys.map(async ({ k, n, since }, i) => {
              const key = Object.fromEntries(Object.keys(join.entity).map(name => [name, name === 'k' ? k : whole(n)])) as Key
              const asOfUs = us(`${since.slice(0, 19)}Z`) + Number(since.slice(20, 26)) + ((seed + i) % 3) - 1
              const [live, batch] = [
                await outcome(() => read(reader, key, asOfUs)),
                await outcome(() => fromSnapshot(at, join, key, asOfUs)),
              ]
              assert.deepEqual(live, batch, JSON.stringify({ k, n, asOfUs }))
              compared++
            }),
          )
        }
        await requests.close()
      }),
      { numRuns: RUNS },
    )
    t.diagnostic(`${compared} keys`)
  })

  test('keys of every type that a key may have in the database', async () => {
    await server().query(`CREATE TYPE mood AS ENUM ('fair', 'foul')`)
    const types = {
      'varchar(8)': ['fair', 'no such'],
      'char(6)': ['fair', 'fair  '],
      mood: ['fair', 'no such'],
      uuid: ['0b1c63d8-6b51-4b35-8f5c-9c7e0f3e6a11', '0B1C63D8-6B51-4B35-8F5C-9C7E0F3E6A11', 'no such', 'a\0b'],
      name: ['fair', 'foul'],
      int2: [7, 70_000],
      int4: [7, 2 ** 40],
      int8: [7, 2n ** 62n],
    } as const
    for (const [type, [there, ...others]] of Object.entries(types)) {
      await server().query(
        `DROP TABLE IF EXISTS typed; CREATE TABLE typed (k ${type}, v float8); INSERT INTO typed VALUES ('${there}', 1.5)`,
      )
      const kind: ColumnKind = typeof there === 'string' ? 'string' : 'int64'
      const source = table({ from: postgres({ url: env(URL), table: 'typed', perRequest: PATIENT }), columns: { k: kind, v: 'float64' } })
      const group = source.by(entity({ k: kind } as never)).features(f => ({ v: f.last('v' as never) }))
      const reader = new TableJoin(opened(sourceAt(place, source, 'people')), joinOf(group))
      const found = await Promise.all([there, ...others].map(k => read(reader, { k } as Key)))
      assert.deepEqual(
        found.map(([v]) => v),
        [1.5, ...others.map(() => Number.NaN)],
        type,
      )
    }
    await server().query('DROP TABLE typed; DROP TYPE mood')
  })

  test('a row that changed is another answer at once; with a cache, as late as it says', async () => {
    await insert([PERSON])
    const [now, remembering] = [byText(people()), byText(people({ ...PATIENT, cache: '1h' }))]
    assert.deepEqual([await firstOfA(now), await firstOfA(remembering)], [0.5, 0.5])
    await server().query('UPDATE people SET f = 2')
    assert.deepEqual([await firstOfA(now), await firstOfA(remembering)], [2, 0.5])
  })

  test('a table that was altered is read as it is now', async () => {
    await insert([PERSON])
    const reader = byText(people())
    const local = new TableJoin(opened(sourceAt(place, people(), 'people')), joinsOf(people(), true).both)
    const before = await read(local, { k: 'a', n: 1 })
    await server().query(
      `ALTER TABLE people ALTER f TYPE float4, ALTER local TYPE timestamptz USING local AT TIME ZONE 'Europe/Paris', ADD more text`,
    )
    assert.equal(await firstOfA(reader), 0.5)
    // Statements of open connections fail once; the next one is made anew.
    await read(local, { k: 'a', n: 1 }).catch(() => {})
    assert.deepEqual(await read(local, { k: 'a', n: 1 }), before)
  })

  test('connections are so many at most, and one statement has the keys of many requests', async () => {
    await insert(Array.from({ length: 300 }, (_, i) => ({ ...PERSON, k: `k${i}`, f: i })))
    const reader = byText(people({ ...PATIENT, connections: 2 }))
    await read(reader, { k: 'k0' })
    let most = 0
    const all = Array.from({ length: 1_200 }, async (_, i) => {
      if (i % 100 === 0) {
        const [used] = await server().query("SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'prescore'")
        most = Math.max(most, used?.n as number)
      }
      return (await read(reader, { k: `k${i % 300}` }))[0]
    })
    assert.deepEqual(
      await Promise.all(all),
      Array.from({ length: 1_200 }, (_, i) => i % 300),
    )
    assert.ok(most <= 2, `${most} connections`)
  })
})
