/** What a status tells: of files, of a server, and what to do in each case. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { runBatch } from '../../src/batch/index.ts'
import { statusText } from '../../src/cli/status-text.ts'
import { durationText, type StatusReport, statusOf } from '../../src/monitor/index.ts'
import { createServer } from '../../src/server/index.ts'
import { AS_OF_US } from '../batch/shop.ts'
import { configWith, openHouse, shopFor } from '../live/house.ts'
import { build, CUSTOMER, predictionOf } from '../server/house.ts'

const DAY_US = 86_400_000_000

async function serving(t: TestContext, ...changes: readonly (readonly [from: string, to: string])[]) {
  const house = await openHouse(t, await shopFor(t, { config: configWith(...changes) }))
  const { app, live, clock } = house
  const resolvers = [app.resolver('spend')]
  const { catalog } = app.store()
  const server = createServer({ resolvers, catalog, clock, live, logOf: name => app.log(name), sources: app.loaded.definition.sources })
  const run = async (asOfUs: number, publish: 'gated' | 'never' = 'gated') =>
    runBatch(await app.place(), { prediction: 'spend', asOfUs, threads: 1, publish }).catch(() => undefined)
  const status = async () => (await server.app.inject('/api/status')).json() as StatusReport
  return { house, server, run, status, clock }
}

const messages = ({ warnings }: StatusReport) => warnings.map(({ message }) => message)

test('a server that is well tells so, with what it serves, reads and answered', async t => {
  const { run, status, server, house } = await serving(t)
  await run(AS_OF_US)
  await server.app.inject('/api/predictions/spend/answers/c0')
  await server.app.inject('/api/predictions/spend/answers/c0?prefer=live')
  await house.post([{ id: 5001, customer: 'c0' }])
  const report = await status()
  assert.deepEqual(report.warnings, [])
  const [spend] = report.predictions
  assert.deepEqual(
    [
      spend?.name,
      spend?.mode,
      spend?.maxAgeSeconds,
      spend?.serves?.ageSeconds,
      spend?.serves?.keys,
      spend?.live?.ready,
      spend?.lastRun?.state,
    ],
    ['spend', 'hybrid', 86_400, 0, 31, true, 'published'],
  )
  assert.equal(spend?.lastRun?.id, spend?.serves?.run)
  assert.ok(spend?.lastRun?.gates.every(({ passed }) => passed))
  assert.deepEqual(spend?.answers, { total: 2, bySource: { store: 1, live: 1 }, degraded: {}, errors: {} })
  const [orders] = report.sources
  assert.deepEqual([orders?.name, orders?.position, orders?.applied, orders?.failure], ['orders', 1, 1, null])
  assert.match(statusText(report), /spend +hybrid .* ready\n[\s\S]*spend +2 +store 50\.0 %, live 50\.0 %[\s\S]*Nothing to do\.$/)
})

test('what is old, late or not published is told, with the remedy', async t => {
  const { run, status, clock } = await serving(t, [`maxAge: '24h'`, `maxAge: '24h', maxLag: '2h'`])
  assert.deepEqual(messages(await status()), ['Nothing is published.'])
  await run(AS_OF_US)
  clock.us += DAY_US + 3_600_000_000
  const [old = '', late = ''] = messages(await status())
  assert.match(old, /is 1 d 1 h old; max age is 1 d\./)
  assert.match(late, /orders lag 1 d 1 h; max lag is 2 h\./)
  await run(AS_OF_US + 1_000_000, 'never')
  assert.ok(messages(await status()).some(each => /^The last run, \w{12}, is not published/.test(each)))
  await run(AS_OF_US + 2_000_000)
  clock.us += 1_000_000
  await run(AS_OF_US - 1_000_000, 'never')
  assert.ok(!messages(await status()).some(each => /is not published/.test(each)))
})

test('a run that a gate stopped is told with what the gate found', async t => {
  const { run, status } = await serving(t, ['coverage: 0.9', 'coverage: 0.9, range: { greatest: -1e300 }'])
  await run(AS_OF_US)
  const { predictions, warnings } = await status()
  assert.deepEqual([predictions[0]?.serves, predictions[0]?.lastRun?.state], [null, 'gated'])
  const { message, fix } = warnings.find(each => /stopped by a gate/.test(each.message)) ?? assert.fail(JSON.stringify(warnings))
  assert.match(message, /range: found .*, expected /)
  assert.match(fix, new RegExp(`prescore publish ${predictions[0]?.lastRun?.id.slice(0, 12)}`))
})

test('live features that cannot be had are told', async t => {
  const { house, status, run } = await serving(t)
  await run(AS_OF_US)
  await house.live.close()
  const [first] = messages(await status())
  assert.match(first ?? '', /not ready/)
})

test('files alone: no live features, no answers; a store that is gone is told', () => {
  const house = build([predictionOf('score', CUSTOMER, { maxAgeUs: DAY_US })])
  const { catalog } = house.store
  const none = () => assert.fail('no log is asked for')
  const resolvers = [{ prediction: predictionOf('score', CUSTOMER), served: () => undefined, liveStatus: () => null }] as never
  const report = statusOf({ resolvers, catalog, clock: { nowUs: () => AS_OF_US }, sources: [], logOf: none })
  assert.deepEqual([report.predictions[0]?.answers, report.predictions[0]?.live, report.sources], [null, null, []])
  assert.doesNotMatch(statusText(report), /answers of|source/)
  const broken = [{ ...(resolvers as object[])[0], served: () => assert.fail('gone') }] as never
  assert.match(messages(statusOf({ resolvers: broken, catalog, clock: { nowUs: () => 0 }, sources: ['x'], logOf: none })).join(), /gone/)
})

test('a schedule tells when it is due, what it came to, and what to do about its misfires', () => {
  const HOUR_US = DAY_US / 24
  const house = build([predictionOf('score', CUSTOMER)])
  const schedule = { zone: 'UTC', catchUp: 'last' }
  const reportOf = (state: object) =>
    statusOf({
      resolvers: [
        { prediction: predictionOf('score', CUSTOMER, { mode: 'live' }), served: () => undefined, liveStatus: () => null },
      ] as never,
      catalog: house.store.catalog,
      clock: { nowUs: () => AS_OF_US },
      sources: [],
      logOf: () => assert.fail('no log is asked for'),
      schedules: { state: () => ({ schedule, nextUs: AS_OF_US + HOUR_US, passedUs: AS_OF_US, ...state }) } as never,
    })
  const tally = (count: number, hoursAgo: number) => ({ count, dueUs: AS_OF_US - hoursAgo * HOUR_US, atUs: AS_OF_US - hoursAgo * HOUR_US })
  const fine = reportOf({ handled: undefined })
  assert.deepEqual([fine.predictions[0]?.due?.handled, fine.warnings], [null, []])
  assert.match(statusText(fine), /schedule of +next due .*\nscore +2026-03-10T13:00:00Z +– +– +–\n/)
  const tallies = { done: tally(40, 1), missed: tally(2, 3), overlapped: tally(1, 2), given_up: tally(9, 30), late: tally(1, 1) }
  const last = {
    dueUs: AS_OF_US - HOUR_US,
    outcome: 'failed',
    atUs: AS_OF_US - HOUR_US,
    failure: { code: 'disk_full', message: 'No room.' },
  }
  const wrong = reportOf({ handled: { handledUs: AS_OF_US - HOUR_US, tallies, last }, overdueUs: HOUR_US / 2 })
  assert.equal(wrong.predictions[0]?.due?.misfires, 13)
  assert.match(statusText(wrong), /score +2026-03-10T13:00:00Z +failed +2026-03-10T11:00:00Z +2 missed, 1 overlapped, 9 given up, 1 late\n/)
  assert.deepEqual(messages(wrong), [
    'The run that was due at 2026-03-10T11:00:00Z failed, and is not tried again: No room.',
    'It was due at 2026-03-10T12:00:00Z, and for 30 min nobody has started it.',
    '2 due times were not run, as nobody was there to start it, the last at 2026-03-10T09:00:00Z.',
    '1 due time was not run, as another run of it went on, the last at 2026-03-10T10:00:00Z.',
    '1 due time was started more than a minute late, the last at 2026-03-10T11:00:00Z.',
  ])
  assert.ok(wrong.warnings.every(({ fix }) => fix.length > 20))
  const stays = reportOf({ handled: { handledUs: AS_OF_US - 1, startedUs: AS_OF_US - HOUR_US, last: { ...last, outcome: 'again' } } })
  assert.deepEqual(messages(stays), [
    'The run that was due at 2026-03-10T11:00:00Z was interrupted: No room.',
    'It was due at 2026-03-10T12:00:00Z, and the run of 2026-03-10T11:00:00Z has not ended.',
  ])
  const broken = reportOf({ failure: new PrescoreError('store_unreadable', { where: 'spend.json' }) })
  assert.match(messages(broken).join(), /spend\.json/)
})

test('durations read as people say them', () => {
  const texts = [0, 1, 59, 60, 61, 3_600, 5_400, 86_400, 97_200, 1_000_000].map(durationText)
  assert.deepEqual(texts, ['0 s', '1 s', '59 s', '1 min', '1 min 1 s', '1 h', '1 h 30 min', '1 d', '1 d 3 h', '11 d 13 h'])
})
