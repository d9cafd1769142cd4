/**
 * The parity law on real flights: a batch and a dataset of the same (key, as-of) rows hold the same bits, and both are what
 * the definition says. The model echoes its input, so what is looked up in the store is the feature vector itself.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { prepare } from '../../../../examples/flights/prepare.ts'
import { runBatch } from '../../src/batch/index.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import {
  encodeKey,
  type JoinDefinition,
  type KeyColumns,
  type LoadedProject,
  loadProject,
  type PredictionDefinition,
} from '../../src/project/index.ts'
import { loadRelease } from '../../src/release/index.ts'
import { openStore, type Store } from '../../src/stores/index.ts'
import { type NaiveEvent, type NaiveFeature, naiveFeature } from '../features/naive.ts'

const AS_OF_US = Date.parse('2001-03-10T08:00:00Z') * 1000
const MISSING = -1e300
const example = join(import.meta.dirname, '../../../../examples/flights')

let folder: string
let database: Database
let store: Store
let loaded: LoadedProject
/** The release of the batch. */
let released: string
let batch: ReadonlyMap<string, readonly number[]>
let dataset: ReadonlyMap<string, readonly number[]>
/** What the release's model gave for the rows of the dataset. */
let backtest: ReadonlyMap<string, readonly number[]>
let late: PredictionDefinition

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prescore-parity-'))
  database = await Database.open({ threads: 2 })
  store = openStore(join(folder, 'store'))
  loaded = await echoingProject()
  late = loaded.definition.predictions.late as PredictionDefinition
  batch = await batchVectors()
  ;({ dataset, backtest } = await datasetVectors())
})

