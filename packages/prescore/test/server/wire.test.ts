/** What only bytes on a socket show: what is no HTTP, or two things at once; each with what is answered, and whether the connection lives on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ERRORS, type ErrorCode } from '../../src/base/index.ts'
import { createServer, LIMITS } from '../../src/server/index.ts'
import { resolverWith } from '../resolve/place.ts'
import { scorerThat } from '../resolve/scorers.ts'
import { furnished } from './house.ts'

const house = await furnished()
const { port } = await house.server.start()
after(async () => {
  await house.server.stop()
  assert.deepEqual(house.defects, [])
})

/** A request that is answered with 200 and keeps the connection: how a test sees that it lives on. */
const PROBE = 'GET /livez HTTP/1.1\r\nhost: x\r\nx-request-id: probe\r\n\r\n'
const LIVEZ = 'GET /livez HTTP/1.1\r\nhost: x\r\n'
const BODY = '{"key":"ann"}'
const CHUNKED = `d\r\n${BODY}\r\n0\r\n\r\n`
const MEGABYTE = 'x'.repeat(1_000_000)
const post = (headers: string, body = '') =>
  `POST /api/predictions/score/answers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${headers}\r\n\r\n${body}`
const get = (target: string, more = '') => `GET ${target} HTTP/1.1\r\nhost: x\r\n${more}\r\n`
const order = (target: string, hosts: string) =>
  `POST ${target} HTTP/1.1\r\n${hosts}\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{"to":"2001-06-16T03:00:00Z"} `
const key = (text: string) => get(`/api/predictions/score/answers/${text}`)

interface Exchange {
  readonly statuses: readonly number[]
  readonly text: string
  readonly isOpen: boolean
}

/** Sends, and then a probe: the answers until that of the probe, or until the server closes. */
async function exchange(bytes: string | Buffer, to = port): Promise<Exchange> {
  const socket = connect(to, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  socket.write(PROBE)
  const { text, isOpen } = await readUntil(socket, all => all.includes('x-request-id: probe'))
  socket.destroy()
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  return { statuses: isOpen ? statuses.slice(0, -1) : statuses, text, isOpen }
}

async function readUntil(socket: Socket, isEnough: (text: string) => boolean): Promise<{ text: string; isOpen: boolean }> {
  let text = ''
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    if (isEnough(text)) return { text, isOpen: true }
  }
  return { text, isOpen: false }
}

/** The code of the problem in an answer. */
const codeOf = (text: string) => /"code":"(\w+)"/.exec(text)?.[1] as ErrorCode | undefined

const OPEN = 'open'
const CLOSED = 'closed'
type Case = readonly [title: string, bytes: string | Buffer, statuses: readonly number[], connection: 'open' | 'closed', code?: ErrorCode]
const unreadable = (title: string, bytes: string | Buffer): Case => [title, bytes, [400], CLOSED, 'invalid_request']

