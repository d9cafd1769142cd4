/** What live state promises besides the right bits: clocks, positions, refusals, and what goes wrong. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { open } from 'lmdb'
import { type Column, isStringColumn } from '../../src/expressions/index.ts'
import { type LiveStateOptions, liveGroup, openLiveState, type PositionedChunk, STATE_FORMAT } from '../../src/online/index.ts'
import { encodeKey } from '../../src/project/index.ts'
import type { NaiveEvent, NaiveFeature } from '../features/naive.ts'
import { chunkOf, folderFor, groupIn, historyIn, LATE_CLOCK, throwsCode } from './place.ts'

const COUNT: NaiveFeature = { aggregate: 'count', delayUs: 0, windowUs: 100 }
const SUM: NaiveFeature = { aggregate: 'sum', value: 'number', delayUs: 0, windowUs: 50 }
const LAST: NaiveFeature = { aggregate: 'last', value: 'text', delayUs: 0 }
const event = (timeUs: number, knownAtUs = timeUs, key = 0): NaiveEvent => ({
  key,
  timeUs,
  knownAtUs,
  row: { number: timeUs, text: `t${timeUs}` },
})

/** State of some groups without history, open and filled. */
async function stateFor(t: TestContext, features: readonly (readonly NaiveFeature[])[], options: LiveStateOptions = {}) {
  const root = folderFor(t)
  const { source, database, pin } = await historyIn(root, [])
  t.after(() => database.close())
  const groups = features.map(each => groupIn(source, each))
  const folder = join(root, 'state')
  const all = { clock: LATE_CLOCK, ...options }
  const state = openLiveState(folder, groups, all)
  await state.bootstrap(database, 'events', pin, 0)
  t.after(() => state.close())
  return {
    state,
    folder,
    source,
    database,
    pin,
    groups,
    group: groups[0]?.name ?? '',
    reopen: () => openLiveState(folder, groups, all),
  }
}

test('reads what was applied, at once, by a key in any form', async t => {
  const { state, group } = await stateFor(t, [[COUNT, SUM, LAST]])
  assert.equal(state.apply('events', chunkOf([event(10), event(20), event(30, 30, 1)], 0), 3), undefined)
  const expected = [2, 30, 't20']
  assert.deepEqual(state.read(group, { id: 0 }, 40), expected)
  const bytes = encodeKey({ id: 'int64' }, { id: 0 })
  assert.deepEqual(state.read(group, bytes, 40), expected)
  assert.deepEqual(state.read(group, Uint8Array.from(bytes), 40), expected)
  assert.deepEqual(state.read(group, undefined, 40), [0, 0, undefined])
  assert.deepEqual(state.read(group, { id: 99 }, 40), [0, 0, undefined])
  const columns = state.readColumns(group, [{ id: 0 }, undefined, { id: 1 }], 40)
  assert.deepEqual(
    columns.map(({ type }) => type),
    state.types(group),
  )
  const values = (column: Column) => (isStringColumn(column) ? [...column.codes].map(code => column.dictionary[code]) : [...column.values])
  assert.deepEqual(columns.map(values), [
    [2, 0, 1],
    [30, 0, 30],
    ['t20', undefined, 't30'],
  ])
})

test('refuses keys, moments and groups that it cannot answer for', async t => {
  const { state, group } = await stateFor(t, [[COUNT]], { asOfBackUs: 10 })
  await state.apply('events', chunkOf([event(100)], 0), 1)
  assert.throws(() => state.read(group, { id: '0' }, 100), throwsCode('invalid_key'))
  assert.throws(() => state.read(group, { id: 0 }, 89), throwsCode('as_of_out_of_range'))
  assert.deepEqual(state.read(group, { id: 0 }, 90), [0])
  assert.throws(() => state.read(group, { id: 0 }, 100.5), throwsCode('time_out_of_range'))
  assert.throws(() => state.read(group, { id: 0 }, Number.NaN), throwsCode('missing_time'))
  assert.throws(() => state.read('another', { id: 0 }, 100), throwsCode('internal'))
})

