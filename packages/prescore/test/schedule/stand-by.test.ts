/** Two schedulers on one folder: one at work, one that waits. */
import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Lease } from '../../src/schedule/index.ts'
import { folderFor, HOUR_US, hourly, house, NOON_US } from './house.ts'

test('of two schedulers one starts runs and notes them; the other waits, says for whom, and goes on from what was noted', async t => {
  const folder = folderFor(t)
  const lease = () => new Lease(join(folder, '.lease'))
  const first = house(t, hourly('all'), folder, lease())
  const second = house(t, hourly('all'), folder, lease())
  await first.tickAt(0)
  await second.tickAt(0)
  await first.tickAt(1)
  await first.orders[0]?.end(0)
  assert.deepEqual(await second.tickAt(1), [])
  const waiting = second.events.map(each => [each.event, 'holder' in each ? [each.holder.pid, each.holder.host] : ''])
  assert.deepEqual(waiting, [['waiting', [process.pid, hostname()]]], 'told once')
  await first.tickAt(2)
  const stopping = first.scheduler.stop()
  await first.orders[1]?.end(0)
  await stopping
  assert.deepEqual(await until(() => second.tickAt(3)), [3])
  assert.deepEqual(
    second.events.map(({ event }) => event),
    ['waiting', 'took_over', 'started'],
  )
  await second.orders[0]?.end(0)
  assert.equal(second.ledger.read('spend')?.tallies?.done?.count, 3)
})

test('a scheduler that was overtaken while it stood still starts and notes nothing more', async t => {
  const held = { is: true }
  const holder = { pid: 7, host: 'another', sinceUs: NOON_US }
  const lease = { hold: async () => (held.is ? undefined : holder), isHeld: async () => held.is, release: async () => {} }
  const { tickAt, orders, events, ledger } = house(t, hourly('all'), folderFor(t), lease)
  await tickAt(0)
  assert.deepEqual(await tickAt(1), [1])
  held.is = false
  assert.deepEqual(await tickAt(2), [1])
  await ledger.write('spend', { handledUs: NOON_US + HOUR_US, tallies: { done: { count: 5, dueUs: NOON_US, atUs: NOON_US } } })
  await orders[0]?.end(0)
  assert.equal(ledger.read('spend')?.tallies?.done?.count, 5, 'what the other one noted stays')
  held.is = true
  assert.deepEqual(await tickAt(2), [1, 2])
  await orders[1]?.end(0)
  assert.equal(ledger.read('spend')?.tallies?.done?.count, 6)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['started', 'waiting', 'ended', 'took_over', 'started', 'ended'],
  )
})

/** Those who wait look once a second. */
async function until(started: () => Promise<readonly number[]>): Promise<readonly number[]> {
  for (;;) {
    const all = await started()
    if (all.length > 0) return all
    await sleep(100)
  }
}
