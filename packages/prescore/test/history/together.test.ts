/** Workers that read a source together, each a slice of it, give the bits that each gives alone. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import type { Column, NumberColumn } from '../../src/expressions/index.ts'
import { Division, type FeatureRequest, historyFeatures, type Peers, PeerTalk, peersOf } from '../../src/history/index.ts'
import { entity, events, type FeatureGroupDefinition } from '../../src/project/index.ts'
import { pinSource, type SourceAt, type SourcePin, scanSource } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { sourceAt } from '../sources/scanned.ts'

const place = await Place.open()

const AS_OF_US = 90_000_000
/** Of each worker its parts; nobody has part 4. */
const PARTS = [[0, 3], [1], [2, 5]] as const
const KEYS = 3_000

const source = events({
  files: ['first.parquet', 'second.parquet'],
  columns: { id: 'int64', customer: 'int64', at: 'timestamp', got: 'timestamp', amount: 'float64', shop: 'string' },
  id: 'id',
  time: 'at',
  arrival: r => r.got,
})
const customer = entity({ customer: 'int64' })
const windows = ['10s', '40s', 'all'] as const
const { features: definitions } = source.by(customer).features(f => ({
  count: f.count(),
  sum: f.sum('amount', { over: windows }),
  mean: f.mean('amount', { over: windows }),
  std: f.std('amount', { over: ['10s', '40s'] }),
  min: f.min('amount', { over: ['40s'] }),
  max: f.max('amount', { over: ['10s', '40s'], where: r => r.shop.ne('shop 3') }),
  shops: f.distinct('shop', { over: ['10s', '40s'] }),
  since: f.timeSinceLast({ over: '40s' }),
  before: f.count('amount', { over: '10s', delay: '5s' }),
}))

/** Keys below 0 too, and beyond 32 bits; a third of the events late; ids that repeat; values of any range for some keys. */
async function written(rows: number, wide: boolean): Promise<readonly [SourceAt, SourcePin]> {
  const [key, at] = [`(hash(i, 1) % ${KEYS})::BIGINT`, '(hash(i, 2) % 100000000)::BIGINT']
  const amount = `CASE hash(i, 3) % 9 WHEN 0 THEN NULL WHEN 1 THEN -0.0 WHEN 2 THEN ${wide ? `CASE WHEN ${key} % 50 = 0 THEN 1e308 ELSE 1e-320 END` : '0.5'}
    ELSE (hash(i, 4) % 50000)::DOUBLE / 100 END`
  const columns = [
    'i - (hash(i, 7) % 50 = 0)::BIGINT AS id',
    `CASE WHEN ${key} % 7 = 0 THEN -${key} WHEN ${key} % 5 = 0 THEN ${key} + 8589934592 ELSE ${key} END AS customer`,
    `make_timestamptz(${at}) AS at`,
    `make_timestamptz(${at} + CASE hash(i, 5) % 3 WHEN 0 THEN (hash(i, 6) % 20000000)::BIGINT ELSE 0 END) AS got`,
    `${amount} AS amount`,
  ]
  const shop = "'shop ' || (hash(i, 8) % 12) AS shop"
  const half = Math.floor(rows / 3)
  await place.copy('first.parquet', `SELECT ${columns.join(', ')} FROM range(${half}) AS t(i)`)
  await place.copy('second.parquet', `SELECT ${columns.join(', ')}, ${shop} FROM range(${half}, ${rows}) AS t(i)`)
  const at_ = sourceAt(place, source)
  return [at_, await pinSource(place.database, at_)]
}

const group: FeatureGroupDefinition = { source: 'flights', entity: customer.columns, by: { customer: 'customer' }, features: definitions }

function keysOf(): Float64Array {
  return Float64Array.from({ length: KEYS }, (_, key) => (key % 7 === 0 ? -key + 0 : key % 5 === 0 ? key + 8_589_934_592 : key))
}

async function requests(division: Division): Promise<readonly FeatureRequest[]> {
  const values = keysOf()
  const partOf = await division.partsOf(place.database, 0, [{ type: { kind: 'int64' }, values }], values.length)
  return PARTS.map(parts => {
    const own = values.filter((_, i) => (parts as readonly number[]).includes(partOf[i] as number))
    return { group, keys: [{ type: { kind: 'int64' }, values: own }], asOfUs: new Float64Array(own.length).fill(AS_OF_US) }
  })
}

const bits = (columns: readonly Column[]) =>
  columns.map(column => Buffer.from((column as NumberColumn).values.slice().buffer).toString('base64'))

