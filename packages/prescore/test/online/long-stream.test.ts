/** However long a stream goes on: what no window reaches any more is forgotten, in memory and on disk. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openLiveState } from '../../src/online/index.ts'
import type { NaiveEvent, NaiveFeature } from '../features/naive.ts'
import { assertReads, chunkOf, folderFor, groupIn, historyIn, LATE_CLOCK, storedBlocks } from './place.ts'

const WINDOW_US = 2_000
const FEATURES: NaiveFeature[] = [
  { aggregate: 'count', delayUs: 0, windowUs: WINDOW_US },
  { aggregate: 'mean', value: 'number', delayUs: 0, windowUs: WINDOW_US / 2 },
]
const EVENTS = 60_000

/** One of four events is of one of two busy keys; the others are of keys that come, have three events and are seen no more. */
const eventAt = (i: number): NaiveEvent => ({
  key: i % 4 === 0 ? i % 8 : 100 + Math.floor(i / 4),
  timeUs: i,
  knownAtUs: i,
  row: { number: (i % 97) / 8 },
})

test('keys that are seen no more go, and busy keys keep what their windows reach', async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const group = groupIn(source, FEATURES)
  const stateFolder = join(folder, 'state')
  const options = { clock: LATE_CLOCK, asOfBackUs: 100 }
  let state = openLiveState(stateFolder, [group], options)
  await state.bootstrap(database, 'events', pin, 0)
  const blocks: number[] = []
  const bytes: number[] = []
  for (let i = 0; i < EVENTS; i += 500) {
    const events = Array.from({ length: 500 }, (_, k) => eventAt(i + k))
    await state.apply('events', chunkOf(events, i), i + 500)
    await state.flush()
    if ((i + 500) % 6_000 !== 0) continue
    const recent = Array.from({ length: 3_000 }, (_, k) => eventAt(i - 2_500 + k))
    for (const key of [0, 4, recent[1]?.key ?? 0, recent.at(-1)?.key ?? 0]) assertReads(state, group.name, FEATURES, recent, key, i + 500)
    await state.close()
    blocks.push(await storedBlocks(stateFolder, group.name))
    bytes.push(statSync(join(stateFolder, 'data.mdb')).size)
    state = openLiveState(stateFolder, [group], options)
  }
  await state.close()
  // In a window there are 525 keys that have events; a round of the sweep takes half a window.
  assert.equal(blocks.length, EVENTS / 6_000)
  assert.ok(
    blocks.every(count => count >= 500 && count < 1_500),
    blocks.join(' '),
  )
  assert.ok((bytes.at(-1) as number) <= 1.5 * (bytes[1] as number), bytes.join(' '))
})

const ALL: NaiveFeature[] = [
  { aggregate: 'count', delayUs: 0 },
  { aggregate: 'sum', value: 'number', delayUs: 0 },
  { aggregate: 'std', value: 'number', delayUs: 0, where: 'keep' },
  { aggregate: 'min', value: 'number', delayUs: 3 },
  { aggregate: 'first', value: 'text', delayUs: 0 },
  { aggregate: 'last', value: 'number', delayUs: 0 },
  { aggregate: 'max', value: 'number', delayUs: 0, windowUs: WINDOW_US },
]

test('windows over all are of constant size, and busy keys that are seen no more shrink to it', async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const group = groupIn(source, ALL)
  const stateFolder = join(folder, 'state')
  const options = { clock: LATE_CLOCK, asOfBackUs: 100 }
  let state = openLiveState(stateFolder, [group], options)
  await state.bootstrap(database, 'events', pin, 0)
  // Key 0 stays busy; key 1 is busy for a while; of keys 2 to 41 each is seen now and then.
  const eventOf = (i: number): NaiveEvent => ({
    key: i % 2 === 0 ? 0 : i < 8_000 ? 1 : 2 + (i % 40),
    timeUs: i % 16 === 0 ? Math.max(0, i - 5_000) : i,
    knownAtUs: i,
    row: { number: ((i * 7919) % 997) / 8 - 40, keep: i % 3 === 0 ? 0 : 1, text: `t${i}` },
  })
  const events: NaiveEvent[] = []
  const blocks: number[] = []
  const bytes: number[] = []
  for (let i = 0; i < 40_000; i += 500) {
    const added = Array.from({ length: 500 }, (_, k) => eventOf(i + k))
    events.push(...added)
    await state.apply('events', chunkOf(added, i), i + 500)
    await state.flush()
    if ((i + 500) % 8_000 !== 0) continue
    for (const key of [0, 1, 2, 17]) {
      const own = events.filter(event => event.key === key)
      for (const backUs of [0, 99]) assertReads(state, group.name, ALL, own, key, i + 499 - backUs)
    }
    await state.close()
    blocks.push(await storedBlocks(stateFolder, group.name))
    bytes.push(statSync(join(stateFolder, 'data.mdb')).size)
    state = openLiveState(stateFolder, [group], options)
  }
  const own = events.filter(event => event.key === 0)
  assertReads(state, group.name, ALL, own, 0, 39_999)
  await state.close()
  // 1,000 events of key 0 in its window, and of each other key what is settled and its last block.
  assert.ok(
    blocks.slice(1).every(count => count <= 13 + 2 * 41),
    blocks.join(' '),
  )
  assert.ok((bytes.at(-1) as number) <= 1.5 * (bytes[1] as number), bytes.join(' '))
})
