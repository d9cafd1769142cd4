/** What is stored by the thread that applies, and by another one: the same, and all of it or nothing. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { Environment } from '../../src/online/environment.ts'
import { GroupTable } from '../../src/online/group-table.ts'
import { type LiveState, openLiveState } from '../../src/online/index.ts'
import { eachPut, Puts, tableOf } from '../../src/online/puts.ts'
import { RUNS } from '../features/arbitraries.ts'
import { assertReads, chunkOf, commit, folderFor, groupIn, historyIn, LATE_CLOCK, throwsCode } from './place.ts'
import { AS_OF_BACK_US, type FEATURES, GROUPS, KEYS, streamed } from './processes/endless.ts'

const [STORED, APPLIED, ALL] = [700, 1_100, 1_500]
/** By then the other thread has mostly begun. */
const THREAD_STARTED_MS = 500
/** Every commit is put by the thread that applies, or by the other one. */
const WRITERS = { here: 1e9, elsewhere: 0 }

test('parts hold all puts in their order', () => {
  const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength }).map(array => Buffer.from(array))
  const put = fc.tuple(bytes(40), fc.option(fc.oneof(bytes(300), fc.nat({ max: 200_000 }).map(Buffer.alloc)), { nil: undefined }))
  const property = fc.property(fc.string({ unit: 'grapheme' }), fc.array(put, { maxLength: 30 }), (table, puts) => {
    const of = new Puts(table)
    for (const [key, value] of puts) of.add(key, value)
    assert.equal(of.length, puts.length)
    const found: [key: Buffer, value: Buffer | undefined][] = []
    for (const part of of.take()) {
      assert.equal(tableOf(part), table)
      eachPut(part, (key, value) => found.push([key, value]))
    }
    assert.deepEqual(found, puts)
    assert.deepEqual(of.take(), [])
  })
  fc.assert(property, { numRuns: RUNS.numRuns })
})

for (const [writer, putsAtOnce] of Object.entries(WRITERS)) {
  test(`stored ${writer}: what is read is the same before, after a failure and after it is opened again`, async t => {
    const folder = folderFor(t)
    const { source, database, pin } = await historyIn(folder, [])
    t.after(() => database.close())
    const groups = GROUPS.map(features => groupIn(source, features))
    const options = { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US, storeWithinMs: 1e6, putsAtOnce }
    const open = () => openLiveState(join(folder, 'state'), groups, options)
    const apply = async (state: LiveState, end: number) => {
      const position = state.position('events')
      await state.apply('events', chunkOf(streamed(position, end), position), end)
    }
    const check = (state: LiveState, end: number) => {
      assert.equal(state.position('events'), end)
      const throughUs = state.dataThroughUs('events') ?? Number.NaN
      groups.forEach(({ name }, i) => {
        for (let key = 0; key < KEYS; key++) assertReads(state, name, GROUPS[i] as typeof FEATURES, streamed(0, end), key, throughUs - key)
      })
    }

    let state = open()
    await state.bootstrap(database, 'events', pin, 0)
    await apply(state, STORED)
    await state.flush()
    assert.equal(state.storedPosition('events'), STORED)
    check(state, STORED)
    await apply(state, APPLIED)
    const failure = new PrescoreError('store_unreadable', { where: folder, found: 'a failure' })
    const mocked = t.mock.method(Environment.prototype, 'begin', () => ({
      add: () => {},
      end: () => Promise.reject(failure),
      abort: () => Promise.resolve(),
    }))
    await assert.rejects(state.flush(), failure)
    assert.throws(() => check(state, APPLIED), failure)
    mocked.mock.restore()
    await state.recover()
    check(state, STORED)
    await apply(state, ALL)
    check(state, ALL)
    await state.close()
    state = open()
    check(state, ALL)
    await state.close()
  })
}

