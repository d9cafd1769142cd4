/** Whatever arrives in whatever order and batches, and wherever it is interrupted: live features are those of the kernel, to the bit. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { type LiveState, openLiveState } from '../../src/online/index.ts'
import type { AggregateName, PeriodName } from '../../src/project/index.ts'
import { RUNS } from '../features/arbitraries.ts'
import { computed, valueAt } from '../features/harness.ts'
import type { NaiveEvent, NaiveFeature } from '../features/naive.ts'
import { CHANGES, naiveCalendar } from '../features/naive-calendar.ts'
import { assertReads, type Clocks, chunkOf, groupIn, historyIn, type Ids, LATE_CLOCK, sourceIn, throwsCode } from './place.ts'
import {
  endlessStreams,
  longStreams,
  randomOf,
  type StreamPlan,
  settlingFeatures,
  shortStreams,
  someFeatures,
  streamOf,
} from './samples.ts'

const root = mkdtempSync(join(tmpdir(), 'prescore-bits-'))
const { database, pin } = await historyIn(root, [])
after(() => {
  database.close()
  rmSync(root, { recursive: true })
})
let folders = 0

const PERIODS: readonly PeriodName[] = ['thisHour', 'today', 'thisWeek', 'thisMonth']

interface Course {
  readonly stream: StreamPlan
  readonly features: readonly NaiveFeature[]
  readonly ids: Ids
  readonly asOfBackUs: number
  /** Decides the sizes of batches, when to read, and when to close and open again. */
  readonly seed: number
  readonly batchMax: number
  /** Microseconds of the stream stretched to days around a change of clocks. */
  readonly stretch?: Stretch
}

interface Stretch extends Clocks {
  readonly unitUs: number
  readonly originUs: number
}

/** Applies events in random batches, and reads on the way. */
async function run({ stream, features, ids, asOfBackUs, seed, batchMax, stretch }: Course): Promise<void> {
  const { unitUs, originUs } = stretch ?? { unitUs: 1, originUs: 0 }
  const events = streamOf(stream, ids !== 'none').map(event => ({
    ...event,
    timeUs: originUs + unitUs * event.timeUs,
    knownAtUs: originUs + unitUs * event.knownAtUs,
  }))
  const folder = join(root, `state${folders++}`)
  const group = groupIn(sourceIn(root, ids, stretch?.zone), features)
  const options = { clock: LATE_CLOCK, asOfBackUs, cacheBytes: seed % 3 === 0 ? 0 : 1e6 }
  const random = randomOf(seed)
  let state = openLiveState(folder, [group], options)
  const beforeUs = originUs - 100 * unitUs
  await state.bootstrap(database, 'events', pin, beforeUs)
  const read = (known: readonly NaiveEvent[]) =>
    readSome({ state, group: group.name, features, asOfBackUs, beforeUs, unitUs, stretch }, known, random)
  let position = 0
  /** So many times on the way, about. */
  const often = (times: number) => random(Math.ceil((2 * events.length) / (1 + batchMax))) < times
  while (position < events.length) {
    const batch = events.slice(position, position + 1 + random(batchMax))
    await state.apply('events', chunkOf(batch, position, ids), position + batch.length)
    position += batch.length
    if (often(6)) await Promise.race([state.flush(), random(2) === 0 ? turn() : state.flush()])
    if (often(2)) {
      await state.close()
      state = openLiveState(folder, [group], options)
      assert.equal(state.position('events'), position)
    }
    if (often(12)) read(events.slice(0, position))
  }
  read(events)
  await state.close()
  rmSync(folder, { recursive: true })
}

interface Reading {
  readonly state: LiveState
  readonly group: string
  readonly features: readonly NaiveFeature[]
  readonly asOfBackUs: number
  /** When the bootstrap was. */
  readonly beforeUs: number
  readonly unitUs: number
  readonly stretch: Clocks | undefined
}

function readSome(
  { state, group, features, asOfBackUs, beforeUs, unitUs, stretch }: Reading,
  events: readonly NaiveEvent[],
  random: (below: number) => number,
): void {
  const known = events.map(({ knownAtUs }) => knownAtUs).filter(Number.isFinite)
  const throughUs = Math.max(-Infinity, ...known)
  assert.equal(state.dataThroughUs('events') ?? -Infinity, throughUs)
  const retainedFromUs = Math.max(throughUs, beforeUs) - asOfBackUs
  const atUs = Number.isFinite(throughUs) ? throughUs : beforeUs + 100 * unitUs
  for (let i = 0; i < 6; i++) {
    const asOfUs = Math.max(atUs - asOfBackUs, atUs + unitUs * (random(40) - 20))
    assertReads(state, group, features, events, random(6) - 1, asOfUs, stretch)
  }
  assert.throws(() => state.read(group, { id: 0 }, retainedFromUs - 1), throwsCode('as_of_out_of_range'))
}

