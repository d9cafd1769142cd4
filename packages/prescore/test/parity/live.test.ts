/**
 * The parity law for live answers on real flights: at every moment of a simulated day, what is answered live holds the bits of a
 * dataset and of a batch of the same (slot, moment), in whatever order and however late the events were posted, with repeats, and
 * with the state closed and opened again on the way. The model echoes its input, so that the value is the feature vector itself.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { prepare } from '../../../../examples/flights/prepare.ts'
import { App } from '../../src/app.ts'
import { formatInstant, type SimulatedClock, simulatedClock } from '../../src/base/index.ts'
import { runBatch } from '../../src/batch/index.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import type { Live } from '../../src/live/index.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import { encodeKey, type KeyColumns, type LoadedProject, type PredictionDefinition } from '../../src/project/index.ts'
import { releaseForLive } from '../../src/release/index.ts'
import { type Answer, answerObject } from '../../src/resolve/index.ts'
import { changed } from '../batch/shop.ts'
import { chances } from '../chances.ts'

const FULL = process.env.PRESCORE_FULL === '1'
const PAIRS = FULL ? 10_000 : 1_200
const MOMENTS = FULL ? 200 : 40
const RESTARTS = FULL ? 20 : 4
/** Each batch and each scan reads the files anew. */
const BATCHES = FULL ? 5 : 1
const SCANS = FULL ? 40 : 4
const ORIGINS = FULL ? [] : ['JFK', 'ORD', 'SEA', 'BOS']

const UNTIL = '2001-03-10T05:00:00Z'
const UNTIL_US = Date.parse(UNTIL) * 1000
const MINUTE_US = 60_000_000
const DAY_US = 24 * 60 * MINUTE_US
const STEP_US = Math.floor(DAY_US / MOMENTS)
/** What the model gives in the place of missing. */
const MISSING = -1e300
const example = join(import.meta.dirname, '../../../../examples/flights')

const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
const chance = chances(seed)
const below = (limit: number) => Math.floor(chance() * limit)

interface Slot {
  readonly origin: string
  readonly destination: string
  readonly hour: number
}

interface Asked {
  readonly slot: Slot
  readonly atUs: number
  readonly answer: Answer
}

interface Flight {
  readonly knownAtUs: number
  readonly event: Readonly<Record<string, string | number>>
}

let folder: string
let app: App
let live: Live
let clock: SimulatedClock
const asked: Asked[] = []
let duplicates = 0

before(async () => {
  folder = await makeProject()
})
after(async () => {
  await app?.close()
  rmSync(folder, { recursive: true, force: true })
})

test(`${PAIRS} live answers are those of a dataset, of batches and of scans, to the bit`, async t => {
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  await open(UNTIL_US)
  await answerThroughTheDay()
  t.diagnostic(`${asked.length} answers at ${MOMENTS} moments, ${duplicates} duplicates`)
  assert.ok(asked.length >= PAIRS && duplicates > 0)
  await app.close()
  await open(UNTIL_US + DAY_US)
  for (const [name, vectors] of Object.entries(await datasetVectors())) assertSame(vectors, name)
  for (let i = 0; i < BATCHES; i++) await compareBatch(asked[below(asked.length)]?.atUs as number)
  for (let i = 0; i < SCANS; i++) await compareScan(asked[below(asked.length)] as Asked)
})

