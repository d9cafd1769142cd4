/** Features from files are what the definition says, for any events, keys and moments. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Column } from '../../src/expressions/index.ts'
import { Room } from '../../src/features/index.ts'
import { type FeatureRequest, historyFeatures } from '../../src/history/index.ts'
import { entity, events, table } from '../../src/project/index.ts'
import { pinSource } from '../../src/sources/index.ts'
import { columnFrom } from '../expressions/rows.ts'
import { Place } from '../parquet/place.ts'
import { sourceAt } from '../sources/scanned.ts'
import {
  airportQuery,
  asOfs,
  FEATURES,
  type Flight,
  flights,
  groupOf,
  keyColumns,
  naive,
  type Query,
  slotQuery,
  source,
  TYPES,
  values,
} from './oracle.ts'

const place = await Place.open()
/** Of all questions as served: what one of them left there must not show in another. */
const room = new Room()

interface Asked {
  readonly key: 'airport' | 'slot'
  readonly all: boolean
  readonly queries: readonly Query[]
}

const asked: fc.Arbitrary<Asked> = fc.oneof(
  fc.record({ key: fc.constant('airport' as const), all: fc.boolean(), queries: fc.array(airportQuery, { maxLength: 6 }) }),
  fc.record({ key: fc.constant('slot' as const), all: fc.boolean(), queries: fc.array(slotQuery, { maxLength: 6 }) }),
)

async function computed(rows: readonly Flight[], all: readonly Asked[], clock: 'as-served' | 'corrected', throughUs?: number) {
  await place.copyRows('flights.parquet', TYPES, rows as readonly (Flight & Record<string, never>)[])
  const at = sourceAt(place, source)
  const requests = all.map(({ key, all, queries }): FeatureRequest => {
    const group = groupOf(key, all)
    return { group, keys: keyColumns(group, queries), asOfUs: asOfs(queries) }
  })
  const pin = { ...(await pinSource(place.database, at)), ...(throughUs === undefined ? {} : { throughUs }) }
  return historyFeatures(place.database, at, pin, requests, clock === 'corrected' ? { clock } : { clock, room })
}

for (const clock of ['as-served', 'corrected'] as const) {
  test(`${clock}: several groups from one scan are what the definition says`, async () => {
    await fc.assert(
      fc.asyncProperty(flights, fc.array(asked, { minLength: 1, maxLength: 3 }), async (rows, all) => {
        const { features } = await computed(rows, all, clock)
        all.forEach(({ key, all, queries }, i) => {
          Object.keys(FEATURES).forEach((name, at) => {
            const found = values(features[i]?.[at] as Column, queries.length)
            assert.deepEqual(
              found,
              queries.map(query => naive(name, key, all, rows, query, clock)),
              `${name} of ${key}`,
            )
          })
        })
      }),
      { numRuns: 60 },
    )
  })
}

test('the order of rows and files changes nothing', async () => {
  const [rows] = fc.sample(fc.array(flights, { minLength: 40, maxLength: 40 }), { numRuns: 1, seed: 7 }) as [Flight[][]]
  const many = rows.flat().map((row, i) => ({ ...row, id: (i * 7919) % 100_003 }))
  const queries = fc.sample(slotQuery, { numRuns: 200, seed: 7 })
  const forward = await computed(many, [{ key: 'slot', all: true, queries }], 'as-served')
  const backward = await computed([...many].reverse(), [{ key: 'slot', all: true, queries }], 'as-served')
  const plain = (each: typeof forward) => each.features[0]?.map(column => values(column, queries.length))
  assert.ok(plain(forward)?.[0]?.some(count => (count as number) > 10))
  assert.deepEqual(plain(backward), plain(forward))
})