after(async () => {
  database.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

test('a batch and a dataset of the same rows hold the same bits', () => assertSame(dataset))
test('the values of a backtest are the answers of the batch', () => assertSame(backtest))

function assertSame(vectors: ReadonlyMap<string, readonly number[]>): void {
  assert.ok(batch.size >= 10_000, `${batch.size} rows`)
  assert.equal(vectors.size, batch.size)
  let different = 0
  for (const [key, vector] of batch) {
    const other = vectors.get(key)
    assert.ok(other !== undefined, key)
    if (!vector.every((value, i) => Object.is(value, other[i]))) different++
  }
  assert.equal(different, 0)
}

test('both are what the definition says, computed naively from the raw events', async () => {
  for (const [name, join] of Object.entries(late.joins)) await compareJoin(name, join)
})

/** The flights example with a model that echoes its features, and with the batch's own rows as training rows. */
async function echoingProject(): Promise<LoadedProject> {
  const { file } = await prepare()
  const { definition, ...rest } = await loadProject(example)
  const { flights } = definition.sources
  const { late } = definition.predictions
  assert.ok(flights !== undefined && late !== undefined)
  const moments = {
    type: 'events' as const,
    files: [join(folder, 'moments.parquet')],
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
  const model = { runtime: 'onnx' as const, file: join(import.meta.dirname, 'echo.onnx'), output: 'echo' }
  return {
    ...rest,
    definition: {
      sources: { flights: { ...flights, files: [file] }, moments },
      predictions: { late: { ...late, model, training, gates: { coverage: 1 } } },
    },
  }
}

async function batchVectors(): Promise<ReadonlyMap<string, readonly number[]>> {
  const place = { loaded, database, store, releases: join(folder, 'releases'), runs: join(folder, 'runs') }
  const { run, report } = await runBatch(place, { prediction: 'late', asOfUs: AS_OF_US, threads: 2, shards: 3, publish: 'gated' })
  assert.equal(report.ok, report.rows)
  released = store.catalog.getRun(run).release
  const stored = store.predictions.open(run)
  assert.ok(stored !== undefined)
  const vectors = new Map<string, readonly number[]>()
  for (const { origin, destination, hour } of await slots()) {
    const bytes = encodeKey(late.entity as KeyColumns, { origin, destination, hour })
    const text = stored.get(bytes)
    assert.ok(text !== undefined, `${origin} ${destination} ${hour}`)
    vectors.set(`${origin} ${destination} ${hour}`, JSON.parse(text.toString()))
  }
  assert.equal(vectors.size, stored.count())
  stored.close()
  return vectors
}

interface Slot {
  readonly origin: string
  readonly destination: string
  readonly hour: number
}

/** The population, straight from the data: slots of flights of the 28 days before that had landed by then. */
async function slots(): Promise<readonly Slot[]> {
  const rows = await database.query(
    `SELECT DISTINCT origin, destination, hour(date) AS hour FROM ${flightsFile()} WHERE ${knownWithin(28)}`,
    'flights',
  )
  return rows.map(({ origin, destination, hour }) => ({ origin: String(origin), destination: String(destination), hour: Number(hour) }))
}

/** New York is at UTC−5 until April; events are known 45 minutes and distance / 7.2 minutes after departure. */
const LOCAL = 'epoch_us(date) + 18000000000'
const KNOWN = `${LOCAL} + floor((distance / 7.2 + 45) * 60000000 + 0.5)::BIGINT`
const knownWithin = (days: number) =>
  `${LOCAL} < ${AS_OF_US} AND ${LOCAL} >= ${AS_OF_US} - ${days} * 86400000000 AND ${KNOWN} <= ${AS_OF_US}`
const flightsFile = () => literal(loaded.definition.sources.flights?.files[0] as string)

/** On threads, and with memory for a fraction of the rows and events at a time. */
async function datasetVectors() {
  const slotTexts = (await slots()).map(({ origin, destination, hour }) => `('${origin}', '${destination}', ${hour})`)
  await database.query(
    `COPY (SELECT origin, destination, hour::BIGINT AS hour, to_timestamp(${AS_OF_US / 1e6}) AS at FROM (VALUES ${slotTexts.join(', ')}) AS v(origin, destination, hour)) TO ${literal(join(folder, 'moments.parquet'))} (FORMAT parquet)`,
    'moments',
  )
  const file = join(folder, 'late.parquet')
  const release = await loadRelease(join(folder, 'releases'), released)
  await buildDataset(database, loaded, { prediction: 'late', clock: 'as-served', file, release, threads: 2, memoryMb: 128 })
  const names = late.features.map(({ name }) => `coalesce("${name}", ${MISSING}) AS "${name}"`)
  const values = late.features.map((_, i) => `value_${i}`)
  const columns = ['key_origin', 'key_destination', 'key_hour', ...names, ...values]
  const rows = await database.query(`SELECT ${columns.join(', ')} FROM ${literal(file)}`, 'dataset')
  const vectors = (of: readonly string[]) =>
    new Map(rows.map(row => [`${row.key_origin} ${row.key_destination} ${row.key_hour}`, of.map(name => row[name] as number)]))
  return { dataset: vectors(late.features.map(({ name }) => name)), backtest: vectors(values) }
}

async function compareJoin(name: string, join: JoinDefinition): Promise<void> {
  const keyColumns = Object.values(join.by)
  const events = await eventsByKey(keyColumns)
  const columns = late.features.map(({ expression }) => ('ref' in expression ? expression.ref : ''))
  const compared = new Set<string>()
  for (const [slot, vector] of batch) {
    const [origin, destination] = slot.split(' ')
    const key = name === 'airport' ? (origin as string) : `${origin} ${destination}`
    if (compared.has(key)) continue
    compared.add(key)
    for (const [feature, definition] of Object.entries(join.features)) {
      const expected = naiveFeature(naive(definition), events.get(key) ?? [], { key: 0, asOfUs: AS_OF_US }, 'as-served')
      const seconds = definition.aggregate === 'timeSinceLast' && typeof expected === 'number' ? expected / 1e6 : expected
      assert.ok(
        Object.is(vector[columns.indexOf(`join.${name}.${feature}`)], seconds ?? MISSING),
        `${key} ${feature}: ${vector[columns.indexOf(`join.${name}.${feature}`)]}, naively ${seconds}`,
      )
    }
  }
  assert.ok(compared.size > 100, `${compared.size} keys`)
}

/** The aggregates of the example read a column, or ask whether the delay is above 15. */
function naive({ value, where: _, ...definition }: JoinDefinition['features'][string]): NaiveFeature {
  if (value === undefined) return definition
  return { ...definition, value: 'ref' in value ? value.ref.slice('row.'.length) : 'late' }
}

async function eventsByKey(keyColumns: readonly string[]): Promise<ReadonlyMap<string, readonly NaiveEvent[]>> {
  const sql = `SELECT ${keyColumns.join(` || ' ' || `)} AS key, ${LOCAL} AS time_us, ${KNOWN} AS known_us, id, delay, distance FROM ${flightsFile()} WHERE ${LOCAL} < ${AS_OF_US} AND ${LOCAL} >= ${AS_OF_US} - 28 * 86400000000`
  const events = new Map<string, NaiveEvent[]>()
  for (const row of await database.query(sql, 'flights')) {
    const delay = Number(row.delay)
    const event = {
      key: 0,
      timeUs: Number(row.time_us),
      knownAtUs: Number(row.known_us),
      tie: Number(row.id),
      row: { delay, distance: Number(row.distance), late: delay > 15 ? 1 : 0 },
    }
    const known = events.get(row.key as string)
    if (known === undefined) events.set(row.key as string, [event])
    else known.push(event)
  }
  return events
}