test('data through is the latest arrival, never beyond now, and moves with heartbeats', async t => {
  let nowUs = 50
  const { state, reopen } = await stateFor(t, [[COUNT], [SUM]], { clock: { nowUs: () => nowUs } })
  assert.equal(state.dataThroughUs('events'), undefined)
  await state.apply('events', chunkOf([event(10, 40), event(20, 30), event(5, 70), event(1, Number.POSITIVE_INFINITY)], 0), 4)
  assert.equal(state.dataThroughUs('events'), 40)
  state.heartbeat('events', 45)
  state.heartbeat('events', 44)
  assert.equal(state.dataThroughUs('events'), 45)
  state.heartbeat('events', 80)
  assert.equal(state.dataThroughUs('events'), 50)
  nowUs = 60
  await state.close()
  const again = reopen()
  assert.deepEqual([again.dataThroughUs('events'), again.position('events')], [50, 4])
  await again.close()
})

test('an event that is known later enters later', async t => {
  const { state, group } = await stateFor(t, [[COUNT]])
  await state.apply('events', chunkOf([event(10, 60), event(20)], 0), 2)
  assert.deepEqual(
    [59, 60].map(asOfUs => state.read(group, { id: 0 }, asOfUs)),
    [[1], [2]],
  )
})

test('events that a group has had are passed over, and the position may go on without events', async t => {
  const { state, group } = await stateFor(t, [[COUNT]])
  const all = [event(10), event(11), event(12), event(13)]
  await state.apply('events', chunkOf(all.slice(0, 3), 0), 3)
  await state.apply('events', chunkOf(all.slice(0, 3), 0), 3)
  await state.apply('events', chunkOf(all.slice(1, 4), 1), 4)
  assert.deepEqual(state.read(group, { id: 0 }, 40), [4])
  await state.apply('events', chunkOf([], 4), 9)
  assert.equal(state.position('events'), 9)
  assert.deepEqual(state.columns('events').toSorted(), ['id'])
})

test('what is applied is stored soon, together with its position', async t => {
  const { state } = await stateFor(t, [[COUNT]], { storeWithinMs: 5 })
  await state.apply('events', chunkOf([event(10)], 0), 1)
  assert.equal(state.storedPosition('events'), 0)
  while (state.storedPosition('events') < 1) await sleep(2)
  await state.apply('events', chunkOf([event(11)], 1), 2)
  await state.flush()
  assert.equal(state.storedPosition('events'), 2)
})

test('a process that ends without closing leaves an earlier position', async t => {
  const { state, folder, group, groups } = await stateFor(t, [[COUNT]], { storeWithinMs: 1e6 })
  await state.apply('events', chunkOf([event(10)], 0), 1)
  await state.flush()
  await state.apply('events', chunkOf([event(11)], 1), 2)
  const script = `import { openLiveState } from ${JSON.stringify(join(import.meta.dirname, '../../src/online/index.ts'))}
    const [folder, group] = process.argv.slice(1)
    const state = openLiveState(folder, JSON.parse(group))
    console.log(JSON.stringify([state.position('events'), state.read(JSON.parse(group)[0].name, { id: 0 }, 40)]))`
  const out = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', script, folder, JSON.stringify(groups)], {
    encoding: 'utf8',
  })
  assert.deepEqual(JSON.parse(out), [1, [1]])
  // The other one has taken the folder over.
  await assert.rejects(state.flush(), throwsCode('store_unreadable'))
  assert.throws(() => state.apply('events', chunkOf([event(12)], 2), 3), throwsCode('store_unreadable'))
  assert.throws(() => state.read(group, { id: 0 }, 40), throwsCode('store_unreadable'))
})

test('an event that a feature cannot hold is refused with all that came with it, in every group', async t => {
  const whole: NaiveFeature = { aggregate: 'sum', value: 'id', delayUs: 0, windowUs: 100 }
  const { state, group, groups } = await stateFor(t, [[COUNT], [SUM], [whole]])
  const unsafe = (position: number): PositionedChunk => {
    const chunk = chunkOf([event(10)], position)
    const id = { type: { kind: 'int64' }, values: Float64Array.of(2 ** 60), exact: BigInt64Array.of(2n ** 60n) } as const
    return { ...chunk, columns: new Map<string, Column>([...chunk.columns, ['row.id', id]]) }
  }
  assert.throws(() => state.apply('events', unsafe(0), 1), throwsCode('lossy_cast'))
  assert.equal(state.position('events'), 0)
  await state.apply('events', chunkOf([event(10)], 0), 1)
  assert.deepEqual(
    groups.map(({ name }) => state.read(name, { id: 0 }, 40)),
    [[1], [10], [0]],
  )
  const broken = chunkOf([event(11)], 1)
  broken.timeUs[0] = Number.NaN
  assert.throws(() => state.apply('events', broken, 2), throwsCode('missing_time'))
  assert.deepEqual(state.read(group, { id: 0 }, 40), [1])
})