test('of events at the same time the last is that of the greatest id: integers, also beyond 2^53, and texts by their bytes', async () => {
  const ids: readonly (readonly [type: string, ids: readonly string[], last: number])[] = [
    ['BIGINT', ['3', '20', '-5'], 1],
    ['BIGINT', ['9007199254740993', '9007199254740992', '-9223372036854775808'], 0],
    ['VARCHAR', ["'b'", "'a long text that comes first'", "'é'"], 2],
    ['VARCHAR', ["'😀'", "'\uffee'", "'z'"], 0],
  ]
  const by = entity({ k: 'int64' })
  for (const [type, each, last] of ids) {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      await place.copy(
        'ties.parquet',
        order
          .map(i => `SELECT 1 AS k, CAST(${each[i]} AS ${type}) AS id, make_timestamptz(5) AS at, 'value ${i}' AS v`)
          .join(' UNION ALL '),
      )
      const columns = { k: 'int64', id: type === 'BIGINT' ? 'int64' : 'string', at: 'timestamp', v: 'string' } as const
      const ties = events({ files: 'ties.parquet', columns, id: 'id', time: 'at' })
      const group = {
        source: 'ties',
        entity: by.columns,
        by: { k: 'k' },
        features: ties.by(by).features(f => ({ v: f.last('v') })).features,
      }
      const at = sourceAt(place, ties)
      const request = { group, keys: [columnFrom({ kind: 'int64' }, [1])], asOfUs: Float64Array.of(9) }
      const { features } = await historyFeatures(place.database, at, await pinSource(place.database, at), [request], { clock: 'as-served' })
      assert.deepEqual(values(features[0]?.[0] as Column, 1), [`value ${last}`], `${type} ${each} in the order ${order}`)
    }
  }
})

test('the scan reaches back to the start of the longest window, and on to the last as-of', async () => {
  const rows = [8, 9, 99, 100].map((at, id) => ({ id, at, got: at, origin: 'JFK', hour: 7, delay: 1, carrier: 'AA' }))
  const count = async (...asOfs: readonly number[]) => {
    const queries = asOfs.map(asOfUs => ({ key: ['JFK'], asOfUs }))
    return values((await computed(rows, [{ key: 'airport', all: false, queries }], 'as-served')).features[0]?.[0] as Column, asOfs.length)
  }
  assert.deepEqual([await count(39), await count(40), await count(41)], [[2], [1], [0]])
  assert.deepEqual(await count(100, 102, 103, 104), [0, 0, 1, 2])
})

test('known through: the latest moment, at most the latest as-of, at which any row was known or the log said so', async () => {
  const rows = [
    { at: 10, got: 12, origin: 'JFK' },
    { at: 20, got: 45, origin: 'LAX' },
    { at: 30, got: 31, origin: 'LAX' },
    { at: 40, got: undefined, origin: 'LAX' },
    { at: 50, got: 50, origin: 'LAX' },
  ].map((row, id) => ({ id, hour: 7, delay: 1, carrier: 'AA', ...row }))
  const through = async (asOfUs: number, throughUs?: number) =>
    (await computed(rows, [{ key: 'airport', all: true, queries: [{ key: ['JFK'], asOfUs }] }], 'as-served', throughUs)).knownThroughUs
  assert.equal(await through(5), undefined)
  assert.equal(await through(13), 12)
  assert.equal(await through(44), 31)
  assert.equal(await through(45), 45)
  assert.equal(await through(100), 50)
  // A heartbeat after some of them.
  assert.equal(await through(5, 40), 5)
  assert.equal(await through(44, 40), 40)
  assert.equal(await through(100, 40), 50)
})

test('nothing asked reads nothing; a file without rows answers', async () => {
  assert.deepEqual(await computed([], [], 'as-served'), { features: [], knownThroughUs: undefined })
  const { features } = await computed([], [{ key: 'airport', all: false, queries: [{ key: ['JFK'], asOfUs: 5 }] }], 'as-served')
  assert.deepEqual(
    features[0]?.map(column => values(column, 1)),
    [[0], [undefined], [undefined], [undefined], [-1], [undefined], [undefined], [undefined], [undefined], [undefined], [0], [undefined]],
  )
})

test('rows of a table without a time count at every moment', async () => {
  await place.copy('airports.parquet', "SELECT 'JFK' AS origin, 4 AS runways UNION ALL SELECT 'LAX', NULL")
  const airports = table({ files: 'airports.parquet', columns: { origin: 'string', runways: 'int64' } })
  const by = entity({ origin: 'string' })
  const at = sourceAt(place, airports)
  const group = {
    source: 'airports',
    entity: by.columns,
    by: { origin: 'origin' },
    features: airports.by(by).features(f => ({ runways: f.last('runways'), rows: f.count() })).features,
  }
  const request = { group, keys: [columnFrom({ kind: 'string' }, ['JFK', 'LAX', 'ZZZ'])], asOfUs: Float64Array.of(0, 1e15, 5) }
  const { features } = await historyFeatures(place.database, at, await pinSource(place.database, at), [request], { clock: 'as-served' })
  assert.deepEqual(
    features[0]?.map(column => values(column, 3)),
    [
      [4, undefined, undefined],
      [1, 1, 0],
    ],
  )
})

