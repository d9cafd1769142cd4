/**
 * The parity law on card payments, late ones among them: a training set as served, live state that is fed as the bank was,
 * and the naive definition hold the same bits.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { prepare } from '../../../../examples/fraud/prepare.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import { type Column, stringColumn } from '../../src/expressions/index.ts'
import { type LiveGroup, type LiveValue, liveGroup, openLiveState, type PositionedChunk } from '../../src/online/index.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import {
  type AggregationDefinition,
  checkProject,
  type JoinDefinition,
  type LoadedProject,
  loadProject,
  type PredictionDefinition,
  type SourceDefinition,
} from '../../src/project/index.ts'
import { featureHash } from '../../src/release/index.ts'
import { pinSource } from '../../src/sources/index.ts'
import { type NaiveEvent, type NaiveFeature, naiveFeature } from '../features/naive.ts'
import { naiveCalendar } from '../features/naive-calendar.ts'

const HOUR_US = 3600e6
/** An hour before midnight in Paris, until noon of the day after. */
const FROM_US = Date.parse('2025-06-23T21:00:00Z') * 1000
const UNTIL_US = FROM_US + 13 * HOUR_US
const GROUPS = ['card', 'merchant'] as const
type GroupName = (typeof GROUPS)[number]

interface Payment {
  readonly id: number
  readonly timeUs: number
  readonly receivedUs: number
  readonly card: string
  readonly merchant: string
  readonly amount: number
}

let folder: string
let database: Database
let loaded: LoadedProject
let fraud: PredictionDefinition
let source: SourceDefinition
let payments: readonly Payment[]
/** Features of the groups by payment, in the order of the prediction's features. */
let dataset: ReadonlyMap<string, Readonly<Record<string, number | undefined>>>

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prescore-fraud-'))
  database = await Database.open({ threads: 2 })
  const { file } = await prepare()
  loaded = await loadProject(join(import.meta.dirname, '../../../../examples/fraud'))
  fraud = loaded.definition.predictions.fraud as PredictionDefinition
  source = loaded.definition.sources.transactions as SourceDefinition
  payments = await paymentsIn(file)
  dataset = await rowsOfDataset()
})

after(async () => {
  database.close()
  await rm(folder, { recursive: true, force: true })
})

test('the example has no problems, and its features are those that its model was trained on', async () => {
  const problems = checkProject(loaded.definition).filter(({ severity }) => severity === 'error')
  assert.deepEqual(problems, [])
  const expected = (await import('../../../../examples/fraud/models/fraud.expected.json', { with: { type: 'json' } })).default
  assert.deepEqual(
    fraud.features.map(({ name }) => name),
    expected.features,
  )
  assert.equal(featureHash(loaded.definition, fraud), expected.feature_hash)
})

test('a training set is what the definition says', () => {
  const calendar = naiveCalendar('Europe/Paris', FROM_US - HOUR_US, UNTIL_US)
  const asked = paymentsToAsk().filter((_, i) => i % 8 === 0)
  assert.ok(asked.length > 150, `${asked.length} payments`)
  for (const name of GROUPS) {
    const byKey = Map.groupBy(payments, payment => payment[name])
    for (const payment of asked) {
      const events = (byKey.get(payment[name]) ?? []).map(eventOf)
      for (const [feature, definition] of Object.entries(joinOf(name).features)) {
        const expected = naiveFeature(naive(definition), events, { key: 0, asOfUs: payment.timeUs }, 'as-served', calendar)
        const found = dataset.get(nameOf(payment))?.[feature]
        assert.ok(
          Object.is(found, inModelUnits(definition, expected)),
          `${feature} of payment ${payment.id}: ${found}, naively ${expected}`,
        )
      }
    }
  }
})

test('live state, fed as the bank was, gives the same bits', async () => {
  const groups = await openGroups()
  let fed = payments.findIndex(({ receivedUs }) => receivedUs >= FROM_US)
  let late = 0
  for (const payment of paymentsToAsk()) {
    const from = fed
    while (payments[fed] !== undefined && (payments[fed] as Payment).receivedUs <= payment.timeUs) fed++
    const arrived = payments.slice(from, fed)
    late += arrived.filter(({ timeUs, receivedUs }) => receivedUs - timeUs > HOUR_US).length
    await groups.state.apply('transactions', chunkOf(arrived), fed)
    for (const name of GROUPS) {
      const features = Object.entries(joinOf(name).features)
      const found = groups.read(name, payment)
      features.forEach(([feature, definition], i) => {
        const [live, trained] = [inModelUnits(definition, found[i]), dataset.get(nameOf(payment))?.[feature]]
        assert.ok(Object.is(live, trained), `${feature} of payment ${payment.id}: live ${live}, in the training set ${trained}`)
      })
    }
  }
  assert.ok(late > 20, `${late} late payments`)
  await groups.state.close()
})

