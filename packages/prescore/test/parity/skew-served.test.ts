/**
 * The page about the classic skew, and what it tells: a server is asked before and after the late event, training sets are made,
 * answers are audited, and each number of `docs/skew.md` is the one that comes out.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App } from '../../src/app.ts'
import { explainFeatures } from '../../src/audit/index.ts'
import { formatInstant } from '../../src/base/index.ts'
import { auditText } from '../../src/cli/audit-text.ts'
import { explainedText } from '../../src/cli/explained-text.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import { answerObject } from '../../src/resolve/index.ts'
import { audited, tamper } from '../audit/house.ts'
import { StandingClock } from '../log/place.ts'
import { CARDS, EVENTS, EVERYTHING, type Figures, isStopped, LATE, NOW_US, STALE, type Transaction } from './skew-case.ts'

const PAGE = readFileSync(join(import.meta.dirname, '../../../../docs/skew.md'), 'utf8')
/** Before the late event was known. */
const BEFORE_US = LATE.receivedUs - 1
const CONFIG = `import { defineProject, entity, events, func, prediction } from 'prescore'

const transactions = events({
  files: 'transactions.json',
  columns: { id: 'int64', time: 'timestamp', received: 'timestamp', card: 'string', merchant: 'string', amount: 'float64' },
  id: 'id',
  time: 'time',
  arrival: r => r.received,
})
const decisions = events({ files: 'decisions.json', columns: { card: 'string', at: 'timestamp', fraud: 'boolean' }, time: 'at' })
const card = entity({ card: 'string' })
const ofCard = transactions.by(card).features(f => ({
  transactions: f.count({ over: '7d' }),
  average: f.mean('amount', { over: '7d' }),
  merchants: f.distinct('merchant', { over: '7d' }),
}))

export default defineProject({
  sources: { transactions, decisions },
  monitor: { audit: { sample: 1 } },
  predictions: {
    fraud: prediction({
      entity: card,
      join: s => ({ card: ofCard.at(s.key) }),
      features: s => s.join.card,
      model: func({ run: f => (f.transactions! >= 8 && f.merchants! >= 5 && f.average! < 50 ? 1 : 0) }),
      training: { rows: decisions, asOf: r => r.at, label: r => r.fraud },
      policy: { mode: 'live' },
    }),
  },
})
`

let folder: string
/** Live, by when it was asked. */
let early: readonly Figures[]
let atNoon: readonly Figures[]
const values: number[] = []

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prescore-skew-'))
  writeFileSync(join(folder, 'prescore.config.ts'), CONFIG)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/prescore'))
  writeFileSync(join(folder, 'transactions.json'), JSON.stringify(EVENTS.map(posted)))
  const at = [BEFORE_US, NOW_US].flatMap(us => CARDS.map(card => ({ card, at: formatInstant(us), fraud: false })))
  writeFileSync(join(folder, 'decisions.json'), JSON.stringify(at))
  await serve()
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** Files end before 11:50; what was received since is posted when it was received. */
async function serve(): Promise<void> {
  const clock = new StandingClock(BEFORE_US)
  const app = await App.open({ project: folder, clock, threads: 1 })
  try {
    const live = await app.startLive({ untilUs: BEFORE_US })
    await live.settled
    early = await ask(app)
    for (const event of EVENTS.filter(({ receivedUs }) => receivedUs >= BEFORE_US)) {
      clock.us = event.receivedUs
      assert.equal((await app.log('transactions').append([posted(event)])).accepted, 1)
    }
    await live.catchUp('transactions')
    clock.us = NOW_US
    atNoon = await ask(app)
  } finally {
    await app.close()
  }
}

async function ask(app: App): Promise<Figures[]> {
  const all: Figures[] = []
  for (const card of CARDS) {
    const { explain, value, source } = answerObject(await app.resolver('fraud').answer({ card }, { explain: true }))
    assert.equal(source, 'live')
    values.push(value as number)
    all.push(Object.values(explain?.features ?? {}) as unknown as Figures)
  }
  return all
}

function posted({ timeUs, receivedUs, ...event }: Transaction) {
  return { ...event, time: formatInstant(timeUs), received: formatInstant(receivedUs) }
}