for (const [rows, wide] of [
  [60_000, false],
  [60_000, true],
  [40, false],
] as const) {
  test(`${rows} rows${wide ? ' of any range' : ''}: the same bits, together and alone`, async () => {
    const [at, pin] = await written(rows, wide)
    assert.ok(pin.duplicates > 0 || rows < 100)
    const division = new Division(at.definition, [group], 6)
    const asked = await requests(division)
    const read: number[] = []
    for (const clock of ['as-served', 'corrected'] as const) {
      const peers = peersOf(PARTS.length)
      const alone = await Promise.all(asked.map(request => historyFeatures(place.database, at, pin, [request], { clock })))
      const together = await Promise.all(
        asked.map((request, i) => {
          const talk = new PeerTalk(peers[i] as Peers)
          const onRows = (more: number) => {
            read[i] = (read[i] ?? 0) + more
          }
          const sharing = { talk, division, parts: PARTS, asOfUs: AS_OF_US }
          return historyFeatures(place.database, at, pin, [request], { clock, onRows, sharing }).finally(() => talk.leave())
        }),
      )
      together.forEach(({ features, knownThroughUs }, i) => {
        assert.deepEqual(bits(features[0] ?? []), bits(alone[i]?.features[0] ?? []), `worker ${i}, ${clock}`)
        assert.equal(knownThroughUs, Math.max(...alone.map(each => each.knownThroughUs as number)))
      })
      assert.ok((together[0]?.features[0]?.[0] as NumberColumn | undefined)?.values.some(count => count > (rows > 100 ? 5 : 0)))
    }
    // Of two turns, each a slice.
    assert.ok(read.reduce((sum, each) => sum + each, 0) <= 2 * rows, `${read} rows read of ${rows}`)
  })
}

test('events for which there is no room wait in files, which are gone afterwards', async () => {
  const [at, pin] = await written(60_000, false)
  const division = new Division(at.definition, [group], 6)
  const asked = await requests(division)
  const spill = { prefix: place.path('spilled-'), room: 20_000 }
  let most = 0
  const spilled = () => readdirSync(dirname(spill.prefix)).filter(name => name.startsWith('spilled-')).length
  const onRows = () => {
    most = Math.max(most, spilled())
  }
  for (const clock of ['as-served', 'corrected'] as const) {
    const peers = peersOf(PARTS.length)
    const expected = await Promise.all(asked.map(request => historyFeatures(place.database, at, pin, [request], { clock })))
    const alone = await Promise.all(asked.map(request => historyFeatures(place.database, at, pin, [request], { clock, spill, onRows })))
    const together = await Promise.all(
      asked.map((request, i) => {
        const talk = new PeerTalk(peers[i] as Peers)
        const sharing = { talk, division, parts: PARTS, asOfUs: AS_OF_US }
        return historyFeatures(place.database, at, pin, [request], { clock, spill, sharing, onRows }).finally(() => talk.leave())
      }),
    )
    for (const found of [alone, together])
      found.forEach(({ features }, i) => {
        assert.deepEqual(bits(features[0] ?? []), bits(expected[i]?.features[0] ?? []), `worker ${i}, ${clock}`)
      })
  }
  assert.ok(most > 0)
  assert.equal(spilled(), 0)
})

test('a worker that leaves is not waited for, and the others answer for their own keys', async () => {
  const [at, pin] = await written(5_000, false)
  const division = new Division(at.definition, [group], 6)
  const asked = await requests(division)
  const talks = peersOf(PARTS.length).map(peers => new PeerTalk(peers))
  const told = asked.slice(0, 2).map((request, i) =>
    historyFeatures(place.database, at, pin, [request], {
      clock: 'as-served',
      sharing: { talk: talks[i] as PeerTalk, division, parts: PARTS, asOfUs: AS_OF_US },
    }),
  )
  talks[2]?.leave()
  for (const [i, { features }] of (await Promise.all(told)).entries()) {
    const alone = await historyFeatures(place.database, at, pin, [asked[i] as FeatureRequest], { clock: 'as-served' })
    assert.deepEqual(bits(features[0] ?? []), bits(alone.features[0] ?? []))
  }
})

test('what cannot be read together, since one worker asks for keys that no double holds, is read alone', async () => {
  const [at, pin] = await written(5_000, false)
  const division = new Division(at.definition, [group], 6)
  const asked = await requests(division)
  const exact = { type: { kind: 'int64' }, values: Float64Array.of(2 ** 53), exact: BigInt64Array.of(2n ** 53n + 1n) } as const
  const mixed = [asked[0] as FeatureRequest, asked[1] as FeatureRequest, { group, keys: [exact], asOfUs: Float64Array.of(AS_OF_US) }]
  const peers = peersOf(PARTS.length)
  const together = await Promise.all(
    mixed.map((request, i) => {
      const talk = new PeerTalk(peers[i] as Peers)
      const sharing = { talk, division, parts: PARTS, asOfUs: AS_OF_US }
      return historyFeatures(place.database, at, pin, [request], { clock: 'as-served', sharing }).finally(() => talk.leave())
    }),
  )
  const alone = await historyFeatures(place.database, at, pin, [mixed[0] as FeatureRequest], { clock: 'as-served' })
  assert.deepEqual(bits(together[0]?.features[0] ?? []), bits(alone.features[0] ?? []))
  assert.equal((together[2]?.features[0]?.[0] as NumberColumn | undefined)?.values[0], 0)
})

test('slices of a source are all of its rows, each once', async () => {
  const [at, pin] = await written(30_000, false)
  const ids = async (slice?: { index: number; of: number }) => {
    const found: number[] = []
    for await (const { columns } of scanSource(place.database, at, pin, { columns: ['id'], ...(slice === undefined ? {} : { slice }) }))
      found.push(...(columns.get('row.id') as NumberColumn).values)
    return found
  }
  const whole = (await ids()).sort((a, b) => a - b)
  for (const slices of [1, 2, 3, 7]) {
    const each = await Promise.all(Array.from({ length: slices }, (_, index) => ids({ index, of: slices })))
    assert.deepEqual(
      each.flat().sort((a, b) => a - b),
      whole,
    )
    assert.ok(each.every(({ length }) => length < whole.length / slices + 1_500))
  }
})