const CASES: readonly Case[] = [
  ['a request', `${LIVEZ}\r\n`, [200], OPEN],
  ['empty lines before it', `\r\n\r\n${LIVEZ}\r\n`, [200], OPEN],
  ['HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', [200], CLOSED],
  ['no host', 'GET /livez HTTP/1.1\r\n\r\n', [400], CLOSED],
  unreadable('another version', 'GET /livez HTTP/1.2\r\nhost: x\r\n\r\n'),
  unreadable('HTTP/2 at once', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  unreadable('TLS', Buffer.from('1603010200010001fc0303', 'hex')),
  unreadable('a method that is none', 'BREW /livez HTTP/1.1\r\nhost: x\r\n\r\n'),
  unreadable('a method in small letters', 'get /livez HTTP/1.1\r\nhost: x\r\n\r\n'),
  ['a method that is not allowed', 'TRACE /livez HTTP/1.1\r\nhost: x\r\n\r\n', [405], OPEN, 'method_not_allowed'],

  ['headers that are too long', `${LIVEZ}x: ${'x'.repeat(20_000)}\r\n\r\n`, [431], CLOSED, 'headers_too_large'],
  ['headers without end', `${LIVEZ}x: ${MEGABYTE}${MEGABYTE}`, [431], CLOSED, 'headers_too_large'],
  ['many headers', `${LIVEZ}${'x: \r\n'.repeat(5_000)}\r\n`, [431], CLOSED, 'headers_too_large'],
  ['an address that is too long', get(`/${'x'.repeat(20_000)}`), [431], CLOSED, 'headers_too_large'],

  unreadable('two lengths that are equal', post('content-length: 13\r\ncontent-length: 13', BODY)),
  unreadable('two lengths that differ', post('content-length: 13\r\ncontent-length: 5', BODY)),
  unreadable('a list of lengths', post('content-length: 13, 13', BODY)),
  unreadable('a length below zero', post('content-length: -1', BODY)),
  unreadable('a length with a sign', post('content-length: +13', BODY)),
  unreadable('a length in hexadecimal', post('content-length: 0xd', BODY)),
  unreadable('a length beyond all bounds', post('content-length: 99999999999999999999999', BODY)),
  unreadable('an empty length', post('content-length:', BODY)),
  unreadable('a length beside chunks', post('content-length: 13\r\ntransfer-encoding: chunked', CHUNKED)),
  unreadable('chunks beside a length', post('transfer-encoding: chunked\r\ncontent-length: 13', CHUNKED)),
  ['chunks', post('transfer-encoding: chunked', CHUNKED), [200], OPEN],
  ['chunks with an extension and a trailer', post('transfer-encoding: chunked', `d;a=b\r\n${BODY}\r\n0\r\na: b\r\n\r\n`), [200], OPEN],
  unreadable('chunked twice', post('transfer-encoding: chunked\r\ntransfer-encoding: chunked', CHUNKED)),
  unreadable('chunked, but not at last', post('transfer-encoding: chunked, gzip', CHUNKED)),
  unreadable('an encoding that is nearly chunked', post('transfer-encoding: xchunked', CHUNKED)),
  unreadable('the identity', post('transfer-encoding: identity', BODY)),
  unreadable('a space before the colon', post('transfer-encoding : chunked', CHUNKED)),
  unreadable('a chunk whose size is none', post('transfer-encoding: chunked', `zz\r\n${BODY}\r\n0\r\n\r\n`)),
  unreadable('a chunk that is longer than its size', post('transfer-encoding: chunked', `5\r\n${BODY}\r\n0\r\n\r\n`)),
  unreadable('chunks with bare line feeds', post('transfer-encoding: chunked', `d\n${BODY}\n0\n\n`)),
  unreadable('a chunk with an extension without end', post('transfer-encoding: chunked', `d;a=${'b'.repeat(20_000)}\r\n`)),
  ['a body without a length', post('', ''), [400], CLOSED, 'invalid_json'],
  ['a body that nobody asked for', `${LIVEZ}content-length: 3\r\n\r\nabc`, [200], OPEN],

  unreadable('bare line feeds', 'GET /livez HTTP/1.1\nhost: x\n\n'),
  unreadable('a bare line feed between headers', `${LIVEZ}a: b\nc: d\r\n\r\n`),
  unreadable('a bare carriage return between headers', `${LIVEZ}a: b\rc: d\r\n\r\n`),
  unreadable('a folded header', `${LIVEZ}a: b\r\n c\r\n\r\n`),
  unreadable('a first header that is folded', 'GET /livez HTTP/1.1\r\n host: x\r\n\r\n'),
  unreadable('a header without a name', `${LIVEZ}: x\r\n\r\n`),
  unreadable('a header without a colon', `${LIVEZ}abc\r\n\r\n`),
  unreadable('NUL in a header', `${LIVEZ}a: b\0c\r\n\r\n`),
  ['bytes beyond ASCII in a header', Buffer.from(`${LIVEZ}x-request-id: \xff\xfe\r\n\r\n`, 'latin1'), [200], OPEN],
  ['a member of objects as a header', `${LIVEZ}__proto__: x\r\nconstructor: x\r\n\r\n`, [200], OPEN],

  unreadable('NUL in a path', get('/livez\0')),
  unreadable('a path that is not ASCII', key('Zoë')),
  unreadable('a path that is not UTF-8', Buffer.from(key('\xff'), 'latin1')),
  ['NUL, encoded', key('%00'), [404], OPEN, 'unknown_key'],
  ['encoded bytes that are not UTF-8', key('%ff'), [400], OPEN, 'invalid_request'],
  ['NUL, encoded in two bytes', key('%c0%80'), [400], OPEN, 'invalid_request'],
  ['an encoded surrogate', key('%ed%a0%80'), [400], OPEN, 'invalid_request'],
  unreadable('a space in the path', get('/livez x')),
  unreadable('tabs in the place of spaces', 'GET\t/livez\tHTTP/1.1\r\nhost: x\r\n\r\n'),
  unreadable('a backslash', get('\\livez')),
  unreadable('a path without a slash', get('livez')),

  ['a whole address', get('http://x/livez'), [200], OPEN],
  ['a whole address of an answer', get('http://x/api/predictions/score/answers/ann'), [200], OPEN],
  ['a whole address of a protocol', get('http://x/v1/models/score'), [200], OPEN],
  ['a whole address that is none of ours', get('ftp://x/livez'), [404], OPEN, 'route_not_found'],
  ['an address without a path', get('http://x'), [200], OPEN],
  ['two slashes', get('//livez'), [404], OPEN, 'route_not_found'],
  ['no path but a star', 'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n', [405], OPEN, 'method_not_allowed'],
  ['an order for this machine', order('/api/clock', 'host: localhost'), [409], OPEN, 'clock_not_simulated'],
  ['an order for two machines', order('/api/clock', 'host: localhost\r\nhost: shop.example'), [400], CLOSED, 'invalid_request'],
  ['answers of two machines', post(`content-length: ${BODY.length}\r\nhost: x`, BODY), [400], CLOSED, 'invalid_request'],
  ...['/livez', '/nowhere', '/api/predictions/score/answers/ann', '/v1/models/score', '/v2/models/score'].map(
    (path): Case => [`${path} of two machines`, get(path, 'HOST: y\r\n'), [400], CLOSED, 'invalid_request'],
  ),
  ['an order for a whole address', order('http://shop.example/api/clock', 'host: localhost'), [403], OPEN, 'forbidden'],
  ['a tunnel', 'CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n', [], CLOSED],

  ['a body that waits for a word', post('content-length: 13\r\nexpect: 100-continue', BODY), [100, 200], OPEN],
  ['an expectation that is not known', post('content-length: 13\r\nexpect: magic', BODY), [417], OPEN],
  ['two requests at once', `${LIVEZ}\r\n${LIVEZ}\r\n`, [200, 200], OPEN],
  ['a request after one that is not found', `${get('/nope')}${LIVEZ}\r\n`, [404, 200], OPEN, 'route_not_found'],
  [
    'a request after one whose method is refused, with its body',
    `DELETE /livez HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc${LIVEZ}\r\n`,
    [405, 200],
    OPEN,
    'method_not_allowed',
  ],
  ['a request after a body that is not JSON', `${post('content-length: 1', '{')}${LIVEZ}\r\n`, [400], CLOSED, 'invalid_json'],
  [
    'a request after tensors that are not JSON',
    `POST /v2/models/score/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{${LIVEZ}\r\n`,
    [400, 200],
    OPEN,
    'invalid_json',
  ],
  [
    'a request after a body that says it is too large',
    `${post('content-length: 5000000', '{')}${LIVEZ}\r\n`,
    [413],
    CLOSED,
    'body_too_large',
  ],
  [
    'a body in chunks that is too large',
    post('transfer-encoding: chunked', `4c4b40\r\n${'x'.repeat(5_000_000)}`),
    [413],
    CLOSED,
    'body_too_large',
  ],
  unreadable('a request after what is none', `garbage\r\n\r\n${LIVEZ}\r\n`),
  ['what is none after a request', `${LIVEZ}\r\ngarbage\r\n\r\n`, [200, 400], CLOSED, 'invalid_request'],
  ['what is none after a request that only node:http reads', `${LIVEZ}te: trailers\r\n\r\ngarbage\r\n\r\n`, [200], CLOSED],
]

for (const [title, bytes, statuses, connection, code] of CASES) {
  test(`${title}: ${statuses.join(', ') || 'nothing'}, ${connection}`, async () => {
    const { text, isOpen, ...answered } = await exchange(bytes)
    assert.deepEqual(answered.statuses, statuses, text)
    assert.equal(isOpen ? OPEN : CLOSED, connection, text)
    assert.equal(codeOf(text), code, text)
    if (code !== undefined) assert.ok(statuses.includes(ERRORS[code].status))
    if (connection === CLOSED && statuses[0] !== 200 && statuses.length > 0) assert.match(text, /\r\nconnection: close\r\n/i)
    assert.doesNotMatch(text, /node:internal|\.ts:\d/)
  })
}

test('an answer that is under way is given before the connection ends for what came after its request', async t => {
  let answer = (_text: string) => {}
  const scorer = scorerThat(() => new Promise(resolve => (answer = resolve)))
  const { resolver, store } = await resolverWith(() => scorer)
  const server = createServer({ resolvers: [resolver], catalog: store.catalog })
  t.after(() => server.stop())
  const { port: to } = await server.start()
  // Of the first, node:http reads both before there is an answer.
  for (const headers of ['te: trailers\r\n', '']) {
    scorer.requests.length = 0
    const answered = exchange(`${get('/api/predictions/churn/answers/ann', headers)}garbage\r\n\r\n`, to)
    while (scorer.requests.length === 0) await sleep(2)
    await sleep(20)
    answer('0.7')
    const { text, statuses, isOpen } = await answered
    assert.deepEqual([statuses, isOpen], [headers === '' ? [200, 400] : [200], false])
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*"value":0\.7,/)
  }
})

