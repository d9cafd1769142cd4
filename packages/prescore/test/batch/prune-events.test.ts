/** Retention of event logs: nothing that is computed afterwards changes, and what was pinned before is there, or refused. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { simulatedClock } from '../../src/base/index.ts'
import { type BatchPlace, planOnly, pruneEvents } from '../../src/batch/index.ts'
import { collect } from '../../src/cli/runs/collect.ts'
import { events } from '../../src/project/index.ts'
import { openEventLog, pinSource, readingLogs, type SourceAt, scanSource } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { scanned, us } from '../sources/scanned.ts'
import { inShop, refused } from './harness.ts'
import { AS_OF_US, makeShop, removeShop, shopOrders } from './shop.ts'

const RUNS = Math.min(200, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 25))
const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const NOW_US = Date.parse('2001-07-01T00:00:00Z') * 1000
/** Ids are remembered for seven days: what is freed is older. */
const EARLY = { clock: { nowUs: () => Date.parse('2001-01-01T00:00:00Z') * 1000 }, futureToleranceUs: 366 * DAY_US }

interface Event {
  readonly id: number
  readonly at: string
  readonly amount: number
}

const ORDERS = events({
  files: 'orders-*.parquet',
  columns: { id: 'int64', at: 'timestamp', amount: 'float64' },
  zone: 'UTC',
  id: 'id',
  time: 'at',
}).definition

const daysAgo = (days: number) => new Date(NOW_US / 1000 - days * 86_400_000).toISOString()

async function writeFile(place: Place, file: string, rows: readonly Event[]): Promise<void> {
  const types = { id: 'BIGINT', at: 'TIMESTAMPTZ', amount: 'DOUBLE' }
  await place.copyRows(
    file,
    types,
    rows.map(({ id, at, amount }) => ({ id, at: us(at), amount })),
  )
}

async function append(source: SourceAt, rows: readonly Event[]): Promise<void> {
  const log = openEventLog(source.logs as string, source.name, source.definition, EARLY)
  for (let from = 0; from < rows.length; from += 5_000) await log.append(rows.slice(from, from + 5_000))
  await log.close()
}

/** What pruning stands on: a source, its log, and no runs. */
function houseOf(place: Place, name: string, definition = ORDERS) {
  const source: SourceAt = { name, definition, folder: place.folder, logs: join(place.folder, 'logs') }
  const loaded = { definition: { sources: { [name]: definition }, predictions: {} }, folder: place.folder, logs: source.logs }
  const batch = { loaded, database: place.database, store: { catalog: { listRuns: () => [] } }, runs: join(place.folder, 'runs') }
  const prune = async (days: number, isDryRun = false) => {
    const [pruned] = await pruneEvents(batch as unknown as BatchPlace, { olderThanUs: days * DAY_US, nowUs: NOW_US, isDryRun })
    return pruned ?? assert.fail('no log')
  }
  return { source, prune }
}

