import assert from 'node:assert/strict'
import { test } from 'node:test'
import { build, CUSTOMER, furnished, predictionOf } from './house.ts'

test('GET /api/predictions tells what there is to ask for, and what is served', async () => {
  const { server, store } = await furnished()
  const { predictions } = (await server.app.inject('/api/predictions')).json() as { predictions: Record<string, unknown>[] }
  assert.deepEqual(
    predictions.map(({ name }) => name),
    ['late', 'score', 'balance'],
  )
  assert.deepEqual(predictions[0], {
    name: 'late',
    entity: { origin: 'string', destination: 'string', hour: 'int64' },
    inputs: {},
    policy: { mode: 'batch', maxAgeSeconds: 86_400 },
    release: '9f2c',
    run: 'b81d',
    asOf: '2001-06-15T03:00:00.000000Z',
    dataThrough: '2001-06-15T02:58:00.000000Z',
    live: null,
    publishedAt: predictions[0]?.publishedAt,
    keys: 1,
  })
  assert.match(String(predictions[0]?.publishedAt), /^20\d\d-.*Z$/)
  assert.ok(store.catalog.pointer('late'))
})

test('a prediction of which nothing is published is listed so', async () => {
  const { server } = build([
    predictionOf('score', CUSTOMER, {
      mode: 'hybrid',
      schedule: '0 3 * * *',
      maxLagUs: 7_200_000_000,
      deadlineUs: 50_000,
      default: { value: null },
    }),
  ])
  const { predictions } = (await server.app.inject('/api/predictions')).json() as { predictions: Record<string, unknown>[] }
  assert.deepEqual(predictions, [
    {
      name: 'score',
      entity: { customer: 'string' },
      inputs: {},
      policy: { mode: 'hybrid', schedule: '0 3 * * *', maxLagSeconds: 7_200, deadlineMs: 50, default: { value: null } },
      release: null,
      run: null,
      asOf: null,
      dataThrough: null,
      live: null,
      publishedAt: null,
      keys: 0,
    },
  ])
})

test('GET /api/runs lists runs, of all predictions or of one; GET /api/runs/{id} has the report', async () => {
  const { server } = await furnished()
  const get = async (url: string) => (await server.app.inject(url)).json() as never
  const { runs } = (await get('/api/runs')) as { runs: { id: string; report?: unknown }[] }
  assert.deepEqual(runs.map(({ id }) => id).toSorted(), ['b81d', 'ba1a', 'c0ff'])
  assert.ok(runs.every(({ report }) => report === undefined))
  assert.deepEqual(
    ((await get('/api/runs?prediction=score')) as { runs: { id: string }[] }).runs.map(({ id }) => id),
    ['c0ff'],
  )
  const run = (await get('/api/runs/b8')) as Record<string, unknown>
  assert.deepEqual(
    [run.id, run.prediction, run.state, run.asOf, run.report],
    ['b81d', 'late', 'published', '2001-06-15T03:00:00.000000Z', { rows: 1 }],
  )
  const codeOf = async (url: string) => ((await get(url)) as { code: string }).code
  assert.equal(await codeOf('/api/runs/zzz'), 'run_not_found')
  assert.equal(await codeOf('/api/runs/b'), 'invalid_value')
  assert.equal(await codeOf('/api/runs?predictoin=late'), 'invalid_request')
})

test('/livez answers; /readyz waits for each prediction to have something, and names those that do not', async () => {
  const house = build([predictionOf('score', CUSTOMER), predictionOf('rest', CUSTOMER, { default: { value: 0 } })])
  const { app } = house.server
  assert.deepEqual((await app.inject('/livez')).json(), { live: true })
  // What KServe's client of V1 asks.
  assert.deepEqual((await app.inject('/')).json(), { status: 'alive', docs: '/docs', predictions: '/api/predictions' })
  const waiting = await app.inject('/readyz')
  assert.equal(waiting.statusCode, 503)
  assert.ok(Number(waiting.headers['retry-after']) > 0)
  const problem = waiting.json() as { code: string; message: string; retryable: boolean }
  assert.deepEqual([problem.code, problem.retryable], ['not_ready', true])
  assert.match(problem.message, /nothing published for score/)
  assert.doesNotMatch(problem.message, /rest/)
  await house.publish('score', '1', [[{ customer: 'ann' }, '1']])
  const ready = await app.inject('/readyz')
  assert.deepEqual([ready.statusCode, ready.json()], [200, { ready: true }])
})

test('nothing published is 503 with Retry-After', async () => {
  const { server } = build([predictionOf('score', CUSTOMER)])
  const response = await server.app.inject('/api/predictions/score/answers/ann')
  assert.deepEqual([response.statusCode, (response.json() as { code: string }).code], [503, 'nothing_published'])
  assert.ok(Number(response.headers['retry-after']) > 0)
})

test('other methods are 405 with Allow, other paths 404, whatever their body', async () => {
  const { server } = await furnished()
  for (const [method, url, allow] of [
    ['POST', '/api/predictions', 'GET, HEAD'],
    ['DELETE', '/api/predictions/late/answers/x', 'GET, HEAD'],
    ['PUT', '/api/predictions/late/answers', 'GET, HEAD, POST'],
    ['PROPFIND', '/api/runs', 'GET, HEAD'],
    ['OPTIONS', '/api/runs/b81d', 'GET, HEAD'],
    ['TRACE', '/livez', 'GET, HEAD'],
    ['PATCH', '/readyz', 'GET, HEAD'],
  ] as const) {
    const response = await server.app.inject({ method: method as 'PUT', url, payload: '{', headers: { 'content-type': 'text/odd' } })
    assert.deepEqual(
      [response.statusCode, response.headers.allow, (response.json() as { code: string }).code],
      [405, allow, 'method_not_allowed'],
    )
  }
  for (const [method, url] of [
    ['GET', '/api'],
    ['GET', '/api/predictions/'],
    ['POST', '/api/nothing'],
    ['PUT', '/api/predictions/late'],
    ['GET', '/api/predictions/late/answers/a/b'],
  ] as const) {
    const response = await server.app.inject({
      method,
      url,
      ...(method === 'GET' ? {} : { payload: '{', headers: { 'content-type': 'application/json' } }),
    })
    assert.deepEqual([response.statusCode, (response.json() as { code: string }).code], [404, 'route_not_found'], url)
  }
})