test('events of keys that no request can ask for are passed over', async t => {
  const { state, folder, source, database, pin } = await stateFor(t, [])
  await state.close()
  const byText = liveGroup(source, { ...groupIn(source, [COUNT]).group, entity: { text: 'string' }, by: { text: 'text' } })
  const texts = openLiveState(folder, [byText], { clock: LATE_CLOCK })
  await texts.bootstrap(database, 'events', pin, 0)
  const named = ['x'.repeat(2000), '\ud800', 'fine', undefined].map(text => ({ ...event(10), row: { text } }))
  await texts.apply('events', chunkOf(named, 0), 4)
  assert.deepEqual(texts.read(byText.name, { text: 'fine' }, 40), [1])
  assert.equal(texts.position('events'), 4)
  await texts.close()
})

test('a folder of a later format is refused and left as it is; one of an older format is filled anew', async t => {
  const { state, folder, groups, group, database, pin, reopen } = await stateFor(t, [[COUNT]])
  await state.apply('events', chunkOf([event(10)], 0), 1)
  await state.close()
  const setFormat = async (format: number) => {
    const raw = open<Buffer, Buffer>({ path: folder, noSubdir: false, encoding: 'binary', keyEncoding: 'binary', maxDbs: 1024 })
    raw
      .openDB<Buffer, Buffer>('meta', { encoding: 'binary', keyEncoding: 'binary' })
      .putSync(Buffer.from('format'), Buffer.from(String(format)))
    await raw.close()
  }
  await setFormat(STATE_FORMAT + 1)
  assert.throws(() => openLiveState(folder, groups), throwsCode('store_format'))
  await setFormat(STATE_FORMAT)
  const again = reopen()
  assert.deepEqual([again.needsBootstrap('events'), again.hasEvents(group, { id: 0 })], [false, true])
  await again.close()
  await setFormat(STATE_FORMAT - 1)
  const anew = reopen()
  assert.deepEqual([anew.needsBootstrap('events'), anew.hasEvents(group, { id: 0 })], [true, false])
  await anew.bootstrap(database, 'events', pin, 0)
  await anew.apply('events', chunkOf([event(20), event(30)], 0), 2)
  await anew.close()
  const filled = reopen()
  assert.deepEqual(filled.read(group, { id: 0 }, 40), [2])
  await filled.close()
})

test('a folder is open once, and may be opened again after it was closed', async t => {
  const { state, folder, groups, group, reopen } = await stateFor(t, [[COUNT]])
  assert.throws(() => openLiveState(folder, groups), throwsCode('store_unreadable'))
  await state.close()
  await state.close()
  assert.throws(() => state.read(group, { id: 0 }, 40), throwsCode('store_unreadable'))
  assert.throws(() => state.apply('events', chunkOf([], 0), 1), throwsCode('store_unreadable'))
  await assert.rejects(state.flush(), throwsCode('store_unreadable'))
  await reopen().close()
  writeFileSync(join(folder, 'file'), '')
  assert.throws(() => openLiveState(join(folder, 'file'), groups), throwsCode('store_unreadable'))
})

test('a file that is not one of its own, or is cut short, is refused, and the process lives', async t => {
  const { state, folder, groups } = await stateFor(t, [[COUNT]])
  await state.close()
  const file = join(folder, 'data.mdb')
  truncateSync(file, 8192)
  // A small file may lack its last pages, which one transaction took and freed; these were of a large one.
  const head = readFileSync(file)
  for (const at of [0, 4096]) head.writeBigUInt64LE(1_000_000n, at + 144)
  writeFileSync(file, head)
  assert.throws(() => openLiveState(folder, groups), throwsCode('store_unreadable'))
  writeFileSync(file, 'no database '.repeat(1000))
  assert.throws(() => openLiveState(folder, groups), throwsCode('store_unreadable'))
})

test('a group that means something else has another name', async t => {
  const { source, groups } = await stateFor(t, [[COUNT], [SUM], [{ ...SUM, delayUs: 1 }], [{ ...SUM, where: 'keep' }]])
  const renamed = { ...source, name: 'others' }
  const elsewhere = { ...source, folder: 'elsewhere' }
  const names = [...groups, groupIn(renamed, [COUNT])].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.equal(groupIn(elsewhere, [COUNT]).name, groupIn(source, [COUNT]).name)
})
