/** Rows of keys, asked for together: what waits goes along, nobody waits too long, and what is remembered has an age and a number. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PrescoreError } from '../../src/base/index.ts'
import type { KeyValue, PerRequestDefinition } from '../../src/project/index.ts'
import { KeyedRows, type RowsOfKey, type TableRows } from '../../src/sources/postgres/keyed-rows.ts'
import { refused } from '../batch/harness.ts'

const ROWS: TableRows = { chunk: { rows: 1, columns: new Map() }, types: new Map() }
/** So long that no machine is too slow for it. */
const LONG_MS = 600_000

/** A database whose answers wait until they are let go. */
function asking(perRequest: Partial<PerRequestDefinition> = {}) {
  const asked: (readonly (readonly KeyValue[])[])[] = []
  const open: PromiseWithResolvers<readonly RowsOfKey[]>[] = []
  const clock = { ms: 0 }
  const rows = new KeyedRows({
    where: 'sources.people',
    perRequest: { connections: 1, timeoutMs: LONG_MS, cacheMs: 0, cacheKeys: 2, ...perRequest },
    ask: keys => {
      asked.push(keys)
      const answer = Promise.withResolvers<readonly RowsOfKey[]>()
      open.push(answer)
      return answer.promise
    },
    nowMs: () => clock.ms,
  })
  const names = () => asked.map(keys => keys.map(([key]) => key).join(' '))
  /** Answers the oldest question. */
  const answer = async (own: (key: KeyValue) => RowsOfKey = () => ROWS) => {
    const keys = asked[asked.length - open.length] as readonly (readonly KeyValue[])[]
    open.shift()?.resolve(keys.map(([key]) => own(key as KeyValue)))
    await sleep(0)
  }
  const fail = async (error: PrescoreError) => {
    open.shift()?.reject(error)
    await sleep(0)
  }
  return { rows, names, answer, fail, clock, open }
}

test('the keys of one turn are asked for at once, and what comes while all connections are busy goes together', async () => {
  const { rows, names, answer } = asking({ connections: 2 })
  const first = ['a', 'b', 'a'].map(key => rows.rowsOf([key]))
  await sleep(0)
  const second = rows.rowsOf(['c'])
  await sleep(0)
  const third = ['d', 'e', 'c'].map(key => rows.rowsOf([key]))
  await sleep(0)
  assert.deepEqual(names(), ['a b', 'c'])
  await answer()
  assert.deepEqual(names(), ['a b', 'c', 'd e c'], 'c is asked for again: what is asked for already may be older than the request')
  await answer()
  await answer(key => (key === 'e' ? undefined : ROWS))
  assert.deepEqual(await Promise.all([...first, second, ...third]), [ROWS, ROWS, ROWS, ROWS, ROWS, undefined, ROWS])
})

test('rows are given again for as long as they are remembered, of so many keys, also where there are none', async () => {
  const { rows, names, answer, clock } = asking({ cacheMs: 1_000 })
  const read = async (key: string) => {
    const found = rows.rowsOf([key])
    await sleep(0)
    if (found instanceof Promise) await answer(each => (each === 'none' ? undefined : ROWS))
    return found
  }
  for (const key of ['a', 'none', 'a', 'none']) await read(key)
  assert.deepEqual(names(), ['a', 'none'])
  clock.ms = 999
  assert.equal(rows.rowsOf(['a']), ROWS)
  assert.equal(rows.rowsOf(['none']), undefined)
  clock.ms = 1_000
  await read('a')
  assert.deepEqual(names(), ['a', 'none', 'a'], 'its age has passed')
  await read('b')
  await read('none')
  await read('a')
  assert.deepEqual(names(), ['a', 'none', 'a', 'b', 'none', 'a'], 'two keys are remembered: a, then b and none')
})

test('where rows may be of before, a key that is asked for already is not asked for again; its age counts from then', async () => {
  const { rows, names, answer, clock } = asking({ cacheMs: 1_000 })
  const both = [rows.rowsOf(['a'])]
  await sleep(0)
  clock.ms = 400
  both.push(rows.rowsOf(['a']))
  await answer()
  assert.deepEqual([names(), await Promise.all(both)], [['a'], [ROWS, ROWS]])
  clock.ms = 1_000
  const late = rows.rowsOf(['a'])
  assert.ok(late instanceof Promise)
  await sleep(0)
  await answer()
  await late
})

test('the deadline and the timeout count the wait for a connection; what nobody waits for any more is not asked for', async () => {
  const { rows, names, answer, clock } = asking({ timeoutMs: 300 })
  const busy = rows.rowsOf(['busy'])
  await sleep(0)
  const all = await Promise.allSettled([busy, rows.rowsOf(['waits']), rows.rowsOf(['hurries'], 5)])
  const errors = all.map(each => each.status === 'rejected' && each.reason)
  assert.ok(refused('source_unavailable')(errors[0]))
  assert.ok(refused('source_unavailable', /sources\.people.*rows within 0\.3 s.*`perRequest`/)(errors[1]))
  assert.ok(refused('deadline_exceeded', /sources\.people/)(errors[2]))
  clock.ms = 301
  const later = rows.rowsOf(['later'])
  await answer()
  assert.deepEqual(names(), ['busy', 'later'])
  await answer()
  assert.equal(await later, ROWS)
})

test('what fails, fails for those who waited for it; it is not remembered, and the next one is asked for', async () => {
  const { rows, names, answer, fail } = asking({ cacheMs: 1_000 })
  const failing = ['a', 'b'].map(key => assert.rejects(async () => rows.rowsOf([key]), refused('source_unavailable')))
  await sleep(0)
  await fail(new PrescoreError('source_unavailable', { where: 'sources.people' }))
  await Promise.all(failing)
  const own = assert.rejects(async () => rows.rowsOf(['a']), refused('source_unavailable', /the row/))
  const other = rows.rowsOf(['b'])
  await sleep(0)
  await answer(key => (key === 'a' ? new PrescoreError('source_unavailable', { where: 'the row' }) : ROWS))
  await own
  assert.equal(await other, ROWS)
  assert.ok(rows.rowsOf(['a']) instanceof Promise)
  await sleep(0)
  await answer()
  assert.deepEqual(names(), ['a b', 'a b', 'a'])
})

test('so much may wait, and no more', async () => {
  const { rows, answer, names } = asking()
  const first = rows.rowsOf(['first'])
  await sleep(0)
  const waiting = Array.from({ length: 10_000 }, (_, i) => rows.rowsOf([i]))
  await assert.rejects(async () => rows.rowsOf(['one more']), refused('overloaded', /10000 keys/))
  await answer()
  for (let i = 0; i < 20; i++) await answer()
  assert.deepEqual(new Set(await Promise.all([first, ...waiting])), new Set([ROWS]))
  assert.equal(names().length, 21)
})
