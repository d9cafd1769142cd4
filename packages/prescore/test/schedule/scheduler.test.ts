/** What is done at which moment: catching up, retrying, never two runs of one prediction at once, and what a restart knows. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { decide, type Schedule } from '../../src/schedule/decide.ts'
import { Ledger, ScheduleView } from '../../src/schedule/index.ts'
import { folderFor, HOUR_US, hourly, house, NOON_US } from './house.ts'

const hours = (us: readonly number[]) => us.map(each => (each - NOON_US) / HOUR_US)

test('skip: what is more than a minute late is left; last: the latest is made up for; all: each, the oldest first', () => {
  const handledUs = NOON_US - 4 * HOUR_US
  const late = NOON_US + 61_000_000
  const start = (catchUp: Schedule['catchUp'], nowUs: number, delayUs = 0) => {
    const { startUs, skippedUs } = decide(hourly(catchUp, delayUs), handledUs, nowUs)
    return [startUs === undefined ? undefined : (startUs - NOON_US) / HOUR_US, hours(skippedUs)]
  }
  assert.deepEqual(start('skip', NOON_US), [0, [-1, -2, -3]])
  assert.deepEqual(start('skip', late), [undefined, [0, -1, -2, -3]])
  assert.deepEqual(start('last', late), [0, [-1, -2, -3]])
  assert.deepEqual(start('all', late), [-3, []])
  // Jitter: due, and started so much later.
  assert.deepEqual(start('skip', late, 30_000_000), [0, [-1, -2, -3]])
  assert.deepEqual(start('last', NOON_US, 30_000_000), [-1, [-2, -3]])
  assert.deepEqual(decide(hourly('last'), NOON_US, NOON_US + HOUR_US - 1), { skippedUs: [] })
  // A year is not made up for.
  const year = decide(hourly('all'), NOON_US - 8760 * HOUR_US, NOON_US)
  assert.deepEqual([hours([year.startUs as number]), year.skippedUs.length], [[-99], 900])
})

test('nothing of before the first start; then each due time once, and never two at once', async t => {
  const { tickAt, orders, events } = house(t, hourly('all'))
  assert.deepEqual(await tickAt(0), [])
  assert.deepEqual(await tickAt(0.5), [])
  assert.deepEqual(await tickAt(1), [1])
  assert.deepEqual(await tickAt(1.5), [1])
  assert.deepEqual(await tickAt(3.5), [1], 'no overlap')
  await orders[0]?.end(0)
  assert.deepEqual(await tickAt(3.5), [1, 2])
  await orders[1]?.end(3)
  assert.deepEqual(await tickAt(3.5), [1, 2, 3])
  await orders[2]?.end(1)
  assert.deepEqual(await tickAt(3.6), [1, 2, 3])
  assert.deepEqual(
    events.map(each => [each.event, 'outcome' in each ? each.outcome : 'isLate' in each ? each.isLate : '']),
    [
      ['started', false],
      ['ended', 'done'],
      ['started', true],
      ['ended', 'gated'],
      ['started', true],
      ['ended', 'failed'],
    ],
  )
})

test('where a later as-of is served, a run is done and left staged, and says so', async t => {
  const { tickAt, orders, events } = house(t, hourly('all'))
  await tickAt(0)
  await tickAt(1)
  assert.equal(orders[0]?.order.publish, 'latest')
  await orders[0]?.end(0, true)
  assert.deepEqual(events.at(-1), { event: 'ended', prediction: 'spend', asOfUs: NOON_US + HOUR_US, outcome: 'done', isPassed: true })
})

test('what is interrupted is tried again, until another due time takes its place', async t => {
  const { tickAt, orders, events, ledger } = house(t, hourly('last'))
  await tickAt(0)
  assert.deepEqual(await tickAt(1), [1])
  await orders[0]?.end(75)
  assert.deepEqual(await tickAt(1.1), [1], 'a pause comes first')
  assert.equal((await ledger.read('spend'))?.startedUs, NOON_US + HOUR_US)
  assert.deepEqual(await tickAt(2), [1, 2])
  await orders[1]?.end(0)
  assert.deepEqual(
    events.flatMap(each => (each.event === 'skipped' ? hours(each.asOfUs) : [])),
    [1],
  )
  assert.equal((await ledger.read('spend'))?.handledUs, NOON_US + 2 * HOUR_US)
})

const countsOf = (ledger: Ledger) =>
  Object.fromEntries(
    Object.entries(ledger.read('spend')?.tallies ?? {}).map(([name, { count, dueUs }]) => [name, [count, (dueUs - NOON_US) / HOUR_US]]),
  )

test('what becomes of due times is counted, and tells a misfire by its reason', async t => {
  const { tickAt, orders, events, ledger, desk, folder } = house(t, hourly('last'))
  await tickAt(0)
  await tickAt(1)
  // It goes on until half past four: 2 and 3 are not run, 4 is made up for.
  await tickAt(4.5)
  await orders[0]?.end(0)
  await tickAt(4.5)
  await orders[1]?.end(3)
  assert.deepEqual(countsOf(ledger), { done: [1, 1], overlapped: [2, 3], late: [1, 4], gated: [1, 4] })
  // A run that was started by hand goes on while 5 is due; then nobody is there.
  desk.busy = true
  await tickAt(5)
  await tickAt(6)
  desk.busy = false
  await tickAt(6)
  await orders[2]?.end(1)
  assert.deepEqual(countsOf(ledger).overlapped, [3, 5])
  assert.deepEqual(countsOf(ledger).failed, [1, 6])
  const { last } = ledger.read('spend') ?? {}
  assert.deepEqual([last?.outcome, last?.dueUs], ['failed', NOON_US + 6 * HOUR_US])
  const second = house(t, hourly('last'), folder)
  await second.tickAt(9)
  await second.orders[0]?.end(75)
  assert.deepEqual(countsOf(ledger), {
    ...{ done: [1, 1], overlapped: [3, 5], late: [1, 4], gated: [1, 4] },
    ...{ failed: [1, 6], missed: [2, 8], again: [1, 9] },
  })
  assert.equal(ledger.read('spend')?.startedUs, NOON_US + 9 * HOUR_US)
  await second.tickAt(10)
  await second.orders[1]?.end(0)
  assert.deepEqual(
    [countsOf(ledger).given_up, countsOf(ledger).done],
    [
      [1, 9],
      [2, 10],
    ],
  )
  assert.deepEqual(
    [...events, ...second.events].flatMap(each => (each.event === 'skipped' ? [[each.why, hours(each.asOfUs)]] : [])),
    [
      ['overlapped', [3, 2]],
      ['overlapped', [5]],
      ['missed', [8, 7]],
      ['given_up', [9]],
    ],
  )
})

test('whoever looks sees when it is due, what is overdue, and a file of before', t => {
  const ledger = new Ledger(folderFor(t))
  const policy = { mode: 'batch', schedule: '@hourly', jitterUs: 0 }
  const view = new ScheduleView(
    [{ name: 'spend', zone: 'UTC', policy } as never, { name: 'none', policy: { mode: 'batch' } } as never],
    ledger,
  )
  const at = (hour: number) => {
    const { nextUs, passedUs, overdueUs, handled, failure } = view.state('spend', NOON_US + hour * HOUR_US) ?? assert.fail()
    return [hours([passedUs as number, nextUs as number]), overdueUs, handled?.handledUs, failure?.code]
  }
  assert.equal(view.state('none', NOON_US), undefined)
  assert.deepEqual(at(0.5), [[0, 1], undefined, undefined, undefined], 'scheduled by something else')
  mkdirSync(ledger.folder, { recursive: true })
  const file = join(ledger.folder, 'spend.json')
  writeFileSync(file, JSON.stringify({ handledUs: NOON_US }))
  assert.deepEqual(at(0.5), [[0, 1], undefined, NOON_US, undefined])
  assert.deepEqual(at(1.5), [[1, 2], HOUR_US / 2, NOON_US, undefined])
  writeFileSync(file, JSON.stringify({ handledUs: NOON_US, startedUs: NOON_US + HOUR_US }))
  assert.deepEqual(at(1.5), [[1, 2], undefined, NOON_US, undefined])
  writeFileSync(file, '{')
  assert.deepEqual(at(1.5), [[1, 2], undefined, undefined, 'store_unreadable'])
})

test('a restart goes on with what was begun, and knows what was done', async t => {
  const first = house(t, hourly('skip'))
  await first.tickAt(0)
  await first.tickAt(1)
  // It is killed in the middle of the run.
  const second = house(t, hourly('skip'), first.folder)
  assert.deepEqual(await second.tickAt(1.5), [1])
  await second.orders[0]?.end(0)
  const third = house(t, hourly('skip'), first.folder)
  assert.deepEqual(await third.tickAt(1.6), [])
  assert.deepEqual(await third.tickAt(2), [2])
})

test('a run that was started by hand is waited for; a ledger that cannot be read is told once', async t => {
  const { tickAt, desk, events } = house(t, hourly('last'))
  await tickAt(0)
  desk.busy = true
  assert.deepEqual(await tickAt(1), [])
  desk.busy = false
  assert.deepEqual(await tickAt(1.01), [1])
  assert.deepEqual(
    events.map(({ event }) => event),
    ['started'],
  )
  const folder = folderFor(t)
  writeFileSync(join(folder, 'spend.json'), '{')
  const broken = house(t, hourly('last'), folder)
  await broken.tickAt(1)
  await broken.tickAt(2)
  assert.deepEqual(
    broken.events.map(each => [each.event, 'failure' in each ? each.failure?.code : '']),
    [['stuck', 'store_unreadable']],
  )
})
