import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StringColumn } from '../../src/expressions/index.ts'
import { events } from '../../src/project/index.ts'
import { type AppendResult, EVENTS_PER_APPEND_MAX, type EventLog, openEventLog } from '../../src/sources/index.ts'
import { Model, type Sample } from './model.ts'
import { DAY_US, folderFor, NOON_US, PAYMENTS, PINGS, RUNS, rowsOf, SECOND_US, StandingClock } from './place.ts'
import { samples } from './samples.ts'

type Step =
  /** Calls that are made at once. */
  | { readonly append: readonly (readonly Sample[])[] }
  | { readonly noteAsOf: number }
  | { readonly clock: number }
  | { readonly reopen: true }
  | { readonly heartbeat: true }

const moments = fc.integer({ min: NOON_US - DAY_US, max: NOON_US + DAY_US })
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.array(fc.array(samples, { maxLength: 30 }), { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ noteAsOf: moments }) },
  { weight: 1, arbitrary: fc.record({ clock: moments }) },
  { weight: 1, arbitrary: fc.constant({ reopen: true } as const) },
  { weight: 1, arbitrary: fc.constant({ heartbeat: true } as const) },
)

const brief = ({ rejected, ...counts }: AppendResult) => ({ ...counts, rejected: rejected.map(({ index, code }) => ({ index, code })) })

/** Does the step to both, and compares what they answer. */
async function take(step: Step, log: EventLog, model: Model, clock: StandingClock): Promise<void> {
  if ('append' in step) {
    const results = await Promise.all(step.append.map(call => log.append(call.map(({ event }) => event))))
    assert.deepEqual(
      results.map(brief),
      step.append.map(call => model.append(call, clock.us)),
    )
  } else if ('noteAsOf' in step) {
    await log.noteAsOf(step.noteAsOf)
    model.notedAsOfUs = Math.max(model.notedAsOfUs, step.noteAsOf)
  } else if ('heartbeat' in step) {
    await log.heartbeat()
    model.tick(clock.us)
  } else if ('clock' in step) clock.us = step.clock
}

test('a log is the array of what it took, whatever the batches, duplicates, clocks and restarts', async t => {
  const folder = folderFor(t)
  let run = 0
  const property = fc.asyncProperty(fc.array(steps, { maxLength: 8 }), fc.nat(), fc.nat(), async (all, a, b) => {
    const clock = new StandingClock()
    const model = new Model()
    const name = `run${run++}`
    let log = openEventLog(folder, name, PAYMENTS, { clock })
    try {
      for (const step of all) {
        if ('reopen' in step) {
          await log.close()
          log = openEventLog(folder, name, PAYMENTS, { clock })
        }
        await take(step, log, model, clock)
        assert.equal(log.position(), model.rows.length)
      }
      assert.deepEqual(rowsOf(log), model.rows)
      const { clockUs, notedAsOfUs } = log.status()
      assert.deepEqual({ clockUs, notedAsOfUs }, { clockUs: model.clockUs, notedAsOfUs: model.notedAsOfUs })
      const [after, upTo] = [a % (model.rows.length + 1), b % (model.rows.length + 1)]
      assert.deepEqual(rowsOf(log, after, upTo), model.rows.slice(after, Math.max(after, upTo)))
    } finally {
      await log.close()
    }
  })
  await fc.assert(property, { numRuns: RUNS })
})

test('reading takes only the columns and the times asked for', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  const event = (i: number) => ({
    id: String(i),
    at: new Date(NOON_US / 1000 - 1000 * (i % 7)).toISOString(),
    amount: i,
    shop: `shop ${i % 3}`,
  })
  for (let i = 0; i < 60; i++) await log.append([event(3 * i), event(3 * i + 1), event(3 * i + 2)])
  const all = rowsOf(log)
  assert.equal(all.length, 180)
  const [fromUs, untilUs] = [NOON_US - 4 * SECOND_US, NOON_US - SECOND_US]
  const some = rowsOf(log, 10, 150, { columns: ['doubled'], fromUs, untilUs })
  const expected = all.filter(
    ({ position, timeUs }) =>
      (position as number) > 10 && (position as number) <= 150 && (timeUs as number) >= fromUs && (timeUs as number) < untilUs,
  )
  assert.ok(expected.length > 50)
  assert.deepEqual(
    some.map(row => [row.position, row.timeUs, row.knownAtUs, row['row.doubled'], row['row.shop']]),
    expected.map(row => [row.position, row.timeUs, row.knownAtUs, row['row.doubled'], undefined]),
  )
  assert.throws(() => rowsOf(log, 0, 1, { columns: ['amuont'] }), { code: 'unknown_column' })
  await log.close()
})

