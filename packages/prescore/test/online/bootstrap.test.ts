/** State from history: what it must hold, what happens when it is cut short, and groups that come later. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { stringColumn } from '../../src/expressions/index.ts'
import { historyFeatures } from '../../src/history/index.ts'
import { liveGroup, openLiveState } from '../../src/online/index.ts'
import { entity, table } from '../../src/project/index.ts'
import { openEventLog, pinSource } from '../../src/sources/index.ts'
import { RUNS } from '../features/arbitraries.ts'
import { valueAt } from '../features/harness.ts'
import type { NaiveEvent, NaiveFeature } from '../features/naive.ts'
import { Place } from '../parquet/place.ts'
import { sourceAt } from '../sources/scanned.ts'
import { assertReads, chunkOf, folderFor, groupIn, historyIn, LATE_CLOCK, storedBlocks, throwsCode } from './place.ts'
import { longStreams, randomOf, shortStreams, someFeatures, streamOf } from './samples.ts'

const COUNT: NaiveFeature = { aggregate: 'count', delayUs: 0, windowUs: 100 }
const MEAN: NaiveFeature = { aggregate: 'mean', value: 'number', delayUs: 0 }
const event = (timeUs: number, knownAtUs = timeUs, key = 0): NaiveEvent => ({ key, timeUs, knownAtUs, row: { number: timeUs } })

async function placeFor(t: TestContext, events: readonly NaiveEvent[]) {
  const folder = folderFor(t)
  const history = await historyIn(folder, events)
  t.after(() => history.database.close())
  return { folder, state: join(folder, 'state'), ...history }
}

test('history, then a log: the same bits, wherever the one ends', async t => {
  const course = fc.record({ stream: fc.oneof(shortStreams, longStreams), features: someFeatures([1, 4, 10, 200]), seed: fc.nat() })
  await fc.assert(
    fc.asyncProperty(course, async ({ stream, features, seed }) => {
      const random = randomOf(seed)
      const events = streamOf(stream, false)
      const split = random(events.length + 1)
      const { state: folder, source, database, pin } = await placeFor(t, events.slice(0, split))
      const group = groupIn(source, features)
      const state = openLiveState(folder, [group], { clock: LATE_CLOCK, asOfBackUs: 5 })
      const untilUs = Math.max(0, ...events.slice(0, split).map(({ timeUs }) => timeUs)) - random(3)
      await state.bootstrap(database, 'events', pin, untilUs)
      // Of events so old that they are not read, it does not matter when they were known.
      const known = (fromUs: number) => events.slice(0, split).filter(({ timeUs, knownAtUs }) => timeUs >= fromUs && knownAtUs <= untilUs)
      const latest = (fromUs: number) => Math.max(-Infinity, ...known(fromUs).map(({ knownAtUs }) => knownAtUs))
      const throughUs = state.dataThroughUs('events') ?? -Infinity
      assert.ok(throughUs >= latest(untilUs - 5) && throughUs <= latest(-Infinity))
      for (let i = 0; i < 6; i++) assertReads(state, group.name, features, events.slice(0, split), random(5) - 1, untilUs - 5 + random(40))
      await state.apply('events', chunkOf(events.slice(split), 0), events.length - split)
      const fromUs = Math.max(untilUs, state.dataThroughUs('events') ?? -Infinity) - 5
      for (let i = 0; i < 6; i++) assertReads(state, group.name, features, events, random(5) - 1, fromUs + random(40))
      await state.close()
    }),
    { numRuns: Math.ceil(RUNS.numRuns / 20) },
  )
})

test('tells how far it is', async t => {
  const events = Array.from({ length: 5_000 }, (_, i) => event(i))
  const { state: folder, source, database, pin } = await placeFor(t, events)
  const state = openLiveState(folder, [groupIn(source, [COUNT, MEAN])], { clock: LATE_CLOCK })
  const told: number[] = []
  await state.bootstrap(database, 'events', pin, 5_000, ({ rows, total }) => {
    assert.equal(total, 5_000)
    told.push(rows)
  })
  assert.equal(told.at(-1), 5_000)
  assert.ok(told.length > 1)
  await state.close()
})

test('what the log holds when the source is pinned is in, and is not taken again', async t => {
  const { folder, state: stateFolder, source: bare, database } = await placeFor(t, [event(1), event(2)])
  const source = { ...bare, logs: join(folder, 'logs') }
  const log = openEventLog(source.logs, 'events', source.definition, { clock: LATE_CLOCK })
  const post = (us: number) => log.append([{ id: 0, number: us, at: `1970-01-01T00:00:00.${String(us).padStart(6, '0')}Z` }])
  for (const us of [3, 4]) assert.equal((await post(us)).accepted, 1)
  const pin = await pinSource(database, source)
  await post(5)
  const group = groupIn(source, [COUNT, MEAN])
  const state = openLiveState(stateFolder, [group], { clock: LATE_CLOCK })
  await state.bootstrap(database, 'events', pin, 10)
  assert.equal(state.position('events'), 2)
  const read = () => [...log.read(2, log.position(), { columns: state.columns('events') })]
  for (const chunk of [...read(), ...read()]) await state.apply('events', chunk)
  assert.equal(state.position('events'), 3)
  assert.equal(state.dataThroughUs('events'), LATE_CLOCK.nowUs())
  const asOfUs = LATE_CLOCK.nowUs()
  assert.deepEqual(state.read(group.name, { id: 0 }, asOfUs), [0, 3])
  await log.close()
  await state.close()
})

test('one that fails leaves the group not ready, and is repeated', async t => {
  const events = Array.from({ length: 3_000 }, (_, i) => event(i, i, i % 7))
  const { state: folder, source, database, pin } = await placeFor(t, events)
  const groups = [groupIn(source, [COUNT]), groupIn(source, [MEAN])] as const
  const state = openLiveState(folder, groups, { clock: LATE_CLOCK })
  const fail = () => {
    throw new Error('enough')
  }
  await assert.rejects(state.bootstrap(database, 'events', pin, 3_000, fail), /enough/)
  assert.equal(state.needsBootstrap('events'), true)
  assert.throws(() => state.read(groups[0].name, { id: 0 }, 3_000), throwsCode('not_ready'))
  // Two at once are one.
  await Promise.all([state.bootstrap(database, 'events', pin, 3_000), state.bootstrap(database, 'events', pin, 3_000)])
  assert.equal(state.needsBootstrap('events'), false)
  for (let key = 0; key < 7; key++) {
    assertReads(state, groups[0].name, [COUNT], events, key, 3_000)
    assertReads(state, groups[1].name, [MEAN], events, key, 3_000)
  }
  await state.close()
})

test('killed at any moment, it is repeated', async t => {
  const events = Array.from({ length: 60_000 }, (_, i) => event(i, i, (i * 7919) % 40_000))
  const { folder, state: stateFolder, source, database, pin } = await placeFor(t, events)
  const group = groupIn(source, [COUNT, MEAN])
  // At once, and when some of the keys are stored.
  for (const atLeastBytes of [0, 2_000_000]) {
    const script = join(import.meta.dirname, 'processes/bootstrapper.ts')
    const { signal } = spawnSync(process.execPath, [script, folder, String(atLeastBytes)], { stdio: 'inherit' })
    assert.equal(signal, 'SIGKILL')
    const state = openLiveState(stateFolder, [group], { clock: LATE_CLOCK })
    assert.equal(state.needsBootstrap('events'), true)
    await state.close()
  }
  assert.ok((await storedBlocks(stateFolder, group.name)) > 0)
  const state = openLiveState(stateFolder, [group], { clock: LATE_CLOCK })
  await state.bootstrap(database, 'events', pin, 60_000)
  assert.equal(state.position('events'), 0)
  for (let key = 0; key < 40_000; key += 997)
    assertReads(
      state,
      group.name,
      [COUNT, MEAN],
      events.filter(each => each.key === key),
      key,
      60_000,
    )
  await state.close()
})

test('a group that comes later is filled beside the others, and takes the log from its start', async t => {
  const history = Array.from({ length: 50 }, (_, i) => event(i))
  const arrived = Array.from({ length: 40 }, (_, i) => event(50 + i))
  const { state: folder, source, database, pin } = await placeFor(t, history)
  const [first, second] = [groupIn(source, [COUNT]), groupIn(source, [MEAN])]
  const options = { clock: LATE_CLOCK }
  let state = openLiveState(folder, [first], options)
  await state.bootstrap(database, 'events', pin, 50)
  await state.apply('events', chunkOf(arrived.slice(0, 25), 0), 25)
  await state.close()
  state = openLiveState(folder, [first, second], options)
  assert.deepEqual([state.needsBootstrap('events'), state.position('events')], [true, 25])
  // Of those that can be read.
  assert.deepEqual([state.dataThroughUs('events'), state.groupThroughUs(second.name)], [74, Number.NEGATIVE_INFINITY])
  const filling = state.bootstrap(database, 'events', pin, 50)
  // Meanwhile the others go on.
  await state.apply('events', chunkOf(arrived.slice(25, 30), 25), 30)
  assertReads(state, first.name, [COUNT], [...history, ...arrived.slice(0, 30)], 0, 90)
  await filling
  assert.deepEqual([state.needsBootstrap('events'), state.position('events')], [false, 0])
  assert.equal(state.dataThroughUs('events'), 49)
  state.heartbeat('events', 1_000)
  assert.equal(state.dataThroughUs('events'), 49)
  await state.apply('events', chunkOf(arrived.slice(0, 28), 0), 28)
  await state.apply('events', chunkOf(arrived.slice(28), 28), 40)
  for (const [group, feature] of [
    [first, COUNT],
    [second, MEAN],
  ] as const)
    assertReads(state, group.name, [feature], [...history, ...arrived], 0, 1_000)
  assert.equal(state.position('events'), 40)
  await state.close()
  // What is not asked for any more is forgotten.
  await openLiveState(folder, [second], options).close()
  state = openLiveState(folder, [first, second], options)
  assert.throws(() => state.read(first.name, { id: 0 }, 1_000), throwsCode('not_ready'))
  assertReads(state, second.name, [MEAN], [...history, ...arrived], 0, 1_000)
  await state.close()
})

test('events that are too many for memory give the same state as those that are not', async t => {
  const hot = Array.from({ length: 70_000 }, (_, i) => event((i * 7919) % 70_000, (i * 7919) % 70_000, 0))
  const others = Array.from({ length: 60_000 }, (_, i) => event(i, i + (i % 5), 1 + ((i * 31) % 900)))
  const events = hot.flatMap((each, i) => [each, ...others.slice(i, i + 1)])
  const { folder, source, database, pin } = await placeFor(t, events)
  const options = { clock: LATE_CLOCK, asOfBackUs: 40_000 }
  const [served, group] = [groupIn(source, [COUNT]), groupIn(source, [COUNT, MEAN, { ...MEAN, windowUs: 30_000 }])]
  const serving = openLiveState(join(folder, 'serving'), [served], options)
  await serving.bootstrap(database, 'events', pin, 70_000)
  // While others are read, fewer are kept in memory.
  serving.addGroups([group])
  await serving.bootstrap(database, 'events', pin, 70_000)
  const alone = openLiveState(join(folder, 'alone'), [group], options)
  await alone.bootstrap(database, 'events', pin, 70_000)
  for (const asOfUs of [30_000, 65_000, 70_000])
    for (let id = 0; id <= 900; id++)
      assert.deepEqual(serving.read(group.name, { id }, asOfUs), alone.read(group.name, { id }, asOfUs), `${id} at ${asOfUs}`)
  for (const key of [0, 1, 500])
    assertReads(
      serving,
      group.name,
      [COUNT, MEAN, { ...MEAN, windowUs: 30_000 }],
      events.filter(each => each.key === key),
      key,
      66_000,
    )
  await Promise.all([serving.close(), alone.close()])
})

const place = await Place.open()
for (const isTimed of [true, false]) {
  test(`the rows of a table ${isTimed ? 'that hold from a moment on' : 'that always hold'}, as history has them`, async t => {
    const timed = ["('A', 10, 1.5, 'low')", "('A', 20, NULL, 'none')", "('A', 30, 3.5, NULL)", "('B', 25, 7.0, 'high')"]
    const rows = isTimed ? timed : ["('A', 0, 1.5, NULL)", "('B', 0, NULL, 'high')"]
    const from = `FROM (VALUES ${rows.join(', ')}) AS v(k, since, price, band)`
    await place.copy('prices.parquet', `SELECT k, make_timestamptz(since) AS since, price::DOUBLE AS price, band ${from}`)
    const columns = { k: 'string', since: 'timestamp', price: 'float64', band: 'string' } as const
    const prices = table({ files: 'prices.parquet', columns, ...(isTimed ? { validFrom: 'since' } : {}) })
    const by = entity({ k: 'string' })
    const { features } = prices
      .by(by)
      .features(f => ({ price: f.current('price'), band: f.current('band'), last: f.last('band'), rows: f.count() }))
    const at = { ...sourceAt(place, prices), name: 'prices' }
    const group = { source: 'prices', entity: by.columns, by: { k: 'k' }, features }
    const pin = await pinSource(place.database, at)
    const live = liveGroup(at, group)
    const state = openLiveState(join(folderFor(t), 'state'), [live], { clock: LATE_CLOCK, asOfBackUs: 100 })
    t.after(() => state.close())
    await state.bootstrap(place.database, 'prices', pin, 22)
    const asked = ['A', 'B', 'Z'].flatMap(k => [9, 10, 11, 20, 25, 29, 30, 31, 1000].map(asOfUs => ({ k, asOfUs })))
    const request = { group, keys: [stringColumn(asked.map(({ k }) => k))], asOfUs: Float64Array.from(asked, ({ asOfUs }) => asOfUs) }
    const [expected] = (await historyFeatures(place.database, at, pin, [request], { clock: 'as-served' })).features
    asked.forEach(({ k, asOfUs }, row) => {
      const found = state.read(live.name, { k }, asOfUs).map(value => (Number.isNaN(value) ? undefined : value))
      assert.deepEqual(
        found,
        expected?.map(column => valueAt(column, row)),
        `${k} at ${asOfUs}`,
      )
    })
    assert.deepEqual(state.read(live.name, { k: 'A' }, 30).slice(0, 2), isTimed ? [3.5, undefined] : [1.5, undefined])
  })
}
