/** The hot path and the router answer alike, byte for byte: a corpus, and whatever comes. `PRESCORE_FULL=1` tries 40 times as much. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { Resolver } from '../../src/resolve/index.ts'
import { createServer, LIMITS, type Server } from '../../src/server/index.ts'
import { CLOCK, furnished, predictionOf } from './house.ts'
import { twins } from './twins.ts'

const RUNS = { numRuns: process.env.PRESCORE_FULL === '1' ? 20_000 : 500 }
const { store } = await furnished()
const defects: unknown[] = []
/** Each has counted what it answered; with `onAnswered`, all goes through the router. */
const serve = (routed: boolean): Server =>
  createServer({
    resolvers: [
      predictionOf('late', { origin: 'string', destination: 'string', hour: 'int64' }, { maxAgeUs: 86_400_000_000 }),
      predictionOf('score', { customer: 'string' }),
      predictionOf('balance', { account: 'int64' }),
      predictionOf('fixed', { customer: 'string' }, { default: { value: 0.5, reason: 'Noch nicht berechnet: später' } }),
    ].map(prediction => new Resolver({ prediction, store, clock: CLOCK })),
    catalog: store.catalog,
    clock: CLOCK,
    onDefect: error => void defects.push(error),
    ...(routed ? { onAnswered: () => {} } : {}),
  })
const [hot, routed] = [serve(false), serve(true)]
const { alike, hangUp } = await twins([hot, routed])
after(async () => {
  hangUp()
  await Promise.all([hot.stop(), routed.stop()])
})

const id = 'x-request-id: same\r\n'
const get = (path: string, headers = id) => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`
const post = (path: string, body: string, headers = `${id}content-type: application/json\r\n`) => {
  const bytes = Buffer.from(body)
  return `POST ${path} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`
}

const API = '/api/predictions'
const GETS = [
  ...['ann', '1', 'nobody', '.', '..', '%61nn', 'Zo%C3%AB', 'a%2Fb%3Fc%23d%25', 'a/b', '', '%FF', '%', 'ann?', 'ann?maxAgeSeconds=0'].map(
    key => `${API}/score/answers/${key}`,
  ),
  ...['ann?explain=true', 'ann?x=1', 'ann;x=1', 'ann#x', 'ann/', '~-_.', "!$&'()*+,=:@", '__proto__', 'constructor'].map(
    key => `${API}/score/answers/${key}`,
  ),
  ...[LIMITS.pathKeyChars, LIMITS.pathKeyChars + 1, 1_022, 1_023].map(length => `${API}/score/answers/${'x'.repeat(length)}`),
  ...['7', '-9223372036854775808', '9223372036854775808', '9007199254740993', '007', '1e3', '-0', '1.0'].map(
    key => `${API}/balance/answers/${key}`,
  ),
  ...[
    'late/answers/JFK',
    'nope/answers/ann',
    '__proto__/answers/ann',
    'score/answer/ann',
    'score/answersann',
    'score/answers',
    'score',
  ].map(rest => `${API}/${rest}`),
  ...['fixed/answers/ann', 'fixed/answers/Zo%C3%AB', '/answers/ann', 'score//answers/ann'].map(rest => `${API}/${rest}`),
  '/API/predictions/score/answers/ann',
  `http://elsewhere${API}/score/answers/ann`,
]
const BODIES = [
  ...[
    '{"key":"ann"}',
    '{"key":{"customer":"ann"}}',
    '{"key":{"customer":"Zoë 🚀"}}',
    '{"key":"\\ud800"}',
    '{"key":1}',
    '{}',
    'null',
    '[]',
    '',
    '{',
  ],
  ...['{"key":"ann","key":"1"}', '{"__proto__":1,"key":"ann"}', '{"key":"ann","constructor":{}}', '{"key":"ann","maxAgeSeconds":0}', '"x"'],
  ...[
    '{"key":"nobody"}',
    '{"key":"ann","inputs":{}}',
    '{"key":"ann","inputs":{"x":1}}',
    '{"key":"ann","attributes":{}}',
    '1e999',
    '{"key":null}',
  ],
  ...['{"requests":[]}', '{"requests":[{"key":"ann"},{"key":"nobody"},{},null,1,{"key":"1","explain":true}]}', '{"requests":{}}'],
  ...[' { "key" : "ann" } ', '{"requests": [{"key": "1"}, {"key": "ann", "inputs": {}}, {"key": "nobody"}, {"key": "ann"}]}'],
  ...['{"key":7}', '{"key":{"account":7}}', '{"requests":[{"key":7},{"key":8},{"key":{"account":-1}}]}'],
  ...[
    '{"requests":[],"key":"ann"}',
    `{"requests":[${'{"key":"ann"},'.repeat(1_000)}{}]}`,
    `{"requests":[${'{"key":"ann"},'.repeat(999)}{}]}`,
  ],
  ...[
    '{"key":"ann","explain":true}',
    '{"key":"ann","asOf":"2001-06-15T03:00:00Z"}',
    '{"key":"ann","asOf":"2101-06-15T03:00:00Z"}',
    `${'['.repeat(50_000)}`,
  ],
]
const HEADERS = [
  `${id}content-type: application/json\r\n`,
  `${id}Content-Type: application/json\r\nX-Request-ID: other\r\n`,
  `${id}content-type: application/json; charset=utf-8\r\n`,
  `${id}content-type: APPLICATION/JSON\r\n`,
  `${id}content-type: application/json \r\n`,
  `${id}content-type: text/plain\r\n`,
  `${id}content-type: application/json\r\ncontent-type: text/plain\r\n`,
  `${id}content-type: text/plain\r\ncontent-type: application/json\r\n`,
  id,
  'content-type: application/json\r\n',
  'x-request-id: not sane\r\ncontent-type: application/json\r\n',
  `${id}content-type: application/json\r\nconnection: close\r\n`,
  `${id}content-type: application/json\r\naccept-version: 2\r\n`,
  `${id}content-type: application/json\r\ncontent-encoding: gzip\r\n`,
  `${id}content-type: application/json\r\nHost: y\r\n`,
]