const textOf = ([transactions, average, merchants]: Figures) => `${transactions} / ${average.toFixed(2)} / ${merchants}`

/** The cells of the page's table whose first row is this. */
function tableOf(...head: readonly string[]): string[][] {
  const lines = PAGE.split('\n')
  const from = lines.indexOf(`| ${head.join(' | ')} |`)
  assert.ok(from >= 0, `no table with ${head.join(', ')}`)
  const rows = lines.slice(from + 2)
  return rows
    .slice(
      0,
      rows.findIndex(line => !line.startsWith('|')),
    )
    .map(line =>
      line
        .split('|')
        .slice(1, -1)
        .map(cell => cell.trim()),
    )
}

test('the case as it was: what training saw, what the store served', () => {
  assert.deepEqual(
    tableOf('card', 'training set', 'such a store'),
    CARDS.map((card, i) => [card, textOf(EVERYTHING[i]!), textOf(STALE[i]!)]),
  )
  assert.deepEqual(
    [EVERYTHING.map(isStopped), STALE.map(isStopped)],
    [
      [false, false, true],
      [false, false, false],
    ],
  )
})

test('live: what was known, and the late event as soon as it came; the fraud is stopped', () => {
  assert.deepEqual(
    tableOf('card', 'live, before 11:50', 'live, noon'),
    CARDS.map((card, i) => [card, textOf(early[i]!), textOf(atNoon[i]!)]),
  )
  assert.deepEqual([atNoon, values], [EVERYTHING, [0, 0, 0, 0, 0, 1]])
})

test('training sets: as served is what was served, corrected is what is known today', async () => {
  const rows = { 'as-served': await trained('as-served'), corrected: await trained('corrected') }
  assert.deepEqual(rows['as-served'], [...early, ...atNoon])
  assert.deepEqual(
    tableOf('C-5003', 'as served', 'corrected'),
    ['before 11:50', 'noon'].map((at, i) => [`as of ${at}`, textOf(rows['as-served'][2 + 3 * i]!), textOf(rows.corrected[2 + 3 * i]!)]),
  )
})

test('the audit names the event that explains the difference, and the store of the case would not have passed it', async () => {
  const late = EVENTS.find(({ timeUs }) => timeUs === LATE.timeUs)
  const report = await audited(folder)
  assert.deepEqual(
    report.predictions[0]?.lateEvents.map(({ id }) => id),
    [late?.id],
  )
  assert.ok(PAGE.includes(`\n${auditText(report)}\n`), auditText(report))
  assert.ok(PAGE.includes(await explained()), await explained())
  const features = (all: Figures) => Buffer.from(Float64Array.from(all).buffer).toString('base64')
  tamper(folder, text => CARDS.reduce((changed, _, i) => changed.replaceAll(features(atNoon[i]!), features(STALE[i]!)), text))
  const audit = (await audited(folder)).predictions[0]
  assert.deepEqual([audit?.defects, audit?.defective.map(({ key }) => key?.card)], [2, ['C-5001', 'C-5003']])
})

/** The line of C-5003's transactions as of then. */
async function explained(): Promise<string> {
  const app = await App.open({ project: folder, clock: new StandingClock(NOW_US), threads: 1 })
  try {
    const request = { key: { card: 'C-5003' }, inputs: {}, asOfUs: BEFORE_US, eventsMax: 10 }
    const told = explainedText(await explainFeatures(await app.database(), app.loaded, await app.liveRelease('fraud'), request))
    return told.split('\n').find(line => line.startsWith('  transactions = ')) ?? told
  } finally {
    await app.close()
  }
}

async function trained(clock: 'as-served' | 'corrected'): Promise<Figures[]> {
  const app = await App.open({ project: folder, clock: new StandingClock(NOW_US), threads: 1 })
  const database = await Database.open({ threads: 1 })
  try {
    const file = join(folder, `${clock}.parquet`)
    await buildDataset(await app.database(), app.loaded, { prediction: 'fraud', clock, file })
    const rows = await database.query(`SELECT * FROM ${literal(file)} ORDER BY as_of, key_card`, 'dataset')
    return rows.map(({ transactions, average, merchants }) => [Number(transactions), Number(average), Number(merchants)])
  } finally {
    database.close()
    await app.close()
  }
}