test('chunks are bounded, and a read goes on while others append', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const at = new Date(NOON_US / 1000).toISOString()
  const count = 30_000
  await log.append(Array.from({ length: count }, (_, n) => ({ at, n })))
  const chunks = log.read(0, count)
  const first = chunks.next()
  await log.append([{ at, n: count }])
  const rest = [...chunks]
  assert.ok(first.done === false && first.value.rows < 10_000 && rest.length > 2)
  assert.equal(first.value.rows + rest.reduce((sum, { rows }) => sum + rows, 0), count)
  assert.deepEqual(
    rowsOf(log).map(row => row['row.n']),
    Array.from({ length: count + 1 }, (_, n) => n),
  )
  await log.close()
})

test('two logs of one folder in one process are one log', async t => {
  const folder = folderFor(t)
  const clock = new StandingClock()
  const [a, b] = [openEventLog(folder, 'payments', PAYMENTS, { clock }), openEventLog(folder, 'payments', PAYMENTS, { clock })]
  const heard: number[] = []
  const stop = b.onCommit(position => heard.push(position))
  const at = new Date(NOON_US / 1000).toISOString()
  const calls = Array.from({ length: 40 }, (_, i) =>
    (i % 2 === 0 ? a : b).append([
      { id: String(i % 25), at },
      { id: `own ${i}`, at },
    ]),
  )
  const results = await Promise.all(calls)
  assert.equal(
    results.reduce((sum, { accepted }) => sum + accepted, 0),
    65,
  )
  assert.equal(
    results.reduce((sum, { duplicate }) => sum + duplicate, 0),
    15,
  )
  assert.equal(heard.at(-1), 65)
  stop()
  await a.append([{ id: 'last', at }])
  assert.equal(heard.at(-1), 65)
  assert.deepEqual(rowsOf(b), rowsOf(a))
  assert.deepEqual(b.hasIds(['0', 'own 3', 'no']), [true, true, false])
  await a.close()
  await assert.rejects(a.append([]), { code: 'store_unreadable' })
  assert.equal(b.position(), 66)
  await Promise.all([b.close(), b.close()])
})

test('appends that come while a commit runs share the next one', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const commits: number[] = []
  log.onCommit(position => commits.push(position))
  const at = new Date(NOON_US / 1000).toISOString()
  await Promise.all(Array.from({ length: 500 }, (_, n) => log.append([{ at, n }])))
  assert.equal(commits.at(-1), 500)
  assert.ok(commits.length < 50, `${commits.length} commits`)
  await log.close()
})

test('closing waits for all that was appended', async t => {
  const folder = folderFor(t)
  const log = openEventLog(folder, 'pings', PINGS, { clock: new StandingClock() })
  const at = new Date(NOON_US / 1000).toISOString()
  const appended = [1, 2, 3].map(n => log.append(new Array(25_000).fill({ at, n })))
  await log.close()
  assert.deepEqual(
    (await Promise.all(appended)).map(({ accepted }) => accepted),
    [25_000, 25_000, 25_000],
  )
  const again = openEventLog(folder, 'pings', PINGS)
  assert.equal(again.position(), 75_000)
  await again.close()
})

test('a commit that fails in the middle leaves nothing behind', async t => {
  const clock = new StandingClock()
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock })
  const at = new Date(NOON_US / 1000).toISOString()
  let readings = 0
  clock.nowUs = () => {
    // Each call reads the clock once; then the first one of the commit does, and then the second one.
    if (++readings === 4) throw new Error('the clock stopped')
    return NOON_US
  }
  const failed = await Promise.allSettled([log.append([{ id: 'a', at }]), log.append([{ id: 'b', at }])])
  assert.deepEqual(
    failed.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.deepEqual([log.position(), log.hasIds(['a', 'b'])], [0, [false, false]])
  assert.equal((await log.append([{ id: 'a', at }])).accepted, 1)
  assert.equal(rowsOf(log).length, 1)
  await log.close()
})

test('a long read keeps no more than some texts', async t => {
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock: new StandingClock() })
  const at = new Date(NOON_US / 1000).toISOString()
  const count = 100_000
  await log.append(Array.from({ length: count }, (_, i) => ({ id: `payment ${i}`, at })))
  let [next, largest] = [0, 0]
  for (const { rows, columns } of log.read(0, count, { columns: ['id'] })) {
    const { codes, dictionary } = columns.get('row.id') as StringColumn
    largest = Math.max(largest, dictionary.length)
    for (let i = 0; i < rows; i++) assert.equal(dictionary[codes[i] as number], `payment ${next++}`)
  }
  assert.equal(next, count)
  assert.ok(largest < 75_000, `${largest} texts`)
  await log.close()
})

test('an event is known at the later of its declared arrival and the clock, and the clock never steps back', async t => {
  const clock = new StandingClock()
  const log = openEventLog(folderFor(t), 'payments', PAYMENTS, { clock })
  const at = new Date(NOON_US / 1000 - 1000).toISOString()
  const received = new Date(NOON_US / 1000 + 60_000).toISOString()
  await log.append([
    { id: 'before', at, received: at },
    { id: 'after', at, received },
    { id: 'none', at },
  ])
  clock.us -= 3600 * SECOND_US
  await log.append([{ id: 'stepped back', at: new Date(clock.us / 1000).toISOString() }])
  assert.deepEqual(
    rowsOf(log).map(({ knownAtUs }) => knownAtUs),
    [NOON_US, NOON_US + 60 * SECOND_US, NOON_US, NOON_US],
  )
  await log.close()
})

