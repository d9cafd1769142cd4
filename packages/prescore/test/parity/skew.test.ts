/**
 * The classic skew between training and serving: the training set saw everything, the online store lagged by five minutes and
 * had dropped an event that came late, and a fraud passed. Here the same events go through the training set, live state and a
 * store of that kind.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { buildDataset } from '../../src/dataset/index.ts'
import { type Column, stringColumn } from '../../src/expressions/index.ts'
import type { ClockName } from '../../src/features/index.ts'
import { type LiveState, liveGroup, openLiveState, type PositionedChunk } from '../../src/online/index.ts'
import { Database, literal, writeParquet } from '../../src/parquet/index.ts'
import { defineProject, entity, events, type JoinDefinition, type LoadedProject, onnx, prediction } from '../../src/project/index.ts'
import { pinSource } from '../../src/sources/index.ts'
import {
  CARDS,
  DAY_US,
  EVENTS,
  EVERYTHING,
  type Figures,
  figuresOf,
  inStore,
  isStopped,
  LATE,
  MINUTE_US,
  NOW_US,
  STALE,
  THEN,
  type Transaction,
} from './skew-case.ts'

const transactions = events({
  files: 'transactions.parquet',
  columns: { id: 'int64', time: 'timestamp', received: 'timestamp', card: 'string', merchant: 'string', amount: 'float64' },
  id: 'id',
  time: 'time',
  arrival: r => r.received,
})
const decisions = events({ files: 'decisions.parquet', columns: { card: 'string', at: 'timestamp', fraud: 'boolean' }, time: 'at' })
const card = entity({ card: 'string' })
const ofCard = transactions.by(card).features(f => ({
  transactions: f.count({ over: '7d' }),
  average: f.mean('amount', { over: '7d' }),
  merchants: f.distinct('merchant', { over: '7d' }),
}))
const fraud = prediction({
  entity: card,
  join: s => ({ card: ofCard.at(s.key) }),
  features: s => s.join.card,
  model: onnx('none.onnx'),
  training: { rows: decisions, asOf: r => r.at, label: r => r.fraud },
  policy: { mode: 'live' },
})
const { definition } = defineProject({ sources: { transactions, decisions }, predictions: { fraud } })

let folder: string
let database: Database
let loaded: LoadedProject

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'prescore-skew-'))
  database = await Database.open({ threads: 1 })
  loaded = { definition, file: join(folder, 'prescore.config.ts'), folder }
  await write('transactions.parquet', EVENTS)
})
after(async () => {
  database.close()
  await rm(folder, { recursive: true, force: true })
})

test('a store that lags and drops what comes late lets a fraud pass', () => {
  const served = CARDS.map(card =>
    figuresOf(EVENTS.filter(inStore).filter(event => event.card === card && event.timeUs >= NOW_US - 7 * DAY_US)),
  )
  assert.deepEqual(served, STALE)
  assert.deepEqual(
    [EVERYTHING, served].map(all => all.map(isStopped)),
    [
      [false, false, true],
      [false, false, false],
    ],
  )
})

test('live state serves what is known, and counts the late event as soon as it arrives', async () => {
  const state = await openState(LATE.receivedUs - MINUTE_US)
  const rest = EVENTS.filter(({ receivedUs }) => receivedUs >= LATE.receivedUs - MINUTE_US)
  assert.deepEqual(read(state, LATE.receivedUs - 1), [[11, 86.4, 6], EVERYTHING[1], THEN[2]])
  assert.equal(rest[0]?.timeUs, LATE.timeUs)
  await state.live.apply('transactions', chunkOf(rest.slice(0, 1)))
  assert.deepEqual(read(state, LATE.receivedUs), [[11, 86.4, 6], ...EVERYTHING.slice(1)])
  await state.live.apply('transactions', chunkOf(rest.slice(1)))
  assert.deepEqual(read(state, NOW_US), EVERYTHING)
  assert.deepEqual(read(state, NOW_US).map(isStopped), [false, false, true])
  // As of the moment before, it is still not known.
  assert.deepEqual(read(state, LATE.receivedUs - 1)[2], THEN[2])
  await state.live.close()
})

test('a training set is as served, or corrected on request; the event that is the difference has a name', async () => {
  assert.deepEqual(await trained(NOW_US, 'as-served'), EVERYTHING)
  assert.deepEqual(await trained(NOW_US, 'corrected'), EVERYTHING)
  const beforeUs = LATE.receivedUs - 1
  const [served, corrected] = [await trained(beforeUs, 'as-served'), await trained(beforeUs, 'corrected')]
  assert.deepEqual([served[2], corrected[2]], [THEN[2], EVERYTHING[2]])
  assert.deepEqual(served.slice(0, 2), corrected.slice(0, 2))
  const late = EVENTS.filter(({ timeUs, receivedUs }) => timeUs < beforeUs && receivedUs > beforeUs)
  assert.deepEqual(
    late.map(({ card, amount }) => [card, amount]),
    [['C-5003', 30.3]],
  )
})

function chunkOf(events: readonly Transaction[]): PositionedChunk {
  const numbers = (of: (event: Transaction) => number) => Float64Array.from(events, of)
  const columns: [string, Column][] = [
    ['row.id', { type: { kind: 'int64' }, values: numbers(({ id }) => id) }],
    ['row.card', stringColumn(events.map(({ card }) => card))],
    ['row.merchant', stringColumn(events.map(({ merchant }) => merchant))],
    ['row.amount', { type: { kind: 'float64' }, values: numbers(({ amount }) => amount) }],
  ]
  const times = { timeUs: numbers(({ timeUs }) => timeUs), knownAtUs: numbers(({ receivedUs }) => receivedUs) }
  return { rows: events.length, columns: new Map(columns), ...times, positions: numbers(({ id }) => id) }
}

async function write(file: string, events: readonly Transaction[]): Promise<void> {
  const { columns, timeUs, knownAtUs, rows } = chunkOf(events)
  const named = new Map<string, Column>([...columns].map(([name, column]) => [name.slice('row.'.length), column]))
  named.set('time', { type: { kind: 'timestamp' }, values: timeUs }).set('received', { type: { kind: 'timestamp' }, values: knownAtUs })
  const kinds = Object.fromEntries([...named].map(([name, column]) => [name, column.type.kind]))
  await writeParquet(database, join(folder, file), kinds, [{ rows, columns: named }])
}

interface State {
  readonly live: LiveState
  readonly group: string
}

/** Filled from a history that ends then. */
async function openState(untilUs: number): Promise<State> {
  await write(
    'history.parquet',
    EVENTS.filter(({ receivedUs }) => receivedUs < untilUs),
  )
  const history = { ...transactions.definition, files: ['history.parquet'] }
  const source = { name: 'transactions', folder, definition: history }
  const group = liveGroup(source, definition.predictions.fraud?.joins.card as JoinDefinition)
  const live = openLiveState(join(folder, 'state'), [group], { clock: { nowUs: () => NOW_US } })
  await live.bootstrap(database, 'transactions', await pinSource(database, source), untilUs)
  return { live, group: group.name }
}

function read({ live, group }: State, asOfUs: number): Figures[] {
  return CARDS.map(card => live.read(group, { card }, asOfUs) as unknown as Figures)
}

/** The features of a training set that asks for all cards at a moment. */
async function trained(asOfUs: number, clock: ClockName): Promise<Figures[]> {
  const cards = CARDS.map(card => `('${card}', make_timestamptz(${asOfUs}), false)`).join(', ')
  const decisions = `SELECT * FROM (VALUES ${cards}) AS v(card, "at", fraud)`
  await database.query(`COPY (${decisions}) TO ${literal(join(folder, 'decisions.parquet'))} (FORMAT parquet)`, 'decisions')
  const file = join(folder, `fraud-${clock}.parquet`)
  await buildDataset(database, loaded, { prediction: 'fraud', clock, file })
  const rows = await database.query(`SELECT * FROM ${literal(file)} ORDER BY key_card`, 'dataset')
  return rows.map(({ transactions, average, merchants }) => [Number(transactions), Number(average), Number(merchants)])
}