test('the other thread stores parts one after the other: the last put of a key counts', async t => {
  const environment = Environment.open(folderFor(t))
  const table = environment.table('group')
  const put = fc.tuple(fc.nat({ max: 400 }), fc.option(fc.nat({ max: 9_000 }), { nil: undefined }))
  const commits = fc.array(fc.array(put, { minLength: 100, maxLength: 400 }), { minLength: 1, maxLength: 4 })
  const expected = new Map<string, number>()
  const property = fc.asyncProperty(commits, async all => {
    for (const each of all) {
      const puts = new Puts('group:group')
      for (const [key, bytes] of each) {
        puts.add(Buffer.from(`key ${key}`), bytes === undefined ? undefined : Buffer.alloc(bytes))
        if (bytes === undefined) expected.delete(`key ${key}`)
        else expected.set(`key ${key}`, bytes)
      }
      await commit(environment, puts, true)
      const stored = [...table.getRange()].map(({ key, value }) => [key.toString(), value.length] as const)
      assert.deepEqual(new Map(stored), expected)
    }
  })
  await fc.assert(property, { numRuns: RUNS.numRuns / 10, endOnFailure: true })
  await environment.close()
})

test('the other thread stores nothing of what is given up', async t => {
  const environment = Environment.open(folderFor(t))
  const table = environment.table('group')
  const puts = (count: number) => {
    const puts = new Puts('group:group')
    for (let i = 0; i < count; i++) puts.add(Buffer.from(`key ${i}`), Buffer.alloc(200))
    return puts
  }
  await commit(environment, puts(10), true)
  const begun = environment.begin(['group'], true, () => {})
  begun.add(puts(5_000).take())
  await begun.abort()
  assert.equal([...table.getKeys()].length, 10)
  await commit(environment, puts(5_000), true)
  assert.equal([...table.getKeys()].length, 5_000)
  await environment.close()
})

test('the other thread that is woken for nothing waits on', async t => {
  const environment = Environment.open(folderFor(t))
  const table = environment.table('group')
  const puts = new Puts('group:group')
  for (let i = 0; i < 5_000; i++) puts.add(Buffer.from(`key ${i}`), Buffer.alloc(200))
  // A wake may come when what it tells of was taken before.
  const { notify } = Atomics
  t.mock.method(Atomics, 'notify', (array: Int32Array, index: number) => {
    const again = setInterval(() => notify(array, index), 1)
    setTimeout(() => clearInterval(again), THREAD_STARTED_MS)
    return notify(array, index)
  })
  const begun = environment.begin(['group'], true, () => {})
  for (const part of puts.take()) {
    begun.add([part])
    await sleep(THREAD_STARTED_MS / 2)
  }
  await begun.end()
  assert.equal([...table.getKeys()].length, 5_000)
  await environment.close()
})

test('what waits for the other thread first gives it the rest', async t => {
  const environment = Environment.open(folderFor(t))
  const table = environment.table('group')
  const other = environment.table('other')
  const changes = [() => environment.table('third'), () => environment.clear(other), () => environment.drop('other')]
  for (const [i, change] of changes.entries()) {
    const puts = new Puts('group:group')
    for (let key = 0; key < 5_000; key++) puts.add(Buffer.from(`key ${i} ${key}`), Buffer.alloc(200))
    let ended: Promise<void> | undefined
    const begun = environment.begin(['group'], true, () => {
      begun.add(puts.take())
      ended = begun.end()
    })
    begun.add(puts.takeFull())
    change()
    assert.ok(ended !== undefined)
    await ended
    assert.equal([...table.getKeys()].length, 5_000 * (i + 1))
  }
  await environment.close()
})

