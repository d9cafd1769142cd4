/** `prescore events`: appended, heartbeats and drops, told in words and as JSON, and every wrong use. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { makeShop, removeShop } from '../batch/shop.ts'
import { prescore } from './process.ts'

const NOW = ['--now', '2026-03-10T12:00:00Z'] as const
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

const run = (...args: readonly string[]) => prescore(['events', ...args], { cwd: folder })
const placed = (id: number, day: number) => ({ id, customer: 'c1', amount: 1, placed: `2026-03-0${day}T08:00:00Z` })

test('events are appended, old ones dropped for good, and a heartbeat moves the clock on', async () => {
  writeFileSync(join(folder, 'new.ndjson'), [placed(5001, 1), placed(5002, 5)].map(each => JSON.stringify(each)).join('\n'))
  const appended = await run('append', 'orders', 'new.ndjson', ...NOW, '--json')
  assert.deepEqual([appended.code, JSON.parse(appended.stdout)], [0, { accepted: 2, late: 0, duplicate: 0, rejected: [] }], appended.stderr)
  const dropped = await run('drop', 'orders', '--before', '2026-03-03T00:00:00Z', ...NOW, '--json')
  assert.equal(dropped.code, 0)
  assert.equal((JSON.parse(dropped.stdout) as { before: string }).before, '2026-03-03T00:00:00.000000Z')
  writeFileSync(join(folder, 'old.ndjson'), JSON.stringify(placed(5003, 2)))
  const refused = await run('append', 'orders', 'old.ndjson', ...NOW, '--json')
  assert.deepEqual([refused.code, (JSON.parse(refused.stdout) as { rejected: { code: string }[] }).rejected[0]?.code], [1, 'event_expired'])
  const beaten = await run('heartbeat', 'orders', '--now', '2026-03-10T13:00:00Z')
  assert.deepEqual([beaten.code, /2 events of orders, the last at 2026-03-10T13:00:0/.test(beaten.stdout)], [0, true], beaten.stdout)
})

test('wrong use is told', async () => {
  for (const [args, message] of [
    [['send', 'orders'], /one of append, status, heartbeat, drop/],
    [['drop', 'orders'], /--before/],
    [['drop', 'orders', '--before', 'yesterday'], /--before/],
    [['status', 'orders', '--before', '2026-03-03T00:00:00Z'], /drop, not another action/],
  ] as const) {
    const { code, stderr } = await run(...args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, message)
  }
  const { code, stderr } = await run('drop', 'visits', '--before', '2026-03-03T00:00:00Z')
  assert.deepEqual([code, /unknown_source/.test(stderr)], [1, true])
})