const course = (
  stream: fc.Arbitrary<StreamPlan>,
  windowsUs: readonly number[],
  batchMax: number,
  periods: readonly PeriodName[] = [],
): fc.Arbitrary<Course> =>
  fc.record({
    stream,
    features: someFeatures(windowsUs, periods),
    ids: fc.constantFrom<Ids>('none', 'int64', 'string'),
    asOfBackUs: fc.constantFrom(0, 5, 1000),
    seed: fc.nat(),
    batchMax: fc.constantFrom(1, 7, batchMax),
  })

test('keys of few events', async () => {
  await fc.assert(fc.asyncProperty(course(shortStreams, [1, 4, 10], 20), run), { numRuns: Math.ceil(RUNS.numRuns / 8) })
})

test('keys of so many events that they make many blocks', async () => {
  await fc.assert(fc.asyncProperty(course(longStreams, [10, 200, 700], 300), run), { numRuns: Math.ceil(RUNS.numRuns / 40) })
})

test('keys of so many blocks that they make tiles', async () => {
  const courses = course(endlessStreams, [10, 1_500, 7_000], 3_000).map(each => ({ ...each, batchMax: 3_000 }))
  await fc.assert(fc.asyncProperty(courses, run), { numRuns: Math.ceil(RUNS.numRuns / 100) })
})

test('events that are settled because only windows over all reach them', async () => {
  const courses = fc
    .tuple(course(longStreams, [10], 100), settlingFeatures([10, 200]))
    .map(([each, features]): Course => ({ ...each, features, asOfBackUs: each.asOfBackUs % 1000 }))
  await fc.assert(fc.asyncProperty(courses, run), { numRuns: Math.ceil(RUNS.numRuns / 20) })
})

/** A microsecond of a stream is 10 minutes, which begins two days before clocks change. */
const UNIT_US = 600e6
const DAY_US = 86_400e6
const stretches = CHANGES.slice(2).map(([zone, moment]): Stretch => {
  const originUs = Date.parse(`${moment}Z`) * 1000 - 2 * DAY_US
  return { zone, unitUs: UNIT_US, originUs, calendar: naiveCalendar(zone, originUs - 10 * DAY_US, originUs + 30 * DAY_US) }
})

test('calendar windows, while clocks change', async () => {
  const stretched = fc
    .tuple(course(longStreams, [10 * UNIT_US, 300 * UNIT_US], 300, PERIODS), fc.constantFrom(...stretches))
    .map(([each, stretch]): Course => ({ ...each, asOfBackUs: each.asOfBackUs * UNIT_US, stretch }))
  await fc.assert(fc.asyncProperty(stretched, run), { numRuns: Math.ceil(RUNS.numRuns / 20) })
})

/** State with these events of one key, open. */
async function stateOf(features: readonly NaiveFeature[], events: readonly NaiveEvent[]): Promise<{ state: LiveState; group: string }> {
  const group = groupIn(sourceIn(root), features)
  const state = openLiveState(join(root, `state${folders++}`), [group], { clock: LATE_CLOCK, asOfBackUs: 1e6 })
  await state.bootstrap(database, 'events', pin, 0)
  await state.apply('events', chunkOf(events, 0))
  return { state, group: group.name }
}
const over = (aggregate: AggregateName, windowUs: number): NaiveFeature => ({
  aggregate,
  delayUs: 0,
  windowUs,
  ...(aggregate === 'count' || aggregate === 'timeSinceLast' ? {} : { value: 'number' }),
})

test('windows begin and end at every event of several blocks', async () => {
  const features = [120, 250].flatMap(windowUs => (['count', 'sum', 'std', 'min', 'max'] as const).map(each => over(each, windowUs)))
  const events = Array.from({ length: 600 }, (_, i) => ({
    key: 0,
    timeUs: i,
    knownAtUs: i + (i % 50 === 0 ? 30 : 0),
    row: { number: (i * 37) % 101 },
  }))
  const { state, group } = await stateOf(features, events)
  const asOfs = Array.from({ length: 700 }, (_, i) => i + 150)
  const kernel = computed(
    features,
    events,
    asOfs.map(asOfUs => ({ key: 0, asOfUs })),
    'as-served',
  )
  asOfs.forEach((asOfUs, row) => {
    const found = state.read(group, { id: 0 }, asOfUs)
    kernel.forEach((column, i) =>
      assert.ok(Object.is(found[i], valueAt(column, row) ?? Number.NaN), `${JSON.stringify(features[i])} at ${asOfUs}`),
    )
  })
  await state.close()
})