/** The payments of the while that is looked at, in the order in which they are made. */
function paymentsToAsk(): Payment[] {
  return payments.filter(({ timeUs }) => timeUs >= FROM_US && timeUs < UNTIL_US).sort((a, b) => a.timeUs - b.timeUs)
}

function joinOf(name: GroupName): JoinDefinition {
  return fraud.joins[name] as JoinDefinition
}

function nameOf({ card, timeUs }: Pick<Payment, 'card' | 'timeUs'>): string {
  return `${card} ${timeUs}`
}

/** In the order in which they were received. */
async function paymentsIn(file: string): Promise<Payment[]> {
  const sql = `SELECT id, epoch_us(time) AS time, epoch_us(received) AS received, card, merchant, amount FROM ${literal(file)} ORDER BY id`
  const rows = await database.query(sql, 'payments')
  return rows.map(({ id, time, received, card, merchant, amount }) => ({
    id: Number(id),
    timeUs: Number(time),
    receivedUs: Number(received),
    card: String(card),
    merchant: String(merchant),
    amount: Number(amount),
  }))
}

async function rowsOfDataset(): Promise<ReadonlyMap<string, Readonly<Record<string, number | undefined>>>> {
  const file = join(folder, 'fraud.parquet')
  await buildDataset(database, loaded, { prediction: 'fraud', clock: 'as-served', file, fromUs: FROM_US, untilUs: UNTIL_US })
  const rows = await database.query(`SELECT *, epoch_us(as_of) AS as_of_us FROM ${literal(file)}`, 'dataset')
  return new Map(
    rows.map(({ input_card, as_of_us, ...row }) => {
      const features = fraud.features.map(({ name }) => [name, row[name] === null ? undefined : Number(row[name])] as const)
      return [nameOf({ card: String(input_card), timeUs: Number(as_of_us) }), Object.fromEntries(features)]
    }),
  )
}

/** Live state that knows what the bank knew, and a way to read it. */
async function openGroups() {
  mkdirSync(join(folder, 'data'))
  const known = `SELECT * FROM ${literal(join(loaded.folder, 'data/transactions.parquet'))} WHERE epoch_us(received) < ${FROM_US}`
  await database.query(`COPY (${known}) TO ${literal(join(folder, 'data/transactions.parquet'))} (FORMAT parquet)`, 'history')
  const at = { name: 'transactions', folder, definition: source }
  const groups = GROUPS.map(name => liveGroup(at, joinOf(name)))
  const state = openLiveState(join(folder, 'state'), groups, { clock: { nowUs: () => UNTIL_US } })
  await state.bootstrap(database, 'transactions', await pinSource(database, at), FROM_US)
  // The log goes on after what the history holds.
  const first = payments.findIndex(({ receivedUs }) => receivedUs >= FROM_US)
  await state.apply('transactions', chunkOf([]), first)
  const read = (name: GroupName, payment: Payment): readonly LiveValue[] =>
    state.read((groups[GROUPS.indexOf(name)] as LiveGroup).name, { [name]: payment[name] }, payment.timeUs)
  return { state, read }
}

/** As a log would give them, under their ids as positions. */
function chunkOf(some: readonly Payment[]): PositionedChunk {
  const numbers = (of: (payment: Payment) => number) => Float64Array.from(some, of)
  const columns: [string, Column][] = [
    ['row.id', { type: { kind: 'int64' }, values: numbers(({ id }) => id) }],
    ['row.card', stringColumn(some.map(({ card }) => card))],
    ['row.merchant', stringColumn(some.map(({ merchant }) => merchant))],
    ['row.amount', { type: { kind: 'float64' }, values: numbers(({ amount }) => amount) }],
  ]
  return {
    rows: some.length,
    columns: new Map(columns),
    timeUs: numbers(({ timeUs }) => timeUs),
    knownAtUs: numbers(({ receivedUs }) => receivedUs),
    positions: numbers(({ id }) => id),
  }
}

function eventOf({ timeUs, receivedUs, card, merchant, amount }: Payment): NaiveEvent {
  return { key: 0, timeUs, knownAtUs: receivedUs, row: { card, merchant, amount } }
}

function naive({ value, where: _, ...definition }: AggregationDefinition): NaiveFeature {
  return value !== undefined && 'ref' in value ? { ...definition, value: value.ref.slice('row.'.length) } : definition
}

/** Durations are seconds; missing is undefined. */
function inModelUnits({ aggregate }: AggregationDefinition, value: LiveValue): number | undefined {
  if (value === undefined || Number.isNaN(value)) return undefined
  return aggregate === 'timeSinceLast' ? (value as number) / 1e6 : (value as number)
}
