/** Request ids: the caller's where it is sane, else one of its own; in every response, and beside each defect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServer } from '../../src/server/index.ts'
import { requestId } from '../../src/server/request-id.ts'
import { CLOCK, furnished } from './house.ts'

const PATHS = [
  '/api/predictions',
  '/api/predictions/score/answers/ann',
  '/livez',
  '/metrics',
  '/api/nothing',
  '/api/predictions/score/answers/nobody',
  '/v2',
  '/v2/models/none',
  '/api/%zz',
]

test('every response has the id of the request', async () => {
  const { server } = await furnished()
  for (const url of PATHS) {
    const given = await server.app.inject({ url, headers: { 'X-Request-Id': 'a:b/c+d=e@f.g-h_1' } })
    assert.equal(given.headers['x-request-id'], 'a:b/c+d=e@f.g-h_1', url)
    const made = await Promise.all([1, 2].map(() => server.app.inject(url)))
    const ids = made.map(({ headers }) => headers['x-request-id'] as string)
    assert.ok(ids.every(id => /^[\w-]{8,40}$/.test(id)) && ids[0] !== ids[1], `${url}: ${ids}`)
  }
})

test('an id that is not sane is replaced', () => {
  for (const text of ['', 'a b', 'a"b', 'ä', 'x'.repeat(129), 'a\tb', '{}'])
    assert.match(requestId({ rawHeaders: ['host', 'here', 'x-request-id', text] }), /^[\w-]{8}-\w+$/)
  assert.equal(requestId({ rawHeaders: ['X-REQUEST-ID', 'x'.repeat(128)] }), 'x'.repeat(128))
})

test('a defect is told with the id that the client gets, alone and among others', async () => {
  const { store } = await furnished()
  const told: (readonly [string, string | undefined])[] = []
  const resolver = { prediction: { name: 'score' }, keyColumns: { customer: 'string' }, listen() {}, attributes: {} }
  const answer = () => {
    throw new TypeError('secret of the house')
  }
  const server = createServer({
    resolvers: [
      { ...resolver, prediction: { name: 'score', entity: resolver.keyColumns, inputs: {}, policy: {}, model: {} }, answer },
    ] as never,
    catalog: store.catalog,
    clock: CLOCK,
    onDefect: (error, id) => void told.push([error.message, id]),
  })
  const headers = { 'x-request-id': 'first' }
  const alone = await server.app.inject({ url: '/api/predictions/score/answers/ann', headers })
  const { code, requestId: shown } = alone.json() as { code: string; requestId: string }
  assert.deepEqual([alone.statusCode, code, shown], [500, 'internal', 'first'])
  const payload = { requests: [{ key: { customer: 'ann' } }] }
  const among = await server.app.inject({
    method: 'POST',
    url: '/api/predictions/score/answers',
    headers: { 'x-request-id': 'second' },
    payload,
  })
  assert.equal(among.statusCode, 200)
  assert.doesNotMatch(alone.body + among.body, /secret/)
  assert.deepEqual(
    told.map(([message, id]) => [/secret/.test(message), id]),
    [
      [true, 'first'],
      [true, 'second'],
    ],
  )
})

test('what was answered is told where it is asked for', async () => {
  const { store } = await furnished()
  const told: string[] = []
  const server = createServer({
    resolvers: [],
    catalog: store.catalog,
    onAnswered: ({ requestId: id, method, url, status, ms }) => void told.push(`${id} ${method} ${url} ${status} ${ms >= 0}`),
  })
  await server.app.inject({ url: '/livez', headers: { 'x-request-id': 'one' } })
  await server.app.inject({ url: '/api/predictions/x/answers/y', headers: { 'x-request-id': 'two' } })
  assert.deepEqual(told, ['one GET /livez 200 true', 'two GET /api/predictions/x/answers/y 404 true'])
})