test('a row of a table holds from its moment on, at it too, until the next one: also where its value is missing', async () => {
  const rows = ["('A', 10, 1.5, 'low')", "('A', 20, NULL, 'none')", "('A', 30, 3.5, NULL)", "('B', 25, 7.0, 'high')"]
  await place.copy(
    'prices.parquet',
    `SELECT k, make_timestamptz(since) AS since, price, band FROM (VALUES ${rows.join(', ')}) AS v(k, since, price, band)`,
  )
  const columns = { k: 'string', since: 'timestamp', price: 'float64', band: 'string' } as const
  const prices = table({ files: 'prices.parquet', columns, validFrom: 'since' })
  const by = entity({ k: 'string' })
  const at = sourceAt(place, prices)
  const { features: definitions } = prices.by(by).features(f => ({
    price: f.current('price'),
    band: f.current('band'),
    cheap: f.current('price', { where: r => r.price.lt(2) }),
    earlier: f.current('price', { delay: '1s' }),
    known: f.current('price', { default: -1 }),
    last: f.last('price'),
  }))
  const ask = async (key: string, ...asOfs: readonly number[]) => {
    const group = { source: 'flights', entity: by.columns, by: { k: 'k' }, features: definitions }
    const request = {
      group,
      keys: [
        columnFrom(
          { kind: 'string' },
          asOfs.map(() => key),
        ),
      ],
      asOfUs: Float64Array.from(asOfs),
    }
    const pin = await pinSource(place.database, at)
    const { features, knownThroughUs } = await historyFeatures(place.database, at, pin, [request], { clock: 'as-served' })
    return { found: features[0]?.map(column => values(column, asOfs.length)), knownThroughUs }
  }
  assert.deepEqual((await ask('A', 9, 10, 19, 20, 29, 30, 1_000_010)).found, [
    [undefined, 1.5, 1.5, undefined, undefined, 3.5, 3.5],
    [undefined, 'low', 'low', 'none', 'none', undefined, undefined],
    [undefined, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5],
    [undefined, undefined, undefined, undefined, undefined, undefined, 1.5],
    [-1, 1.5, 1.5, -1, -1, 3.5, 3.5],
    [undefined, undefined, 1.5, 1.5, 1.5, 1.5, 3.5],
  ])
  // One moment for all, as a batch asks: the scan goes on to it, and what is known is not beyond it.
  const alone = await ask('A', 30)
  assert.deepEqual([alone.found?.[0], alone.knownThroughUs], [[3.5], 30])
  const before = await ask('A', 29)
  assert.deepEqual([before.found?.[0], before.knownThroughUs], [[undefined], 25])
})

test('progress adds up to the rows that were read', async () => {
  await place.copy('many.parquet', 'SELECT i AS id, make_timestamptz(i) AS at FROM range(100000) t(i)')
  const many = events({ files: 'many.parquet', columns: { id: 'int64', at: 'timestamp' }, id: 'id', time: 'at' })
  const by = entity({ id: 'int64' })
  const at = sourceAt(place, many)
  const group = {
    source: 'many',
    entity: by.columns,
    by: { id: 'id' },
    features: many.by(by).features(f => ({ n: f.count({ over: '1s' }) })).features,
  }
  const request = { group, keys: [columnFrom({ kind: 'int64' }, [1])], asOfUs: Float64Array.of(80_000) }
  const told: [number, number][] = []
  await historyFeatures(place.database, at, await pinSource(place.database, at), [request], {
    clock: 'corrected',
    onRows: (rows, total) => told.push([rows, total]),
  })
  assert.ok(told.length > 1)
  // Of the 80,000 that are read, the last lie in a row group with others.
  assert.equal(
    told.reduce((sum, [rows]) => sum + rows, 0),
    100_000,
  )
  assert.ok(told.every(([, total]) => total === 100_000))
})