test('windows of a key whose blocks make tiles', async () => {
  const events = Array.from({ length: 9_000 }, (_, i): NaiveEvent => {
    const timeUs = i - (i % 9 === 0 ? 40 : 0) - (i % 500 === 0 ? 3_000 : 0)
    const row = {
      number: i % 11 === 0 ? undefined : ((i * 7919) % 10_007) / 16,
      text: `shop ${(i * i) % 331}`,
      keep: i % 1_500 < 700 ? 1 : 0,
    }
    return { key: 0, timeUs, knownAtUs: i + (i % 100 === 0 ? 50 : 0), row }
  })
  const variants: readonly Pick<NaiveFeature, 'aggregate' | 'value' | 'where' | 'rank'>[] = [
    ...(['count', 'mean', 'std', 'min', 'max', 'first', 'last', 'distinct'] as const).map(aggregate => ({ aggregate, value: 'number' })),
    ...(['first', 'last', 'distinct'] as const).map(aggregate => ({ aggregate, value: 'text', where: 'keep' })),
    { aggregate: 'timeSinceLast', where: 'keep' },
    { aggregate: 'last', value: 'number', rank: 3 },
    { aggregate: 'last', value: 'text', where: 'keep', rank: 2 },
    { aggregate: 'mode', value: 'text', rank: 2 },
  ]
  const features = variants.flatMap(variant => [6, 2_500, 7_000].map((windowUs): NaiveFeature => ({ ...variant, windowUs, delayUs: 0 })))
  const { state, group } = await stateOf(features, events)
  const asOfs = Array.from({ length: 150 }, (_, i) => 3_000 + i * 41)
  const kernel = computed(
    features,
    events,
    asOfs.map(asOfUs => ({ key: 0, asOfUs })),
    'as-served',
  )
  asOfs.forEach((asOfUs, row) => {
    const found = state.read(group, { id: 0 }, asOfUs)
    kernel.forEach((column, i) => {
      const value = valueAt(column, row) ?? (state.types(group)[i]?.kind === 'string' ? undefined : Number.NaN)
      assert.ok(Object.is(found[i], value), `${JSON.stringify(features[i])} at ${asOfUs}: ${found[i]}, not ${value}`)
    })
  })
  await state.close()
})

test('calendar windows begin now before, now after others', async () => {
  const [zone, changeUs] = ['America/New_York', Date.parse('2025-11-02T06:00Z') * 1000]
  const windows = [...PERIODS.map(period => ({ period })), { windowUs: 100 * 60e6 }, { windowUs: 30 * 3600e6 }]
  const features = windows.flatMap(window =>
    (['count', 'first', 'last', 'distinct'] as const).map(
      (aggregate): NaiveFeature => ({ aggregate, value: 'text', delayUs: 0, ...window }),
    ),
  )
  const events = Array.from({ length: 600 }, (_, i): NaiveEvent => {
    const timeUs = changeUs + (i - 500) * 10 * 60e6
    return { key: 0, timeUs, knownAtUs: timeUs + (i % 7 === 0 ? 3600e6 : 0), row: { text: `shop ${(i * 7) % 40}` } }
  })
  const group = groupIn(sourceIn(root, 'none', zone), features)
  const state = openLiveState(join(root, `state${folders++}`), [group], { clock: LATE_CLOCK, asOfBackUs: 10 * DAY_US })
  await state.bootstrap(database, 'events', pin, changeUs)
  await state.apply('events', chunkOf(events, 0))
  const asOfs = Array.from({ length: 500 }, (_, i) => changeUs + (i - 400) * 13 * 60e6)
  const kernel = computed(
    features,
    events,
    asOfs.map(asOfUs => ({ key: 0, asOfUs })),
    'as-served',
    zone,
  )
  asOfs.forEach((asOfUs, row) => {
    const found = state.read(group.name, { id: 0 }, asOfUs)
    kernel.forEach((column, i) => assert.equal(found[i], valueAt(column, row), `${JSON.stringify(features[i])} at ${asOfUs}`))
  })
  await state.close()
})

test('a busy key that was read, and then gets numbers of another kind', async () => {
  const features = (['sum', 'mean', 'std'] as const).map(each => over(each, 1000))
  const events: NaiveEvent[] = Array.from({ length: 400 }, (_, i) => ({ key: 0, timeUs: i, knownAtUs: i, row: { number: i % 7 } }))
  const { state, group } = await stateOf(features, events)
  for (const number of [0.1, 1e-9, 2 ** 60 + 2 ** 10, 1e200, 1e308, Number.POSITIVE_INFINITY]) {
    assertReads(state, group, features, events, 0, 500)
    events.push({ key: 0, timeUs: 10, knownAtUs: 400, row: { number } })
    await state.apply('events', chunkOf(events.slice(-1), events.length - 1))
  }
  assertReads(state, group, features, events, 0, 500)
  await state.close()
})
