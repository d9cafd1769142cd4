/** Who may change what is served: with a token, whoever sends it; without one, this machine, and nobody through it. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createServer, type ServerOptions } from '../../src/server/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'

const TOKEN = 'a-token-of-enough-characters'
let store: Store

before(() => {
  store = memoryStore()
})
after(() => store.close())

const serverOf = (options: Partial<ServerOptions> = {}) => createServer({ resolvers: [], catalog: store.catalog, ...options })

/** What became of an order that changes something, sent from an address with these headers. */
async function refusal(headers: Readonly<Record<string, string>>, options: Partial<ServerOptions> = {}, remoteAddress = '127.0.0.1') {
  const { app } = serverOf(options)
  const sent = { method: 'POST', url: '/api/clock', payload: '{"now":"2026-01-01T00:00:00Z"}', remoteAddress } as const
  const reply = await app.inject({ ...sent, headers: { 'content-type': 'application/json', host: '127.0.0.1:8080', ...headers } })
  await app.close()
  return { status: reply.statusCode, code: reply.json<{ code: string }>().code, challenge: reply.headers['www-authenticate'] }
}

/** The guard let it through: what follows refuses a clock that is the machine's. */
const PASSED = { status: 409, code: 'clock_not_simulated', challenge: undefined }
const FORBIDDEN = { status: 403, code: 'forbidden', challenge: undefined }
const UNAUTHORIZED = { status: 401, code: 'unauthorized', challenge: 'Bearer' }

test('with a token: who sends it, from wherever; and nobody else, this machine neither', async () => {
  const guarded = { adminToken: TOKEN }
  assert.deepEqual(await refusal({ authorization: `Bearer ${TOKEN}`, host: 'prescore.example' }, guarded, '10.0.0.9'), PASSED)
  assert.deepEqual(await refusal({ authorization: `bearer  ${TOKEN}` }, guarded), PASSED)
  for (const authorization of ['', TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, 'Bearer', `Bearer ${TOKEN} x`])
    assert.deepEqual(await refusal({ authorization }, guarded), UNAUTHORIZED, authorization)
  assert.deepEqual(await refusal({}, guarded), UNAUTHORIZED)
})

test('without a token: this machine, by its own names', async () => {
  for (const [host, address] of [
    ['127.0.0.1:8080', '127.0.0.1'],
    ['localhost', '::1'],
    ['[::1]:8080', '::ffff:127.0.0.1'],
  ] as const)
    assert.deepEqual(await refusal({ host }, {}, address), PASSED, host)
  assert.deepEqual(await refusal({ origin: 'http://127.0.0.1:8080', 'sec-fetch-site': 'same-origin' }), PASSED)
})

test('without a token: not another machine, not through a proxy, not a page of another site, not under another name', async () => {
  assert.deepEqual(await refusal({}, {}, '10.0.0.9'), FORBIDDEN)
  assert.deepEqual(await refusal({}, {}, '2001:db8::1'), FORBIDDEN)
  for (const headers of [
    { 'x-forwarded-for': '10.0.0.9' },
    { forwarded: 'for=10.0.0.9' },
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost.evil.example:8080' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:9999' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])
    assert.deepEqual(await refusal(headers as Record<string, string>), FORBIDDEN, JSON.stringify(headers))
})

test('refused before the body is read, and only what changes something', async () => {
  const { app } = serverOf({ adminToken: TOKEN })
  const broken = await app.inject({ method: 'POST', url: '/api/clock', payload: '{', headers: { 'content-type': 'application/json' } })
  assert.equal(broken.json<{ code: string }>().code, 'unauthorized')
  for (const url of ['/api/clock', '/api/runs', '/api/predictions', '/livez', '/metrics'])
    assert.equal((await app.inject(url)).statusCode, 200, url)
  await app.close()
})
