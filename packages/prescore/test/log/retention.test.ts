import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatInstant } from '../../src/base/index.ts'
import { openEventLog } from '../../src/sources/index.ts'
import { DAY_US, folderFor, NOON_US, PAYMENTS, PINGS, RUNS, rowsOf, StandingClock } from './place.ts'

const dayBefore = (days: number) => NOON_US - days * DAY_US
const event = (id: string, days: number, shop = '') => ({ id, at: formatInstant(dayBefore(days)), shop })

test('what was dropped is gone at once, and never comes back', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  await log.append([event('old', 10), event('new', 1)])
  assert.equal(await log.dropBefore(dayBefore(5), { rememberIdsUs: 0 }), 0)
  assert.deepEqual(
    rowsOf(log).map(row => row['row.id']),
    ['new'],
  )
  assert.equal(log.position(), 2)
  assert.equal(log.status().retainedFromUs, dayBefore(5))
  const again = await log.append([event('old', 10), event('older', 11), event('new', 1), event('edge', 5)])
  assert.deepEqual(
    { ...again, rejected: again.rejected.map(({ index, code }) => [index, code]) },
    { accepted: 1, late: 0, duplicate: 2, rejected: [[1, 'event_expired']] },
  )
  await log.close()
})

test('space is freed when all of a block is old enough, with its ids', async t => {
  const folder = folderFor(t)
  const clock = new StandingClock()
  const log = openEventLog(folder, 'payments', PAYMENTS, { clock })
  const filler = 'x'.repeat(200)
  await log.append(Array.from({ length: 1000 }, (_, i) => event(`old ${i}`, 20, filler)))
  await log.append(Array.from({ length: 1000 }, (_, i) => event(`new ${i}`, 1, filler)))
  assert.equal(await log.dropBefore(dayBefore(15)), 0, 'their ids are remembered')
  assert.deepEqual(log.hasIds(['old 1', 'new 1']), [true, true])
  assert.equal((await log.append([event('old 1', 1)])).duplicate, 1)
  const freed = await log.dropBefore(dayBefore(15), { rememberIdsUs: DAY_US })
  assert.ok(freed >= 1000 && freed <= 1000, `${freed} events`)
  assert.deepEqual(log.hasIds(['old 1', 'new 1']), [false, true])
  assert.equal((await log.append([event('old 1', 20)])).rejected[0]?.code, 'event_expired')
  assert.equal((await log.append([event('old 1', 1)])).accepted, 1)
  assert.equal(rowsOf(log).length, 1001)
  assert.equal(log.position(), 2001)
  await log.close()
  const reopened = openEventLog(folder, 'payments', PAYMENTS, { clock })
  assert.deepEqual([reopened.position(), rowsOf(reopened).length, rowsOf(reopened)[0]?.position], [2001, 1001, 1001])
  await reopened.close()
})

test('a log of which all was freed goes on', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const ping = (days: number) => ({ at: formatInstant(dayBefore(days)), n: days })
  await log.append([ping(9), ping(8)])
  assert.equal(await log.dropBefore(dayBefore(7)), 2)
  assert.equal(await log.dropBefore(dayBefore(8)), 0)
  assert.equal(log.status().retainedFromUs, dayBefore(7), 'the moment never moves back')
  await log.append([ping(1)])
  assert.deepEqual(
    rowsOf(log).map(({ position }) => position),
    [3],
  )
  await assert.rejects(log.dropBefore(Number.NaN), { code: 'invalid_value' })
  await assert.rejects(log.dropBefore(dayBefore(1), { rememberIdsUs: -1 }), { code: 'invalid_value' })
  await log.close()
})

test('dropping at random moments between random appends keeps just the rest', async t => {
  const folder = folderFor(t)
  let run = 0
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 40 }) },
    { weight: 1, arbitrary: fc.record({ dropDays: fc.integer({ min: 0, max: 40 }), rememberDays: fc.integer({ min: 0, max: 5 }) }) },
  )
  const property = fc.asyncProperty(fc.array(step, { maxLength: 10 }), async steps => {
    const log = openEventLog(folder, `run${run++}`, PAYMENTS, { clock: new StandingClock() })
    let [kept, next, from] = [new Map<string, number>(), 0, Number.NEGATIVE_INFINITY]
    for (const each of steps) {
      if (Array.isArray(each)) {
        const batch = each.map(days => ({ id: `e${next++}`, days }))
        const { accepted, rejected } = await log.append(batch.map(({ id, days }) => event(id, days, 'x'.repeat((days % 4) * 100))))
        const [taken, refused] = [batch.filter(({ days }) => dayBefore(days) >= from), batch.filter(({ days }) => dayBefore(days) < from)]
        assert.deepEqual([accepted, rejected.length], [taken.length, refused.length])
        for (const { id, days } of taken) kept.set(id, days)
      } else {
        from = Math.max(from, dayBefore(each.dropDays))
        await log.dropBefore(dayBefore(each.dropDays), { rememberIdsUs: each.rememberDays * DAY_US })
        kept = new Map([...kept].filter(([, days]) => dayBefore(days) >= from))
      }
      assert.deepEqual(
        rowsOf(log).map(row => row['row.id']),
        [...kept.keys()],
      )
      assert.ok(log.hasIds([...kept.keys()]).every(held => held))
    }
    await log.close()
  })
  await fc.assert(property, { numRuns: Math.ceil(RUNS / 2) })
})
