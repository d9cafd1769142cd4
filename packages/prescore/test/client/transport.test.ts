/** Time limits, cancellation and retries, against servers that misbehave. */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { build } from 'esbuild'
import { ClientError, type ClientOptions, createClient } from '../../src/client/index.ts'

const ANSWER = JSON.stringify({ prediction: 'p', key: { k: 'a' }, value: 1, source: 'store', degraded: false })
const servers: Server[] = []
after(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

type Behaviour = (response: ServerResponse, request: IncomingMessage, call: number) => void

/** A server that behaves so at its first, second … call, and like the last from then on. */
async function serverThat(...behaviours: readonly Behaviour[]): Promise<{ url: string; calls: string[] }> {
  const calls: string[] = []
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`)
    request
      .resume()
      .on('end', () => (behaviours[Math.min(calls.length, behaviours.length) - 1] as Behaviour)(response, request, calls.length))
  })
  servers.push(server)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls }
}

const ok: Behaviour = response => response.end(ANSWER)
const cut: Behaviour = response => response.destroy()
const silent: Behaviour = () => {}
const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  response =>
    response.writeHead(code, headers).end(body)

const ask = (url: string, options: Partial<ClientOptions> = {}) => createClient({ url, ...options }).answer('p', { k: 'a' })
const askByBody = (url: string) => createClient({ url }).answer('p', { k: 'a' }, { inputs: { x: 1 } })

async function failure(action: Promise<unknown>): Promise<ClientError> {
  const error = await action.then(
    () => undefined,
    thrown => thrown,
  )
  assert.ok(error instanceof ClientError, String(error))
  return error
}

test('a GET is tried again after a broken connection, 502, 503 and 504', async () => {
  for (const behaviour of [cut, status(502), status(503), status(504, {}, '<html>gateway</html>')]) {
    const { url, calls } = await serverThat(behaviour, ok)
    assert.equal((await ask(url)).value, 1)
    assert.equal(calls.length, 2)
  }
})

test('a POST is tried again only where the server says when', async () => {
  for (const [behaviour, code] of [
    [cut, 'unreachable'],
    [status(502), 'unexpected_answer'],
    [status(503), 'unexpected_answer'],
  ] as const) {
    const { url, calls } = await serverThat(behaviour, ok)
    assert.equal((await failure(askByBody(url))).code, code)
    assert.deepEqual(calls, ['POST /api/predictions/p/answers'])
  }
  const { url, calls } = await serverThat(status(503, { 'retry-after': '0' }), status(503, { 'retry-after': new Date().toUTCString() }), ok)
  assert.equal((await askByBody(url)).value, 1)
  assert.equal(calls.length, 3)
})

test('there is an end to it: as many retries as were allowed', async () => {
  const { url, calls } = await serverThat(cut)
  assert.equal((await failure(ask(url, { retries: 1 }))).code, 'unreachable')
  assert.equal(calls.length, 2)
  const never = await serverThat(cut)
  await failure(ask(never.url, { retries: 0 }))
  assert.equal(never.calls.length, 1)
})

test('other refusals are not tried again', async () => {
  const { url, calls } = await serverThat(status(500, {}, '{"code":"internal","message":"A defect.","retryable":false}'))
  const error = await failure(ask(url))
  assert.deepEqual([error.code, error.status, error.message, calls.length], ['internal', 500, 'A defect.', 1])
})

test('a server that is silent, or stops in the middle, ends with the time limit', async () => {
  const half: Behaviour = response => response.write('{"value":')
  for (const behaviour of [silent, half]) {
    const { url } = await serverThat(behaviour)
    const error = await failure(ask(url, { timeoutMs: 150 }))
    assert.deepEqual([error.code, error.retryable], ['timeout', true])
  }
})

test('a call is cancelled while it is sent and while it waits; the reason is passed on', async () => {
  for (const [behaviour, wait] of [
    [silent, 30],
    [status(503, { 'retry-after': '1' }), 200],
  ] as const) {
    const { url, calls } = await serverThat(behaviour)
    const stop = new AbortController()
    const reason = new Error('no longer wanted')
    const asked = createClient({ url }).answer('p', { k: 'a' }, { signal: stop.signal })
    setTimeout(() => stop.abort(reason), wait)
    await assert.rejects(asked, error => error === reason)
    assert.ok(calls.length <= 1)
  }
  const { url, calls } = await serverThat(ok)
  await assert.rejects(createClient({ url }).answer('p', { k: 'a' }, { signal: AbortSignal.abort('never') }), error => error === 'never')
  assert.equal(calls.length, 0)
})

test('what is not JSON is no answer', async () => {
  const { url } = await serverThat(status(200, {}, '<html></html>'))
  assert.equal((await failure(ask(url))).code, 'unexpected_answer')
})

test('nobody there', async () => {
  const error = await failure(ask('http://127.0.0.1:9', { retries: 0 }))
  assert.equal(error.code, 'unreachable')
  assert.match(error.message, /^http:\/\/127\.0\.0\.1:9 cannot be reached: /)
})

test('headers and a fetch of its own', async () => {
  let seen: Headers | undefined
  const own: typeof fetch = async (_url, init) => {
    seen = new Headers(init?.headers)
    return new Response(ANSWER)
  }
  await createClient({ url: 'http://nowhere', headers: { authorization: 'Bearer x' }, fetch: own }).answer(
    'p',
    { k: 'a' },
    { asOf: '2001-01-01T00:00:00Z' },
  )
  assert.deepEqual([seen?.get('authorization'), seen?.get('content-type')], ['Bearer x', 'application/json'])
})

test('a prediction without an entity is asked without a key', async () => {
  const bodies: unknown[] = []
  const own: typeof fetch = async (_url, init) => {
    bodies.push(JSON.parse(String(init?.body)))
    return new Response('{"answers":[]}')
  }
  const client = createClient({ url: 'http://nowhere', fetch: own })
  await client.answer('p', {}, { inputs: { x: 1 } })
  await client.answers('p', [{ key: {}, inputs: { x: 1 } }, { key: { k: 'a' } }])
  assert.deepEqual(bodies, [{ inputs: { x: 1 } }, { requests: [{ inputs: { x: 1 } }, { key: { k: 'a' } }] }])
})

test('it is made for browsers: no Node, no dependencies, small', async () => {
  const entry = new URL('../../src/client/index.ts', import.meta.url).pathname
  const { outputFiles, metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    minify: true,
    write: false,
    metafile: true,
  })
  assert.ok(Object.keys(metafile.inputs).every(file => file.includes('src/client/')))
  assert.ok((outputFiles[0]?.contents.length ?? 0) < 8_000)
})
