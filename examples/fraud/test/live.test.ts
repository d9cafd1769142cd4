/** Payments asked as they are made, of a server on a simulated clock that is fed as a bank is. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Database, literal } from '../../../packages/prescore/src/parquet/index.ts'
import { prescore, type Started, start, until } from '../../../packages/prescore/test/cli/process.ts'
import { prepare } from '../prepare.ts'

const PROJECT = join(import.meta.dirname, '..')
const NOON = '2025-06-30T12:00:00+02:00'
const ONE = '2025-06-30T13:00:00+02:00'
const TWO = '2025-06-30T14:00:00+02:00'

interface Payment {
  readonly card: string
  readonly merchant: string
  readonly amount: number
}

interface Answer {
  readonly value: number | null
  readonly source: string
  readonly degraded: boolean
  readonly reason?: { readonly code: string; readonly message: string }
  readonly explain?: { readonly features: Readonly<Record<string, number | null>> }
}

interface Asked {
  readonly payment: Payment
  /** ISO, UTC, with microseconds. */
  readonly asOf: string
  readonly answer: Answer
}

let state: string
let database: Database
let file: string
let server: Started
let url: string
const asked: Asked[] = []

before(async () => {
  ;({ file } = await prepare())
  database = await Database.open({ threads: 1 })
  state = await mkdtemp(join(tmpdir(), 'prescore-fraud-live-'))
  server = start(['serve', '--port', '0', '--now', NOON, ...place()])
  await until(() => server.printed.stderr.includes('answering fraud live') || server.child.exitCode !== null)
  url = /http:\/\/\S+:\d+/.exec(server.printed.stdout)?.[0] as string
})

after(async () => {
  server.child.kill('SIGKILL')
  await server.ended
  database.close()
  await rm(state, { recursive: true, force: true })
})

test('an hour of payments arrives', async () => {
  const { code, stdout } = await prescore(['replay', 'transactions', '--from', NOON, '--to', ONE, '--url', url, ...place()])
  const [row] = await database.query(
    `SELECT count(*) AS payments FROM ${literal(file)} WHERE received >= TIMESTAMPTZ '${NOON}' AND received < TIMESTAMPTZ '${ONE}'`,
    'payments',
  )
  assert.equal(code, 0, stdout)
  assert.match(stdout, new RegExp(`^${row?.payments} events of transactions: ${row?.payments} accepted`))
})

test('payments of that hour, each as of its own time', async () => {
  for (const { at, ...payment } of await paymentsOfTheHour()) {
    const asOf = at as string
    asked.push({ payment: payment as unknown as Payment, asOf, answer: await ask(payment as unknown as Payment, asOf) })
  }
  assert.equal(asked.length, 60)
  assert.deepEqual(new Set(asked.map(({ answer: { source, degraded } }) => `${source} ${degraded}`)), new Set(['live false']))
})

test('its own event is not in its windows, posted after the question or before it', async () => {
  const first = { card: 'C-99001', merchant: 'M-9001', amount: 40 }
  const at = await moveTo('11:01:00.000000')
  const before = await ask(first, at)
  await append(9_000_001, first, at)
  const after = await ask(first, at)
  assert.deepEqual(after.explain, before.explain)
  assert.deepEqual([after.value, after.source], [before.value, 'live'])
  const second = { ...first, card: 'C-99002' }
  await append(9_000_002, second, at)
  const { explain } = await ask(second, at)
  assert.deepEqual([explain?.features.payments_15m, explain?.features.merchantPayments_1h], [0, 0])
  asked.push({ payment: first, asOf: at, answer: after })
})

test('quick payments of the same card move the answer', async () => {
  const payment = { card: 'C-99003', merchant: 'M-9002', amount: 90 }
  const answers: Asked[] = []
  for (let minute = 3; minute < 9; minute++) {
    const asOf = await moveTo(`11:0${minute}:00.000000`)
    answers.push({ payment, asOf, answer: await ask(payment, asOf) })
    await append(9_000_000 + minute, payment, asOf)
  }
  assert.deepEqual(
    answers.map(({ answer }) => answer.explain?.features.payments_15m),
    [0, 1, 2, 3, 4, 5],
  )
  const values = answers.map(({ answer }) => answer.value as number)
  assert.ok((values[5] as number) > 2 * (values[0] as number), values.join(' '))
  asked.push(...answers)
})

test('a payment without its merchant: the default, and why', async () => {
  const { value, source, degraded, reason } = await post({ inputs: { card: 'C-99003', amount: 90 } })
  assert.deepEqual([value, source, degraded], [null, 'default', true])
  assert.deepEqual(reason, { code: 'missing_input', message: 'no score: let the rules decide' })
})

test('what was answered live has the bits of the training set', async () => {
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
  const out = join(state, 'fraud.parquet')
  const { code, stderr } = await prescore(['dataset', 'fraud', '--from', NOON, '--until', TWO, '--out', out, ...place()])
  assert.equal(code, 0, stderr)
  const rows = await database.query(`SELECT *, ${text('as_of')} AS at FROM ${literal(out)}`, 'dataset')
  const found = new Map(rows.map(row => [`${row.input_card} ${row.input_merchant} ${row.at}`, row]))
  for (const { payment, asOf, answer } of asked) {
    const row = found.get(`${payment.card} ${payment.merchant} ${asOf}`)
    assert.ok(row !== undefined, `${payment.card} ${asOf}`)
    const features = answer.explain?.features as Readonly<Record<string, number | null>>
    assert.deepEqual(Object.fromEntries(Object.keys(features).map(name => [name, row[name]])), features, `${payment.card} ${asOf}`)
  }
  assert.equal(asked.length, 67)
})

function place(): string[] {
  return ['--project', PROJECT, '--state', state]
}

async function send(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return await response.json()
}

/** The machine may be busy. */
async function post(body: object): Promise<Answer> {
  return (await send('/api/predictions/fraud/answers', { ...body, deadlineMs: 60_000 })) as Answer
}

function ask(payment: Payment, asOf: string): Promise<Answer> {
  return post({ inputs: { ...payment }, asOf, explain: true })
}

/** @param time of 30 June, UTC */
async function moveTo(time: string): Promise<string> {
  const now = `2025-06-30T${time}Z`
  await send('/api/clock', { now })
  return now
}

async function append(id: number, payment: Payment, time: string): Promise<void> {
  const sent = await send('/api/sources/transactions/events', [{ id, time, received: time, ...payment, fraud: false }])
  assert.deepEqual((sent as { accepted: number }).accepted, 1, JSON.stringify(sent))
}

function text(column: string): string {
  return `strftime(${column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')`
}

/** Some of them, such as have a history of the card within minutes among them. */
function paymentsOfTheHour(): Promise<Record<string, unknown>[]> {
  const sql = `SELECT card, merchant, amount, ${text('time')} AS at FROM ${literal(file)}
    WHERE time >= TIMESTAMPTZ '2025-06-30T12:05:00+02:00' AND time < TIMESTAMPTZ '2025-06-30T12:55:00+02:00'
    ORDER BY hash(id) LIMIT 60`
  return database.query(sql, 'payments')
}
