/** What is to be put by many commits: written down whole, and put by whoever opens the folder next. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { Environment } from '../../src/online/environment.ts'
import { type LiveState, openLiveState } from '../../src/online/index.ts'
import { journalPart, type Put, readJournalPart } from '../../src/online/journal.ts'
import { RUNS } from '../features/arbitraries.ts'
import { assertReads, chunkOf, folderFor, groupIn, historyIn, LATE_CLOCK } from './place.ts'
import { AS_OF_BACK_US, type FEATURES, GROUPS, KEYS, streamed } from './processes/endless.ts'

const CODE = 'store_unreadable'
const [STORED, APPLIED, ALL] = [700, 1_100, 1_500]

test('parts hold all puts in their order', () => {
  const bytes = (maxLength: number) => fc.uint8Array({ minLength: 0, maxLength }).map(array => Buffer.from(array))
  const put = fc.tuple(bytes(40), fc.option(fc.oneof(bytes(300), fc.nat({ max: 200_000 }).map(Buffer.alloc)), { nil: undefined }))
  const property = fc.property(fc.string(), fc.array(put, { maxLength: 30 }), (group, puts: readonly Put[]) => {
    const found: Put[] = []
    for (let at = 0; at < puts.length; ) {
      const { bytes, next } = journalPart(group, puts, at)
      assert.ok(next > at)
      const part = readJournalPart(bytes)
      assert.equal(part.group, Buffer.from(group).toString())
      found.push(...part.puts)
      at = next
    }
    assert.deepEqual(found, puts)
  })
  fc.assert(property, { numRuns: RUNS.numRuns })
})

test('when any of its commits fails, the state is that of before or after all of them', async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const groups = GROUPS.map(features => groupIn(source, features))
  const open = (name: string) =>
    openLiveState(join(folder, name), groups, { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US, storeWithinMs: 1e6, putsAtOnce: 1 })
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

  const ends = new Set<number>()
  let failing = 0
  for (let isOver = false; !isOver; ) {
    failing++
    const name = `state ${failing}`
    let state = open(name)
    await state.bootstrap(database, 'events', pin, 0)
    await apply(state, STORED)
    await state.flush()
    await apply(state, APPLIED)
    const { commit } = Environment.prototype
    let commits = 0
    const mocked = t.mock.method(Environment.prototype, 'commit', function (this: Environment, write: () => void) {
      if (++commits === failing) return Promise.reject(new PrescoreError(CODE, { where: folder, found: 'a failure' }))
      return commit.call(this, write)
    })
    const failed = await state.flush().then(
      () => false,
      () => true,
    )
    isOver = !failed
    if (failed && failing % 2 === 0) await state.recover()
    else {
      await state.close()
      state = open(name)
    }
    mocked.mock.restore()
    const end = failing === 1 ? STORED : APPLIED
    ends.add(end)
    check(state, end)
    await apply(state, ALL)
    check(state, ALL)
    await state.close()
    state = open(name)
    check(state, ALL)
    await state.close()
  }
  // The journal, some parts of what it says, and its removal.
  assert.ok(failing > 4, `${failing} commits`)
  assert.equal(ends.size, 2)
})

test('what is written down of a group that is gone is passed over', async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const group = groupIn(source, GROUPS[0] as typeof FEATURES)
  const options = { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US }
  const state = openLiveState(join(folder, 'state'), [group], options)
  await state.bootstrap(database, 'events', pin, 0)
  await state.close()
  const environment = Environment.open(join(folder, 'state'))
  const puts: Put[] = [[Buffer.from('key'), Buffer.from('bytes')]]
  const parts = ['gone', group.name].map(name => Buffer.from(journalPart(name, puts, 0).bytes))
  await environment.commit(() => environment.putJournal(parts))
  await environment.close()
  const next = Environment.open(join(folder, 'state'))
  assert.deepEqual(
    [...next.table(group.name).getRange()].map(({ key, value }) => `${key} ${value}`),
    ['key bytes'],
  )
  assert.deepEqual([...next.marks().keys()], [group.name])
  assert.deepEqual([...next.table('gone').getRange()], [])
  await next.close()
})