test('a group that is added while another thread stores others waits for it, and not it for the group', async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const groups = GROUPS.map(features => groupIn(source, features))
  const options = { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US, storeWithinMs: 1e6, putsAtOnce: 0 }
  const state = openLiveState(join(folder, 'state'), groups.slice(1), options)
  await state.bootstrap(database, 'events', pin, 0)
  await state.apply('events', chunkOf(streamed(0, STORED), 0), STORED)
  // It is put together as long as nobody hurries.
  const { fold } = GroupTable.prototype
  t.mock.method(GroupTable.prototype, 'fold', function (this: GroupTable, untilMs: number) {
    return untilMs === Number.POSITIVE_INFINITY && fold.call(this, untilMs)
  })
  const flushed = state.flush()
  await sleep(THREAD_STARTED_MS)
  state.addGroups(groups.slice(0, 1))
  await flushed
  assert.equal(state.storedPosition('events'), STORED)
  await state.close()
})

for (const how of ['unended', 'ended']) {
  test(`a process that exits while another thread stores, ${how}: it ends, and all of it is stored or nothing`, t => {
    const folder = folderFor(t)
    for (let turn = 0; turn < 3; turn++) {
      const leaver = [join(import.meta.dirname, 'processes/leaver.ts'), folder, how]
      const { status } = spawnSync(process.execPath, leaver, { stdio: 'inherit', timeout: 60_000, killSignal: 'SIGKILL' })
      assert.equal(status, 7)
    }
    const environment = Environment.open(folder)
    const keys = [...environment.table('group').getKeys()].length
    assert.ok(keys === 0 || (how === 'ended' && keys === 50_000), `${keys} keys`)
    return environment.close()
  })
}

test('the other thread stores nothing once another process has opened the folder', async t => {
  const folder = folderFor(t)
  const environment = Environment.open(folder)
  environment.table('group')
  const putsOf = (value: string) => {
    const puts = new Puts('group:group')
    puts.add(Buffer.from('key'), Buffer.from(value))
    return puts
  }
  const stored = () => environment.table('group').getBinary(Buffer.from('key'))?.toString()
  await commit(environment, putsOf('first'), true)
  assert.equal(stored(), 'first')
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, 'processes/opener.ts'), folder], { stdio: 'inherit' })
  assert.equal(status, 0)
  await assert.rejects(commit(environment, putsOf('second'), true), throwsCode('store_unreadable'))
  await assert.rejects(commit(environment, putsOf('second'), false), throwsCode('store_unreadable'))
  await environment.close()
  const next = Environment.open(folder)
  assert.equal(next.table('group').getBinary(Buffer.from('key'))?.toString(), 'first')
  await next.close()
})

test('a disk that is full: nothing of it is stored, and more can be once there is room', async t => {
  const folder = folderFor(t)
  const environment = Environment.open(folder)
  const table = environment.table('group')
  const store = (count: number) => {
    const puts = new Puts('group:group')
    for (let i = 0; i < count; i++) puts.add(Buffer.from(`key ${i}`), Buffer.alloc(200))
    return commit(environment, puts, true)
  }
  await store(100)
  const ignored = () => {}
  process.on('SIGXFSZ', ignored)
  const limit = (bytes: number | 'unlimited') => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`])
  limit(statSync(join(folder, 'data.mdb')).size)
  try {
    await assert.rejects(store(100_000), throwsCode('store_unreadable'))
  } finally {
    limit('unlimited')
    process.off('SIGXFSZ', ignored)
  }
  assert.equal([...table.getKeys()].length, 100)
  await environment.probe()
  await store(100_000)
  assert.equal([...table.getKeys()].length, 100_000)
  await environment.close()
})

test('a group that was dropped and made again is stored to by the other thread as any other', async t => {
  const environment = Environment.open(folderFor(t))
  const store = async (group: string, value: string) => {
    environment.table(group)
    const puts = new Puts(`group:${group}`)
    puts.add(Buffer.from('key'), Buffer.from(value))
    await commit(environment, puts, true)
  }
  const stored = (group: string) => [...environment.table(group).getRange()].map(({ key, value }) => `${key} ${value}`)
  await store('one', 'first')
  environment.drop('one')
  await store('two', 'second')
  await store('one', 'third')
  assert.deepEqual(stored('one'), ['key third'])
  assert.deepEqual(stored('two'), ['key second'])
  await environment.close()
})