test('what comes after an as-of was noted is known after it, unless the as-of is still to come', async t => {
  const clock = new StandingClock()
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock })
  const ping = (us: number) => log.append([{ at: new Date(us / 1000).toISOString() }])
  await log.noteAsOf(NOON_US)
  assert.equal((await ping(NOON_US)).late, 1)
  assert.equal((await ping(NOON_US + SECOND_US)).late, 0)
  await log.noteAsOf(NOON_US + DAY_US)
  assert.equal((await ping(NOON_US + SECOND_US)).late, 1)
  assert.deepEqual(
    rowsOf(log).map(({ knownAtUs }) => knownAtUs),
    [NOON_US + 1, NOON_US + 1, NOON_US + 1],
  )
  await assert.rejects(log.noteAsOf(Number.NaN), { code: 'invalid_value' })
  await log.close()
})

test('an as-of that is noted between two appends of one commit stands between them', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const ping = { at: new Date(NOON_US / 1000).toISOString() }
  const [before, , after] = await Promise.all([log.append([ping]), log.noteAsOf(NOON_US), log.append([ping])])
  assert.deepEqual([before.late, after.late], [0, 1])
  assert.deepEqual(
    rowsOf(log).map(({ knownAtUs }) => knownAtUs),
    [NOON_US, NOON_US + 1],
  )
  await log.close()
})

test('a pin holds for its log, up to its position, until something is dropped', async t => {
  const folder = folderFor(t)
  const clock = new StandingClock()
  const log = openEventLog(folder, 'pings', PINGS, { clock })
  const other = openEventLog(folder, 'others', PINGS, { clock })
  await log.append([{ at: new Date(NOON_US / 1000).toISOString() }])
  const pin = log.pin()
  assert.equal(pin.position, 1)
  await log.append([{ at: new Date(NOON_US / 1000).toISOString() }])
  log.verify(JSON.parse(JSON.stringify(pin)))
  assert.throws(() => other.verify(pin), { code: 'source_changed' })
  assert.throws(() => log.verify({ ...pin, position: 3 }), { code: 'source_changed' })
  assert.throws(() => rowsOf(log, 0, 3), { code: 'source_changed' })
  await log.dropBefore(NOON_US)
  assert.throws(() => log.verify(pin), { code: 'source_changed' })
  log.verify(log.pin())
  await Promise.all([log.close(), other.close()])
})

test('one call takes so many events, and no more', async t => {
  const log = openEventLog(folderFor(t), 'pings', PINGS, { clock: new StandingClock() })
  const ping = { at: new Date(NOON_US / 1000).toISOString() }
  await assert.rejects(log.append(new Array(EVENTS_PER_APPEND_MAX + 1).fill(ping)), { code: 'body_too_large' })
  assert.equal(log.position(), 0)
  assert.deepEqual(await log.append([]), { accepted: 0, late: 0, duplicate: 0, rejected: [] })
  await log.close()
})

test('ids of every kind are one when they are equal', async t => {
  const folder = folderFor(t)
  const at = new Date(NOON_US / 1000).toISOString()
  const cases = {
    int64: [1, 1n, -0, 0, 2n ** 60n, 2n ** 60n + 1n],
    float64: [0, -0, 1.5, 1.5, 1, 2],
    timestamp: [
      '2026-06-15T12:00:00Z',
      '2026-06-15T14:00:00+02:00',
      '2026-06-15T12:00:01Z',
      '2026-06-15',
      '2026-06-15T00:00:00Z',
      '2026-06-14',
    ],
    string: ['1', '01', 'é', 'e\u0301', 'é', ''],
  } as const
  for (const [kind, ids] of Object.entries(cases)) {
    const columns = { id: kind as keyof typeof cases, at: 'timestamp' as const }
    const { definition } = events({ files: 'x.parquet', columns, zone: 'UTC', id: 'id', time: 'at' })
    const log = openEventLog(folder, kind, definition, { clock: new StandingClock() })
    const { accepted, duplicate } = await log.append(ids.map(id => ({ id, at })))
    assert.deepEqual({ kind, accepted, duplicate }, { kind, accepted: kind === 'string' ? 5 : 4, duplicate: kind === 'string' ? 1 : 2 })
    assert.deepEqual(
      log.hasIds(ids),
      ids.map(() => true),
    )
    await log.close()
  }
})

test('only a source of events has a log, and ids are asked of one that declares them', async t => {
  const folder = folderFor(t)
  assert.throws(() => openEventLog(folder, 'x', { type: 'table', files: [], columns: { a: 'int64' }, derive: {} }), {
    code: 'not_supported',
  })
  const log = openEventLog(folder, 'pings', PINGS)
  assert.throws(() => log.hasIds([1]), { code: 'missing_id' })
  await log.close()
})