test('however events stand in files and log, a scan gives the same ones after as before', async () => {
  const place = await Place.open()
  let run = 0
  const given = fc.array(fc.record({ days: fc.nat(60), where: fc.constantFrom('files', 'log', 'both', 'both') }), {
    minLength: 1,
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(given, fc.nat(60), async (all, days) => {
      const rows = all.map(({ days: ago, where }, i) => ({ where, event: { id: i + 1, at: daysAgo(ago), amount: i } }))
      const of = (...places: string[]) => rows.filter(({ where }) => places.includes(where)).map(({ event }) => event)
      await writeFile(place, 'orders-all.parquet', of('files', 'both'))
      const { source, prune } = houseOf(place, `orders${run++}`)
      await append(source, of('log', 'both'))
      const before = await scanned(place, source)
      const oldPin = await pinSource(place.database, source)
      const would = existsSync(join(source.logs as string, source.name)) ? await prune(days, true) : undefined
      assert.deepEqual(await scanned(place, source), before, 'a dry run changes nothing')
      const { beforeUs, events: freed, bytes, keptBy } = await prune(days)
      assert.deepEqual(
        { beforeUs, freed, bytes, keptBy },
        { beforeUs: would?.beforeUs, freed: would?.events, bytes: would?.bytes, keptBy: would?.keptBy },
      )
      const onlyInLog = Math.min(...of('log').map(({ at }) => us(at)))
      const askedUs = NOW_US - days * DAY_US
      if (beforeUs !== null) assert.equal(beforeUs, Math.min(askedUs, onlyInLog))
      assert.deepEqual(await scanned(place, source), before)
      if (oldPin.arrived !== undefined && beforeUs !== null)
        await assert.rejects(Array.fromAsync(scanSource(place.database, source, oldPin, { columns: ['id'] })), refused('source_changed'))
    }),
    { numRuns: RUNS },
  )
})

test('whoever read while it was dropped, of files that did not have it yet, is refused and not told less', async () => {
  const place = await Place.open()
  const { source, prune } = houseOf(place, 'orders')
  const logged = Array.from({ length: 12_000 }, (_, i) => ({ id: 10 + i, at: daysAgo(50 - (i % 5)), amount: i }))
  await writeFile(place, 'orders-a.parquet', [{ id: 1, at: daysAgo(55), amount: 1 }])
  await append(source, logged)
  const pin = await pinSource(place.database, source)
  const reading = scanSource(place.database, source, pin, { columns: ['id'] })
  let rows = 0
  while (rows < 2) rows += (await reading.next()).value?.rows ?? assert.fail('too few')
  const file = join(place.folder, 'orders-b.parquet')
  await writeFile(place, 'orders-b.parquet', logged)
  const { events: freed, bytes, keptBy } = await prune(20)
  assert.deepEqual([freed, bytes > 100_000, keptBy], [12_000, true, null])
  await assert.rejects(Array.fromAsync(reading), refused('source_changed', /dropped/))
  assert.equal(
    (await Array.fromAsync(scanSource(place.database, source, await pinSource(place.database, source), { columns: [] }))).reduce(
      (sum, each) => sum + each.rows,
      0,
    ),
    12_001,
  )
  rmSync(file)
})

test('what has no id stays; so does everything while somebody reads', async () => {
  const place = await Place.open()
  const { id: _, ...anonymous } = ORDERS
  await writeFile(place, 'orders-a.parquet', [{ id: 1, at: daysAgo(55), amount: 1 }])
  const first = houseOf(place, 'nameless', anonymous)
  await append(first.source, [{ id: 1, at: daysAgo(55), amount: 1 }])
  const kept = await first.prune(1)
  assert.deepEqual([kept.beforeUs, kept.events], [null, 0])
  assert.match(kept.keptBy ?? '', /no `id`.*prescore events drop nameless --before/)
  const { source, prune } = houseOf(place, 'orders')
  await append(source, [{ id: 1, at: daysAgo(55), amount: 1 }])
  const done = await readingLogs(source.logs as string, 'a training set of spend')
  assert.deepEqual([(await prune(1)).beforeUs, (await prune(1)).keptBy], [null, 'a training set of spend'])
  await done()
  // A reader that was killed long ago.
  const dead = join(source.logs as string, '.reading', 'x')
  writeFileSync(dead, 'nobody')
  utimesSync(dead, 1, 1)
  const pruned = await prune(1)
  assert.deepEqual([pruned.beforeUs, pruned.events, existsSync(dead)], [NOW_US - DAY_US, 1, false])
})

let folder: string
before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

const orderOf = (order: ReturnType<typeof shopOrders>[number]) => ({
  id: order.id,
  placed: new Date(order.atUs / 1000).toISOString(),
  customer: order.customer,
  amount: order.amount,
})

test('a log that an unfinished run has pinned stays; the run is finished, and then it goes', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const { accepted } = await app.log('orders').append(shopOrders().slice(10, 200).map(orderOf))
      const place = await app.place()
      const { plan } = await planOnly(place, { prediction: 'spend', asOfUs: AS_OF_US, threads: 1 })
      const request = { olderThanUs: DAY_US, nowUs: AS_OF_US + 30 * DAY_US, isDryRun: false }
      const [held] = await pruneEvents(place, request)
      assert.deepEqual([held?.beforeUs, held?.events], [null, 0])
      assert.match(held?.keptBy ?? '', new RegExp(`run ${plan.run.slice(0, 12)} of spend`))
      const done = await run({})
      assert.equal(done.run, plan.run)
      const [pruned] = await pruneEvents(place, request)
      assert.deepEqual([pruned?.beforeUs, pruned?.events, pruned?.keptBy], [AS_OF_US + 29 * DAY_US, accepted, null])
      // Of the same rows, wherever they stand, come the same answers.
      const again = await run({ repin: true })
      assert.equal(again.report.digest, done.report.digest)
    },
    { state: join(folder, 'pinned'), clock: simulatedClock(AS_OF_US) },
  ))

test('noted answers and what was noted of schedules go by their bounds, never what is in use', () =>
  inShop(
    folder,
    async ({ app }) => {
      const [answers, last, schedule] = [join(app.audits, 'answers'), join(app.audits, 'last'), app.ledger.folder]
      for (const each of [answers, last, schedule]) mkdirSync(each, { recursive: true })
      const file = (path: string, hours: number) => {
        writeFileSync(path, 'twelve bytes')
        const seconds = app.clock.nowUs() / 1e6 - hours * 3_600
        utimesSync(path, seconds, seconds)
        return path
      }
      const old = [
        file(join(answers, '000000000000001-a.ndjson'), 24 * 8),
        file(join(last, 'gone.json'), 24 * 31),
        file(join(schedule, 'gone.json'), 24 * 31),
        file(join(schedule, 'spend.json.x.tmp'), 2),
      ]
      const young = [
        file(join(answers, '000000000000002-b.ndjson'), 24 * 6),
        file(join(last, 'spend.json'), 24 * 100),
        file(join(schedule, 'left.json'), 24),
        file(join(schedule, 'spend.json.y.tmp'), 0.5),
      ]
      const retention = { keep: 10, olderThanUs: 30 * DAY_US, eventsOlderThanUs: undefined }
      const would = await collect(app, retention, true)
      assert.deepEqual([would.answers, would.schedules, would.events], [{ files: 2, bytes: 24 }, { files: 2, bytes: 24 }, null])
      assert.ok([...old, ...young].every(existsSync))
      const done = await collect(app, retention, false)
      assert.deepEqual([done.answers, done.schedules], [would.answers, would.schedules])
      assert.deepEqual([old.filter(existsSync), young.filter(existsSync)], [[], young])
    },
    { state: join(folder, 'noted') },
  ))