test('a corpus of requests', async () => {
  for (const path of GETS) for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) await alike(get(path).replace('GET', method))
  for (const path of ['score', 'balance', 'late', 'fixed', 'nope', 'score/x']) {
    for (const body of BODIES) await alike(post(`${API}/${path.replace('/x', '')}/answers${path.endsWith('/x') ? '/x' : ''}`, body))
  }
  for (const headers of HEADERS) {
    await alike(get(`${API}/score/answers/ann`, headers))
    for (const body of ['{"key":"ann"}', '{', '']) await alike(post(`${API}/score/answers`, body, headers))
  }
  for (const version of ['HTTP/1.0', 'HTTP/1.1']) await alike(get(`${API}/score/answers/ann`).replace('HTTP/1.1', version))
  assert.match(await alike(get(`${API}/score/answers/ann`)), /^HTTP\/1\.1 200 OK\r\n[\s\S]*x-request-id: same[\s\S]*"value":1,/)
  assert.match(await alike(get(`${API}/fixed/answers/ann`)), /spÃ¤ter/)
})

test('bodies in pieces, too long, unended, and of many bytes that are no text', async () => {
  const head = `POST ${API}/score/answers HTTP/1.1\r\nhost: x\r\n${id}content-type: application/json\r\n`
  await alike(`${head}transfer-encoding: chunked\r\n\r\n5\r\n{"key\r\n8\r\n":"ann"}\r\n0\r\n\r\n`)
  await alike(`${head}content-length: ${LIMITS.bodyBytes + 1}\r\n\r\n{`)
  await alike(`${head}content-length: 1x\r\n\r\n{`)
  await alike(post(`${API}/score/answers`, `{"key":"${'x'.repeat(300_000)}"}`))
  await alike(`${head}content-length: 3\r\n\r\n"\xff"`)
  const packed = gzipSync('{"key":"ann"}')
  const coded = `${head}content-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n${packed.toString('latin1')}`
  assert.match(await alike(coded), /"value":1,/)
  const pair = post(`${API}/score/answers`, '{"key":"ann"}') + get(`${API}/score/answers/1`)
  assert.match(await alike(pair, 2), /"value":1,[\s\S]*"value":5,/)
  hangUp()
})

test('whatever comes', async () => {
  const piece = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom('/api', '/predictions', '/score', '/balance', '/fixed', '/answers', '/ann', '/7', '?', '&', '//'),
    },
    fc.constantFrom('/%61', '%2F', '%zz', '..', ';', '#', '=', '+', 'prefer=live', 'asOf=', 'customer=ann'),
    fc.string({ maxLength: 4 }).map(text => text.replace(/[^!-~]/g, '')),
  )
  const path = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 7 }).map(pieces => `/${pieces.join('')}`),
    fc
      .tuple(fc.constantFrom('score', 'balance', 'fixed', 'late'), fc.string({ maxLength: 12 }))
      .map(([name, key]) => `${API}/${name}/answers/${key.replace(/[^!-~]/g, '')}`),
  )
  const value = fc.oneof(fc.constantFrom('ann', 7, 1e20, -0, null, true), fc.string({ unit: 'binary', maxLength: 5 }), fc.integer())
  const member = fc.constantFrom('key', 'inputs', 'attributes', 'requests', 'prefer', 'explain', 'deadlineMs', '__proto__', 'customer')
  const asked = fc.dictionary(member, fc.oneof(value, fc.dictionary(member, value, { maxKeys: 2 })), { maxKeys: 3 })
  const body = fc.oneof(
    asked.map(each => JSON.stringify(each)),
    fc.array(asked, { maxLength: 4 }).map(requests => JSON.stringify({ requests })),
    fc.constantFrom(...BODIES),
    fc.string({ unit: 'binary', maxLength: 8 }).map(text => text.toWellFormed()),
  )
  const request = fc.oneof(
    fc.tuple(fc.constantFrom('GET', 'GET', 'HEAD', 'DELETE'), path).map(([method, url]) => get(url).replace('GET', method)),
    fc
      .tuple(fc.constantFrom(`${API}/score/answers`, `${API}/fixed/answers`, `${API}/balance/answers`), body, fc.constantFrom(...HEADERS))
      .map(([url, text, headers]) => post(url, text, headers)),
  )
  await fc.assert(
    fc.asyncProperty(request, async each => {
      assert.doesNotMatch(await alike(each), /^HTTP\/1\.1 5/)
    }),
    RUNS,
  )
  assert.deepEqual(defects, [])
})
