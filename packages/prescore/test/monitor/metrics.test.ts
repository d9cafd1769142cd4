/** What a scrape says: names, types and help as documented, and numbers that are those of what happened. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuditView } from '../../src/audit/index.ts'
import { PrescoreError } from '../../src/base/index.ts'
import { runBatch } from '../../src/batch/index.ts'
import { Buckets } from '../../src/monitor/buckets.ts'
import type { ScheduleView } from '../../src/schedule/index.ts'
import { createServer } from '../../src/server/index.ts'
import { AS_OF_US } from '../batch/shop.ts'
import { configWith, eventOf, openHouse, shopFor } from '../live/house.ts'
import { furnished } from '../server/house.ts'

const DOCS = readFileSync(join(import.meta.dirname, '../../../../docs/metrics.md'), 'utf8')

interface Scrape {
  /** Type and help by name. */
  readonly metrics: ReadonlyMap<string, { readonly type: string; readonly help: string; readonly labels: ReadonlySet<string> }>
  /** By name with its labels, as printed. */
  readonly values: ReadonlyMap<string, number>
}

function parse(text: string): Scrape {
  const metrics = new Map<string, { type: string; help: string; labels: Set<string> }>()
  const values = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (word === 'HELP') metrics.set(name, { type: '', help: rest, labels: new Set() })
    else if (word === 'TYPE') (metrics.get(name) as { type: string }).type = rest
    else if (line !== '') {
      const [, full = '', inner = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line)
      values.set(inner === '' ? full : `${full}{${inner}}`, Number(value))
      const metric = metrics.get(full) ?? metrics.get(full.replace(/_(bucket|sum|count)$/, '')) ?? assert.fail(line)
      for (const [, label = ''] of inner.matchAll(/(\w+)="/g)) if (label !== 'le') metric.labels.add(label)
    }
  }
  return { metrics, values }
}

async function scrape(app: { inject: (url: string) => Promise<{ statusCode: number; body: string; headers: object }> }): Promise<Scrape> {
  const { statusCode, body, headers } = await app.inject('/metrics')
  assert.equal(statusCode, 200)
  assert.equal((headers as Record<string, string>)['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  return parse(body)
}

test('names, types, help and labels are those of docs/metrics.md', async t => {
  const { server, house } = await busyHouse(t)
  house.live.seats.get('spend')?.expect({ release: 'b81d', failure: new PrescoreError('release_differs') })
  const { metrics } = await scrape(server.app)
  const documented = new Map(
    [...DOCS.matchAll(/^\| `(\w+)` \| (\w+) \| (?:([^|]*) \| )?([^|]+) \|$/gm)].map(([, name = '', type, labels, help]) => [
      name,
      { type, help, labels },
    ]),
  )
  assert.deepEqual(
    [...metrics].map(([name, { type, help }]) => [name, type, help]).filter(([name]) => !documented.has(name as string)),
    [],
  )
  for (const [name, { type, help, labels }] of documented) {
    const scraped = metrics.get(name) ?? assert.fail(`${name} is documented, and not there`)
    assert.deepEqual([scraped.type, scraped.help], [type, help], name)
    if (!name.startsWith('prescore_')) continue
    // Each is seen with a value, and with exactly its labels.
    const expected = [...(labels ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label)
    assert.deepEqual([...scraped.labels].sort(), expected.sort(), name)
  }
})

/** As if its scheduler had been at work. */
const SCHEDULED = {
  state: (_: string, nowUs: number) => ({
    passedUs: nowUs - 3_600_000_000,
    nextUs: nowUs + 3_600_000_000,
    handled: {
      handledUs: nowUs,
      tallies: { done: { count: 5, dueUs: AS_OF_US, atUs: nowUs }, missed: { count: 2, dueUs: AS_OF_US, atUs: nowUs } },
    },
  }),
} as unknown as ScheduleView

const AUDITED: AuditView = {
  loggedCounts: () => ({ logged: 12, dropped: 3 }),
  lastAudit: () => ({
    at: '2026-03-10T11:00:00.000000Z',
    answers: 12,
    compared: 11,
    identical: 10,
    defects: 1,
    changedByLateEvents: 2,
    notComparable: 1,
  }),
}

/** A live shop in which everything that is measured has happened. */
async function busyHouse(t: Parameters<typeof openHouse>[0]) {
  const config = configWith([`maxAge: '24h'`, `maxAge: '24h', maxLag: '2h'`])
  const house = await openHouse(t, await shopFor(t, { config }))
  const { app, live } = house
  await runBatch(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, publish: 'gated' })
  const resolver = app.resolver('spend')
  const server = createServer({
    resolvers: [resolver],
    catalog: app.store().catalog,
    clock: app.clock,
    live,
    logOf: name => app.log(name),
    audits: AUDITED,
    schedules: SCHEDULED,
  })
  const ask = async (path: string) => (await server.app.inject(`/api/predictions/spend/answers/${path}`)).statusCode
  assert.deepEqual(await Promise.all(['c0', 'c1', 'c0?prefer=live', 'c0?asOf=2026-03-10T11:50:00Z'].map(ask)), [200, 200, 200, 200])
  assert.equal(await ask('c0?asOf=2020-03-10T11:50:00Z&prefer=live'), 400)
  const events = [eventOf({ id: 9001, customer: 'c0' }, house.clock.us), eventOf({ id: 9001, customer: 'c0' }, house.clock.us), { id: 'x' }]
  await server.app.inject({
    method: 'POST',
    url: '/api/sources/orders/events',
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(events),
  })
  // What is told of the feed does not change from here on.
  await live.catchUp('orders')
  house.clock.us += 7_200_000_000 + 3_600_000_000
  assert.equal(await ask('c0?prefer=live'), 200)
  return { house, server }
}

test('numbers are those of what happened', async t => {
  const { house, server } = await busyHouse(t)
  const { values } = await scrape(server.app)
  const value = (name: string) => values.get(`prescore_${name}`)
  assert.equal(value('answers_total{prediction="spend",source="store",reason=""}'), 2)
  assert.equal(value('answers_total{prediction="spend",source="live",reason=""}'), 2)
  assert.equal(value('answers_total{prediction="spend",source="store",reason="ingest_lag"}'), 1)
  assert.equal(value('answer_errors_total{prediction="spend",code="as_of_out_of_range"}'), 1)
  assert.equal(value('answer_duration_seconds_count{prediction="spend",source="live"}'), 2)
  assert.equal(value('answer_duration_seconds_bucket{prediction="spend",source="store",le="+Inf"}'), 3)
  assert.equal(value('answer_age_seconds_bucket{prediction="spend",source="store",le="60"}'), 2)
  assert.deepEqual([value('served_age_seconds{prediction="spend"}'), value('served_keys{prediction="spend"}')], [10_800, 31])
  assert.equal(value('served_as_of_timestamp_seconds{prediction="spend"}'), AS_OF_US / 1_000_000)
  assert.equal(value('runs{prediction="spend",state="published"}'), 1)
  assert.equal(value('live_ready{prediction="spend"}'), 1)
  assert.deepEqual([value('log_position{source="orders"}'), value('log_applied_position{source="orders"}')], [1, 1])
  const through = house.status().dataThroughUs as number
  assert.equal(value('source_data_through_timestamp_seconds{source="orders"}'), through / 1_000_000)
  assert.equal(value('source_lag_seconds{source="orders"}'), (house.clock.us - through) / 1_000_000)
  assert.equal(value('source_failed{source="orders"}'), 0)
  assert.deepEqual([value('model_rows_total{prediction="spend"}'), value('model_waiting_rows{prediction="spend"}')], [3, 0])
  assert.deepEqual(
    [value('audit_logged_answers_total{prediction="spend"}'), value('audit_dropped_answers_total{prediction="spend"}')],
    [12, 3],
  )
  const audited = ['identical', 'changed_by_late_events', 'defect', 'not_comparable']
  assert.deepEqual(
    audited.map(result => value(`audit_last_answers{prediction="spend",result="${result}"}`)),
    [10, 2, 1, 1],
  )
  const outcomes = ['done', 'missed', 'overlapped'].map(outcome => value(`scheduled_runs_total{prediction="spend",outcome="${outcome}"}`))
  assert.deepEqual([...outcomes, value('schedule_late_starts_total{prediction="spend"}')], [5, 2, 0, 0])
  const moments = ['next_due', 'last_due', 'last_done'].map(each => value(`schedule_${each}_timestamp_seconds{prediction="spend"}`))
  const nowSeconds = house.clock.us / 1e6
  assert.deepEqual(moments, [nowSeconds + 3_600, nowSeconds - 3_600, AS_OF_US / 1e6])
  assert.equal(value('events_accepted_total{source="orders"}'), 1)
  assert.equal(value('events_duplicate_total{source="orders"}'), 1)
  assert.equal(value('events_rejected_total{source="orders",code="wrong_type"}'), 1)
})

test('nothing published, nothing live: what there is not is left out', async () => {
  const { server } = await furnished()
  const { values } = await scrape(server.app)
  assert.equal(values.get('prescore_runs{prediction="late",state="published"}'), 1)
  assert.ok(![...values.keys()].some(name => /^prescore_(live|source|log|model|events|answers?)_/.test(name)))
})

test('a bucket holds what is at most its bound', () => {
  const bounds = [1, 2.5, 10]
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(0, 1, 2.5, 10, 11), fc.double({ min: 0, max: 20, noNaN: true }))), values => {
      const buckets = new Buckets(bounds)
      for (const value of values) buckets.add(value)
      const within = [...bounds, Number.POSITIVE_INFINITY].map(bound => values.filter(value => value <= bound).length)
      let below = 0
      assert.deepEqual(
        [...buckets.counts].map(count => {
          below += count
          return below
        }),
        within,
      )
      assert.equal(buckets.count, values.length)
    }),
  )
})
