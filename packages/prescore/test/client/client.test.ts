/** The client against the real server: every route, keys to the last digit, errors with the server's words. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Answer, type Client, ClientError, createClient } from '../../src/client/index.ts'
import { events } from '../../src/project/index.ts'
import { Resolver, type Answer as ServerAnswer } from '../../src/resolve/index.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { type EventLog, openEventLog } from '../../src/sources/index.ts'
import { CLOCK, CUSTOMER, furnished, predictionOf } from '../server/house.ts'

const orders = events({ files: 'orders.csv', columns: { id: 'int64', at: 'timestamp' }, zone: 'UTC', id: 'id', time: 'at' })
let folder: string
let log: EventLog
let server: Server
let client: Client

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prescore-client-'))
  log = openEventLog(folder, 'orders', orders.definition)
  const { store } = await furnished()
  const predictions = [
    predictionOf('late', { origin: 'string', destination: 'string', hour: 'int64' }, { maxAgeUs: 86_400_000_000 }),
    predictionOf('score', CUSTOMER),
    predictionOf('balance', { account: 'int64' }),
    predictionOf('empty', CUSTOMER),
    predictionOf('odd', { prefer: 'string' }, { default: { value: null } }),
  ]
  const resolvers = predictions.map(prediction => new Resolver({ prediction, store, clock: CLOCK }))
  server = createServer({ resolvers, catalog: store.catalog, logOf: () => log, port: 0 })
  client = createClient({ url: `${(await server.start()).url}/` })
})

after(async () => {
  await server.stop()
  await log.close()
  rmSync(folder, { recursive: true })
})

/** What the resolver answers is what the client's type says: compiled, never run. */
export const fits = (answer: ServerAnswer): Answer => answer

async function failed(action: Promise<unknown>): Promise<ClientError> {
  const error = await action.then(
    () => undefined,
    thrown => thrown,
  )
  assert.ok(error instanceof ClientError, String(error))
  return error
}

test('one answer, as the server gives it', async () => {
  const key = { origin: 'JFK', destination: 'LAX', hour: 18 }
  const answer = await client.answer('late', key)
  assert.deepEqual(
    { ...answer },
    {
      prediction: 'late',
      key,
      value: 0.31,
      source: 'store',
      computedBy: 'batch',
      asOf: '2001-06-15T03:00:00.000000Z',
      ageSeconds: 5400,
      dataThrough: '2001-06-15T02:58:00.000000Z',
      release: answer.release,
      run: 'b81d',
      degraded: false,
    },
  )
})

test('options reach the server', async () => {
  const { degraded, source, reason } = await client.answer(
    'late',
    { origin: 'JFK', destination: 'LAX', hour: 18 },
    { maxAgeSeconds: 60, deadlineMs: 500, prefer: 'store' },
  )
  assert.deepEqual([degraded, source, reason?.code], [true, 'stale', 'stale'])
})

test('keys of any text and any int64 are asked for and come back', async () => {
  for (const [customer, value] of [
    ['', 2],
    ['a/b?c#d%', 3],
    ['Zoë 🚀', 4],
    ['1', 5],
  ] as const) {
    const answer = await client.answer('score', { customer })
    assert.deepEqual([answer.key, answer.value], [{ customer }, value])
  }
  for (const [account, value] of [
    [7, 7],
    [9007199254740993n, 93],
    [-(2n ** 63n), 63],
  ] as const) {
    assert.deepEqual((await client.answer('balance', { account })).key, { account })
    const [answer] = await client.answers('balance', [{ key: { account } }])
    assert.ok(answer !== undefined && 'value' in answer)
    assert.deepEqual([answer.key, answer.value], [{ account }, value])
  }
})

test('a key column that is called like an option is the column', async () => {
  const answer = await client.answer('odd', { prefer: 'live' }, { prefer: 'store' })
  assert.deepEqual([answer.key, answer.value, answer.source], [{ prefer: 'live' }, null, 'default'])
})

test('many answers, each on its own', async () => {
  const answers = await client.answers('score', [
    { key: { customer: 'ann' } },
    { key: { customer: 'nobody' } },
    { key: { customer: '1' }, maxAgeSeconds: 1 },
  ])
  assert.deepEqual(
    answers.map(each => ('error' in each ? each.error.code : each.value)),
    [1, 'unknown_key', 5],
  )
})

test("refusals carry the server's code, status and remedy", async () => {
  const unknown = await failed(client.answer('late', { origin: 'JFK', destination: 'nowhere', hour: 1 }))
  assert.deepEqual([unknown.code, unknown.status, unknown.retryable], ['unknown_key', 404, false])
  assert.match(unknown.fix ?? '', /population/)
  assert.equal((await failed(client.answer('nope', {}))).code, 'unknown_prediction')
  assert.equal((await failed(client.answer('balance', { account: 'x' }))).code, 'invalid_key')
  assert.equal((await failed(client.run('none'))).code, 'run_not_found')
})

test('what says to come again later than the time that is left fails at once', async () => {
  const startedMs = Date.now()
  const error = await failed(client.answer('empty', { customer: 'ann' }, { timeoutMs: 3_000 }))
  assert.deepEqual([error.code, error.status, error.retryable], ['nothing_published', 503, true])
  assert.ok(Date.now() - startedMs < 3_000)
})

test('events, predictions and runs', async () => {
  const at = '2001-06-15T00:00:00Z'
  const result = await client.events('orders', [{ id: 9007199254740993n, at }, { id: 9007199254740993n, at }, { id: 1 }])
  assert.deepEqual([result.accepted, result.duplicate, result.rejected[0]?.code], [1, 1, 'missing_time'])
  assert.deepEqual(
    (await client.predictions()).map(({ name }) => name),
    ['late', 'score', 'balance', 'empty', 'odd'],
  )
  assert.deepEqual(
    (await client.runs({ prediction: 'late' })).map(({ id }) => id),
    ['b81d'],
  )
  assert.equal((await client.run('b81d')).prediction, 'late')
})

test('what JSON cannot hold is refused before it is sent', async () => {
  await assert.rejects(client.events('orders', [{ id: Number.NaN }]), TypeError)
})
