/** A source is its history and what arrived since: wherever an event stands, in the files or in the log, it counts once. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { events } from '../../src/project/index.ts'
import { noteAsOf, openEventLog, pinIdentity, pinSource, type SourceAt, type SourcePin } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { scanned, us } from './scanned.ts'

/** At most 400: each run writes files and a log. */
const RUNS = Math.min(400, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 40))
/** The log's clock stands before all arrivals, so that what is declared is what counts. */
const EARLY = { clock: { nowUs: () => Date.parse('2001-01-01T00:00:00Z') * 1000 }, futureToleranceUs: 366 * 86_400_000_000 }

interface Event {
  readonly id: number
  readonly at: string
  readonly known: string
  readonly amount: number | null
}

const declare = (until?: string) =>
  events({
    files: 'orders.parquet',
    columns: { id: 'int64', at: 'timestamp', known: 'timestamp', amount: 'float64' },
    zone: 'UTC',
    id: 'id',
    time: 'at',
    arrival: r => r.known,
    ...(until === undefined ? {} : { until }),
  })

const minute = (n: number) => new Date(Date.parse('2001-06-01T00:00:00Z') + n * 60_000).toISOString()
const event = (id: number, at: number, delay: number, amount: number | null): Event => ({
  id,
  at: minute(at),
  known: minute(at + delay),
  amount,
})

async function sourceOf(place: Place, name: string, history: readonly Event[], until?: string): Promise<SourceAt> {
  const types = { id: 'BIGINT', at: 'TIMESTAMPTZ', known: 'TIMESTAMPTZ', amount: 'DOUBLE' }
  await place.copyRows(
    'orders.parquet',
    types,
    history.map(({ id, at, known, amount }) => ({ id, at: us(at), known: us(known), amount: amount ?? undefined })),
  )
  return { name, definition: declare(until).definition, folder: place.folder, logs: join(place.folder, 'logs') }
}

async function append(source: SourceAt, given: readonly Event[]) {
  const log = openEventLog(source.logs as string, source.name, source.definition, EARLY)
  try {
    return await log.append(given)
  } finally {
    await log.close()
  }
}

/** SQL has no literal for -0. */
const AMOUNT = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0)

test('events split in any way between files and log are the events of the files alone', async () => {
  const place = await Place.open()
  let run = 0
  const split = fc.array(
    fc.record({
      at: fc.nat(500),
      delay: fc.nat(300),
      amount: fc.option(AMOUNT),
      place: fc.constantFrom('history', 'log', 'both'),
    }),
    { maxLength: 30 },
  )
  await fc.assert(
    fc.asyncProperty(split, fc.nat(800), async (given, end) => {
      const all = given.map(({ at, delay, amount, place: where }, i) => ({ where, event: event(i + 1, at, delay, amount) }))
      const until = minute(end)
      const whole = await sourceOf(
        place,
        'whole',
        all.map(each => each.event),
      )
      const expected = await scanned(place, { ...whole, logs: join(place.folder, 'none') })
      // What history does not count any more must stand in the log.
      const inLog = all.filter(({ where, event: { known } }) => where !== 'history' || known >= until).map(each => each.event)
      const source = await sourceOf(
        place,
        `orders${run++}`,
        all.filter(({ where }) => where !== 'log').map(each => each.event),
        until,
      )
      const { accepted } = await append(source, inLog)
      assert.equal(accepted, inLog.length)
      assert.deepEqual(await scanned(place, source), expected)
      assert.deepEqual(
        await scanned(place, source, { columns: ['amount'] }),
        expected.map(({ row: { amount }, ...rest }) => ({ ...rest, row: { amount } })).sort(byText),
      )
    }),
    { numRuns: RUNS },
  )
})

function byText(a: unknown, b: unknown): number {
  const [x, y] = [a, b].map(value => JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' ? String(each) : each))) as [
    string,
    string,
  ]
  return x < y ? -1 : 1
}

test('a pin holds a position: what arrives later is not read with it, and makes another identity', async () => {
  const place = await Place.open()
  const source = await sourceOf(place, 'orders', [event(1, 0, 5, 1)])
  assert.equal((await pinSource(place.database, source)).arrived, undefined)
  await append(source, [event(2, 10, 5, 2)])
  const pin = await pinSource(place.database, source)
  await append(source, [event(3, 20, 5, 3)])
  const later = await pinSource(place.database, source)
  assert.deepEqual(amounts(await scanned(place, source, {}, pin)), [1, 2])
  assert.deepEqual(amounts(await scanned(place, source, {}, later)), [1, 2, 3])
  assert.notDeepEqual(pinIdentity(pin), pinIdentity(later))
  assert.deepEqual(pinIdentity(await pinSource(place.database, source)), pinIdentity(later))
})

test('a pin is plain data, and a log that is gone is noticed', async () => {
  const place = await Place.open()
  const source = await sourceOf(place, 'orders', [event(1, 0, 5, 1)])
  await append(source, [event(2, 10, 5, 2)])
  const pin = JSON.parse(JSON.stringify(await pinSource(place.database, source))) as SourcePin
  assert.deepEqual(amounts(await scanned(place, source, {}, pin)), [1, 2])
  await assert.rejects(scanned(place, { ...source, logs: join(place.folder, 'elsewhere') }, {}, pin), { code: 'source_changed' })
})

test('a heartbeat moves the moment up to which a pin has all that was known, also of an empty log, and makes no other identity', async () => {
  const place = await Place.open()
  const source = await sourceOf(place, 'orders', [event(1, 0, 5, 1)])
  const through = async () => (await pinSource(place.database, source)).throughUs
  assert.equal(await through(), undefined)
  await beat(source, 60)
  assert.equal(await through(), Date.parse(minute(60)) * 1000)
  await append(source, [event(2, 10, 5, 2)])
  const pin = await pinSource(place.database, source)
  await beat(source, 90)
  const later = await pinSource(place.database, source)
  assert.equal(later.throughUs, Date.parse(minute(90)) * 1000)
  assert.deepEqual(pinIdentity(later), pinIdentity(pin))
})

async function beat(source: SourceAt, at: number): Promise<void> {
  const clock = { nowUs: () => Date.parse(minute(at)) * 1000 }
  const log = openEventLog(source.logs as string, source.name, source.definition, { clock })
  try {
    await log.heartbeat()
  } finally {
    await log.close()
  }
}

test('an event that should have been known by a noted as-of is late', async () => {
  const place = await Place.open()
  const source = await sourceOf(place, 'orders', [])
  assert.equal((await append(source, [event(1, 0, 5, 1)])).late, 0)
  await noteAsOf(source, Date.parse(minute(30)) * 1000)
  assert.deepEqual([(await append(source, [event(2, 10, 5, 2)])).late, (await append(source, [event(3, 28, 5, 3)])).late], [1, 0])
})

function amounts(rows: readonly { readonly row: Readonly<Record<string, unknown>> }[]): unknown[] {
  return rows.map(({ row }) => row.amount).sort()
}
