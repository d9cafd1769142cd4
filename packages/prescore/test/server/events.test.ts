/** Events over HTTP: taken each on its own, on disk before they are answered, refused with codes. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import { PrescoreError } from '../../src/base/index.ts'
import { events } from '../../src/project/index.ts'
import { createServer, LIMITS, type Server } from '../../src/server/index.ts'
import { type EventLog, openEventLog } from '../../src/sources/index.ts'
import { memoryStore } from '../../src/stores/index.ts'

const orders = events({
  files: 'orders.parquet',
  columns: { id: 'int64', at: 'timestamp', amount: 'float64' },
  zone: 'UTC',
  id: 'id',
  time: 'at',
})
const PATH = '/api/sources/orders/events'

let folder: string
let log: EventLog
let server: Server

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'prescore-events-'))
  log = openEventLog(folder, 'orders', orders.definition)
  const logOf = (name: string) => {
    if (name === 'orders') return log
    throw new PrescoreError('unknown_source', { found: name })
  }
  server = createServer({ resolvers: [], catalog: memoryStore().catalog, logOf })
})

after(async () => {
  await server.stop()
  await log.close()
  rmSync(folder, { recursive: true, force: true })
})

async function post(payload: string | Buffer, type = 'application/json', url = PATH, others: Readonly<Record<string, string>> = {}) {
  const response = await server.app.inject({ method: 'POST', url, payload, headers: { 'content-type': type, ...others } })
  return { status: response.statusCode, type: response.headers['content-type'], body: response.json() as Record<string, unknown> }
}

test('good events are kept, bad ones are named by index', async () => {
  const given = [
    { id: 1, at: '2001-06-01T00:00:00Z', amount: 1.5 },
    { id: 2, at: 'yesterday', amount: 2 },
    { id: 1, at: '2001-06-01T00:00:00Z', amount: 1.5 },
    { id: 3, at: '2001-06-01T00:01:00Z', amuont: 2 },
    { id: 4, at: '2001-06-01T00:02:00Z' },
  ]
  const { status, body } = await post(JSON.stringify(given))
  assert.equal(status, 202)
  const { rejected, ...counts } = body as { rejected: { index: number; code: string; message: string }[] }
  assert.deepEqual(counts, { accepted: 2, late: 0, duplicate: 1 })
  assert.deepEqual(
    rejected.map(({ index, code }) => [index, code]),
    [
      [1, 'wrong_type'],
      [3, 'unknown_column'],
    ],
  )
  assert.equal(log.position(), 2)
})

test('NDJSON: one object a line, and a broken line fails alone', async () => {
  const { status, body } = await post(
    '{"id":11,"at":"2001-06-01T00:00:00Z"}\n{"id":12,\n{"id":13,"at":"2001-06-01T00:00:00Z"}\n',
    'application/x-ndjson',
  )
  assert.equal(status, 202)
  assert.equal(body.accepted, 2)
  assert.deepEqual(
    (body.rejected as { index: number }[]).map(({ index }) => index),
    [1],
  )
})

test('compressed bodies are unpacked', async () => {
  const at = '2001-06-01T00:00:00Z'
  for (const [coding, pack, id] of [
    ['gzip', gzipSync, 21],
    ['deflate', deflateSync, 22],
  ] as const) {
    const { status, body } = await post(pack(JSON.stringify([{ id, at }])), undefined, PATH, { 'content-encoding': coding })
    assert.deepEqual([status, body.accepted], [202, 1], coding)
  }
  const refused = async (payload: string | Buffer, coding: string) =>
    (await post(payload, undefined, PATH, { 'content-encoding': coding })).body.code
  assert.equal(await refused('[]', 'gzip'), 'invalid_request')
  assert.equal(await refused('[]', 'zstd'), 'unsupported_media')
  assert.equal(await refused(gzipSync(Buffer.alloc(LIMITS.eventsBytes + 1, 0x20)), 'gzip'), 'body_too_large')
})

test('ids beyond 2^53 keep their digits', async () => {
  const at = '"at":"2001-06-01T00:00:00Z"'
  const { body } = await post(`[{"id":9007199254740993,${at}},{"id":9007199254740992,${at}},{"id":9007199254740993,${at}}]`)
  assert.deepEqual([body.accepted, body.duplicate], [2, 1])
})

for (const [what, payload, type, url, status, code] of [
  ['a body that is not JSON', '[{', 'application/json', PATH, 400, 'body_cut_short'],
  ['JSON that is not an array', '{"id":1}', 'application/json', PATH, 400, 'invalid_request'],
  ['invalid UTF-8', Buffer.from([0x5b, 0xff, 0x5d]), 'application/json', PATH, 400, 'invalid_utf8'],
  ['another content type', 'id,at', 'text/csv', PATH, 415, 'unsupported_media'],
  ['a source that is not there', '[]', 'application/json', '/api/sources/order/events', 404, 'unknown_source'],
] as const) {
  test(`${what} is refused, and nothing of it is taken`, async () => {
    const before = log.position()
    const answer = await post(payload as string, type, url)
    assert.deepEqual([answer.status, answer.body.code, answer.type], [status, code, 'application/problem+json; charset=utf-8'])
    assert.equal(log.position(), before)
  })
}

test('another method is refused with what is allowed', async () => {
  const { statusCode, headers } = await server.app.inject({ method: 'GET', url: PATH })
  assert.deepEqual([statusCode, headers.allow], [405, 'POST'])
})