/** The flights of a month before and a day after history ends, with a model that echoes. */
async function makeProject(): Promise<string> {
  const { file } = await prepare()
  const made = mkdtempSync(join(tmpdir(), 'prescore-live-'))
  const config = [
    ['data/flights.parquet', 'flights.parquet'],
    [`zone: 'America/New_York',`, `zone: 'America/New_York', until: '${UNTIL}',`],
    [`onnx('models/late.onnx', { output: 'probabilities[1]' })`, `onnx('echo.onnx', { output: 'echo' })`],
    ['missing: 0.2', 'missing: 1'],
    // Machines that run tests are busy.
    [`deadline: '1s'`, `deadline: '60s'`],
  ].reduce((text, [from, to]) => changed(text, from as string, to as string), readFileSync(join(example, 'prescore.config.ts'), 'utf8'))
  writeFileSync(join(made, 'prescore.config.ts'), config)
  writeFileSync(join(made, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(made, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(made, 'node_modules/prescore'))
  copyFileSync(join(import.meta.dirname, 'echo.onnx'), join(made, 'echo.onnx'))
  const origins = ORIGINS.length === 0 ? 'true' : `origin IN (${ORIGINS.map(literal).join(', ')})`
  const days = `date >= TIMESTAMP '2001-02-08' AND date < TIMESTAMP '2001-03-11 06:00:00'`
  await query(`COPY (SELECT * FROM ${literal(file)} WHERE ${origins} AND ${days}) TO ${literal(join(made, 'flights.parquet'))}`)
  return made
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const database = await Database.open({ threads: 2 })
  try {
    return await database.query(sql, 'flights')
  } finally {
    database.close()
  }
}

async function open(nowUs: number): Promise<void> {
  clock = simulatedClock(nowUs)
  app = await App.open({ project: folder, clock, threads: 2 })
  live = await app.startLive({ onFailure: (where, error) => assert.fail(`${where}: ${error.message}`) })
  await live.settled
}

/** Posts what is to be known by each moment, some of it early, some late, some again, and asks for some slots. */
async function answerThroughTheDay(): Promise<void> {
  const slots = await allSlots()
  let waiting = await allFlights()
  const sent = waiting.filter(({ knownAtUs }) => knownAtUs < UNTIL_US).slice(-500)
  waiting = waiting.filter(({ knownAtUs }) => knownAtUs >= UNTIL_US)
  const restarts = new Set(Array.from({ length: RESTARTS }, () => below(MOMENTS)))
  for (let moment = 1; moment <= MOMENTS; moment++) {
    const momentUs = UNTIL_US + moment * STEP_US
    const due = waiting.filter(({ knownAtUs }) => knownAtUs <= momentUs + (chance() < 0.1 ? 4 * MINUTE_US : 0) && chance() < 0.9)
    const taken = new Set(due)
    waiting = waiting.filter(flight => !taken.has(flight))
    clock.moveTo(momentUs - below(STEP_US))
    const again = Array.from({ length: below(20) }, () => sent[below(sent.length)] as Flight)
    sent.push(...due)
    await post(shuffled([...due, ...again]))
    clock.moveTo(momentUs)
    if (restarts.has(moment)) {
      await app.close()
      await open(momentUs)
    }
    await ask(slots)
  }
}

/** In requests of any size, some of them at the same time. */
async function post(flights: readonly Flight[]): Promise<void> {
  const appends: Promise<void>[] = []
  for (let from = 0; from < flights.length; ) {
    const end = from + 1 + below(200)
    appends.push(append(flights.slice(from, end).map(({ event }) => event)))
    if (chance() < 0.3) await Promise.all(appends)
    from = end
  }
  await Promise.all(appends)
}

async function append(events: readonly unknown[]): Promise<void> {
  const { rejected, duplicate } = await app.log('flights').append(events)
  assert.deepEqual(rejected, [])
  duplicates += duplicate
  await live.catchUp('flights')
}

async function ask(slots: readonly Slot[]): Promise<void> {
  const nowUs = clock.nowUs()
  // Also a little back: what was posted since was not known then.
  const atUs = chance() < 0.2 ? nowUs - below(50 * MINUTE_US) : nowUs
  for (let i = 0; i < PAIRS / MOMENTS; i++) {
    const slot = slots[below(slots.length)] as Slot
    const parts = await app.resolver('late').answer({ ...slot }, { prefer: 'live', asOfUs: atUs, explain: true })
    const answer = answerObject(parts)
    assert.deepEqual([answer.source, answer.computedBy, answer.asOf], ['live', 'live', formatInstant(atUs)], JSON.stringify(answer.reason))
    asked.push({ slot, atUs, answer })
  }
}

function shuffled<T>(items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const other = below(i + 1)
    ;[items[i], items[other]] = [items[other] as T, items[i] as T]
  }
  return items
}

const FILE = () => literal(join(folder, 'flights.parquet'))

/** Those that there are, and some whose route has no flights. */
async function allSlots(): Promise<Slot[]> {
  const rows = await query(`SELECT DISTINCT origin, destination, hour(date) AS hour FROM ${FILE()} ORDER BY ALL`)
  const slots = rows.map(row => ({ origin: String(row.origin), destination: String(row.destination), hour: Number(row.hour) }))
  return [...slots, { origin: 'JFK', destination: 'JFK', hour: 3 }, { origin: 'nowhere', destination: 'JFK', hour: 23 }]
}

/** As they are posted; New York is at UTC−5, and a flight is known 45 minutes and distance / 7.2 minutes after departure. */
async function allFlights(): Promise<Flight[]> {
  const local = 'epoch_us(date) + 18000000000'
  const rows = await query(
    `SELECT id, delay, distance, origin, destination, ${local} AS us, ${local} + floor((distance / 7.2 + 45) * 60000000 + 0.5)::BIGINT AS known FROM ${FILE()} ORDER BY known`,
  )
  return rows.map(({ id, delay, distance, origin, destination, us, known }) => ({
    knownAtUs: Number(known),
    event: {
      id: Number(id),
      date: formatInstant(Number(us)),
      delay: Number(delay),
      distance: Number(distance),
      origin: String(origin),
      destination: String(destination),
    },
  }))
}

function nameOf({ origin, destination, hour }: Slot, atUs: number): string {
  return `${origin} ${destination} ${hour} ${atUs}`
}

function assertSame(vectors: ReadonlyMap<string, readonly number[]>, what: string): number {
  let compared = 0
  for (const { slot, atUs, answer } of asked) {
    const expected = vectors.get(nameOf(slot, atUs))
    if (expected === undefined) continue
    compared++
    assertVector(answer, expected, `${what} ${nameOf(slot, atUs)}`)
  }
  if (what === 'dataset') assert.equal(compared, asked.length)
  return compared
}

function assertVector({ value, explain }: Answer, expected: readonly number[], what: string): void {
  assert.deepEqual(value, expected, what)
  const features = Object.values(explain?.features ?? {}).map(each => each ?? MISSING)
  assert.deepEqual(features, expected, what)
}

/** The features of a dataset, and the release's values. */
async function datasetVectors() {
  const texts = [...new Set(asked.map(({ slot, atUs }) => `('${slot.origin}', '${slot.destination}', ${slot.hour}, ${atUs})`))]
  const moments = join(folder, 'moments.parquet')
  await query(
    `COPY (SELECT origin, destination, hour::BIGINT AS hour, make_timestamptz(us::BIGINT) AS at FROM (VALUES ${texts.join(', ')}) AS v(origin, destination, hour, us)) TO ${literal(moments)} (FORMAT parquet)`,
  )
  const file = join(folder, 'late.parquet')
  const late = app.prediction('late')
  const release = await releaseForLive(app.loaded, 'late', app.releases, app.store().catalog)
  const loaded = withTraining(app.loaded, late, moments)
  await buildDataset(await app.database(), loaded, { prediction: 'late', clock: 'as-served', file, release })
  const names = late.features.map(({ name }) => `coalesce("${name}", ${MISSING}) AS "${name}"`)
  const values = late.features.map((_, i) => `value_${i}`)
  const columns = [...names, ...values].join(', ')
  const rows = await query(`SELECT key_origin, key_destination, key_hour, epoch_us(as_of) AS us, ${columns} FROM ${literal(file)}`)
  const vectors = (of: readonly string[]) =>
    new Map(rows.map(row => [`${row.key_origin} ${row.key_destination} ${row.key_hour} ${row.us}`, of.map(name => row[name] as number)]))
  return { dataset: vectors(late.features.map(({ name }) => name)), backtest: vectors(values) }
}

function withTraining(loaded: LoadedProject, late: PredictionDefinition, file: string): LoadedProject {
  const moments = {
    type: 'events' as const,
    files: [file],
    columns: { origin: 'string', destination: 'string', hour: 'int64', at: 'timestamp' } as const,
    derive: {},
    time: 'at',
  }
  const training = {
    source: 'moments',
    asOf: { ref: 'row.at' },
    keys: { origin: 'origin', destination: 'destination', hour: 'hour' },
    inputs: {},
    label: { constant: true, kind: 'boolean' as const },
  }
  const definition = { sources: { ...loaded.definition.sources, moments }, predictions: { late: { ...late, training } } }
  return { ...loaded, definition }
}

async function compareBatch(atUs: number): Promise<void> {
  const { run } = await runBatch(await app.place(), { prediction: 'late', asOfUs: atUs, threads: 2, publish: 'never' })
  const stored = app.store().predictions.open(run)
  assert.ok(stored !== undefined)
  const vectors = asked.flatMap(({ slot, atUs: askedUs }) => {
    const text = askedUs === atUs ? stored.get(encodeKey(app.prediction('late').entity as KeyColumns, { ...slot })) : undefined
    return text === undefined ? [] : [[nameOf(slot, atUs), JSON.parse(text.toString()) as number[]] as const]
  })
  stored.close()
  assert.ok(assertSame(new Map(vectors), 'batch') > 0)
}

async function compareScan({ slot, atUs, answer: { value } }: Asked): Promise<void> {
  const parts = await app.scanningResolver('late').answer({ ...slot }, { prefer: 'live', asOfUs: atUs, explain: true })
  const answer = answerObject(parts)
  assert.equal(answer.source, 'live', JSON.stringify(answer.reason))
  assertVector(answer, value as number[], `scan ${nameOf(slot, atUs)}`)
}