for (const [title, headers] of [
  ['WebSocket', 'connection: upgrade\r\nupgrade: websocket\r\n'],
  ['HTTP/2', 'connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n'],
]) {
  test(`an upgrade to ${title} is not taken up: the request is answered, and the connection goes on as it was`, async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`${LIVEZ}${headers}\r\n`)
    const [first] = (await once(socket, 'data')) as [Buffer]
    assert.match(first.toString(), /^HTTP\/1\.1 200 /)
    socket.write(PROBE)
    const [second] = (await once(socket, 'data')) as [Buffer]
    assert.match(second.toString(), /^HTTP\/1\.1 200 [\s\S]*x-request-id: probe/)
    socket.destroy()
  })
}

/** A server whose times are short, in milliseconds; it looks every second. */
async function hurried(
  t: TestContext,
  times: { headersTimeout?: number; requestTimeout?: number; keepAliveTimeout?: number },
): Promise<number> {
  const { server } = await furnished()
  t.after(() => server.stop())
  Object.assign(server.app.server, times)
  return (await server.start()).port
}

/** All that comes until the server closes. */
async function whole(to: number, bytes: readonly string[]): Promise<string> {
  const socket = connect(to, '127.0.0.1').on('error', () => {})
  await once(socket, 'connect')
  const sending = setInterval(() => bytes.length > 0 && socket.writable && socket.write('x'), 50)
  for (const each of bytes) socket.write(each)
  const { text } = await readUntil(socket, () => false)
  clearInterval(sending)
  socket.destroy()
  return text
}

