/** A table that goes and comes back: what is told of it, and how often. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { TableStanding, TOLD_AGAIN_MS } from '../../src/live/table-standing.ts'

function standing(t: TestContext) {
  const clock = { ms: 1_000 }
  t.mock.method(performance, 'now', () => clock.ms)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: string[] = []
  const table = new TableStanding({ onAway: ({ details }) => told.push(`away: ${details.found}`), onBack: () => told.push('back') })
  t.after(() => table.close())
  const pass = (ms: number) => {
    clock.ms += ms
    t.mock.timers.tick(ms)
  }
  const fail = (found: string) => table.failed(new PrescoreError('source_unavailable', { found }))
  return { table, told, pass, fail }
}

test('once when it goes, once when it is back, however many requests fail', t => {
  const { table, told, fail } = standing(t)
  table.answered()
  for (const found of ['first', 'second', 'third']) fail(found)
  for (let i = 0; i < 3; i++) table.answered()
  assert.deepEqual(told, ['away: first', 'back'])
})

test('one that comes and goes is told once a minute', t => {
  const { table, told, pass, fail } = standing(t)
  const seconds = (3 * TOLD_AGAIN_MS) / 1_000
  for (let second = 0; second < seconds; second++) {
    fail(`second ${second}`)
    table.answered()
    pass(1_000)
  }
  assert.deepEqual(told.slice(0, 2), ['away: second 0', 'back'])
  assert.ok(told.length <= 2 * 3, told.join())
})

test('one that goes again soon is told when the time has come, unless it is back by then', t => {
  const { table, told, pass, fail } = standing(t)
  fail('first')
  table.answered()
  pass(1_000)
  fail('second')
  assert.deepEqual(told, ['away: first', 'back'])
  pass(TOLD_AGAIN_MS - 1_000)
  assert.deepEqual(told, ['away: first', 'back', 'away: second'])
  table.answered()
  fail('third')
  table.answered()
  pass(TOLD_AGAIN_MS)
  assert.deepEqual(told, ['away: first', 'back', 'away: second', 'back'])
})