for (const [title, bytes] of [
  ['a connection without a request', []],
  ['headers that drip', [`${LIVEZ}a: `]],
  ['headers that drip after a request', [PROBE, `${LIVEZ}a: `]],
] as const) {
  test(`${title}: 408 when their time is over, closed`, async t => {
    const text = await whole(await hurried(t, { headersTimeout: 300 }), bytes)
    assert.match(text, /HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*\r\nconnection: close\r\n[\s\S]*"code":"request_timeout"/)
  })
}

test('a body that drips: 408 when the time of the request is over, closed; others are answered meanwhile', async t => {
  const to = await hurried(t, { headersTimeout: 400, requestTimeout: 400 })
  const dripping = [post('content-length: 1000000'), post('content-length: 1000000').replace('score/answers', 'score/answers?x')].map(
    each => whole(to, [each]),
  )
  assert.equal((await exchange(`${LIVEZ}\r\n`, to)).isOpen, true)
  for (const text of await Promise.all(dripping)) assert.match(text, /^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/)
})

test('a connection that is kept and not used is closed without a word', async t => {
  const to = await hurried(t, { keepAliveTimeout: 100 })
  const socket = connect(to, '127.0.0.1')
  socket.write(PROBE)
  const { text, isOpen } = await readUntil(socket, () => false)
  assert.deepEqual([text.match(/HTTP\/1\.1/g)?.length, isOpen], [1, false])
})

test('the bounds stand in the server and on the page, and its times are in their order', async () => {
  const { server } = house.server.app
  assert.deepEqual(
    [server.headersTimeout, server.requestTimeout, server.keepAliveTimeout],
    [LIMITS.headersMs, LIMITS.requestMs, LIMITS.keepAliveMs],
  )
  assert.ok(LIMITS.headersMs < LIMITS.requestMs && LIMITS.keepAliveMs > 60_000)
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/http.md'), 'utf8')
  for (const ms of [LIMITS.headersMs, LIMITS.requestMs, LIMITS.keepAliveMs, LIMITS.drainMs])
    assert.match(page, new RegExp(`\\| ${ms / 1_000} s \\|`))
  assert.ok(page.includes(`| ${LIMITS.headerBytes / 1_024} KiB |`))
  for (const count of [LIMITS.pathKeyChars, LIMITS.requestsPerBody, LIMITS.rowsPerInfer])
    assert.ok(page.includes(count.toLocaleString('en')), String(count))
})
