/** Connections that are read before node:http: what reaches it, what waits for whom, and how they end. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, type Server } from '../../src/server/index.ts'
import { resolverWith } from '../resolve/place.ts'
import { scorerThat } from '../resolve/scorers.ts'
import { furnished } from './house.ts'

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
const ANN = get('/api/predictions/score/answers/ann')
const post = (body: string) =>
  `POST /api/predictions/score/answers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`

async function started(t: TestContext, server: Server): Promise<Socket> {
  t.after(() => server.stop())
  const { port } = await server.start()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function answerTo(socket: Socket, bytes: string): Promise<string> {
  socket.write(bytes)
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  return chunk.toString()
}

test('hot requests do not reach node:http, also behind those that do', async t => {
  const { server } = await furnished()
  const socket = await started(t, server)
  const seen: (string | undefined)[] = []
  server.app.server.on('request', ({ url }) => void seen.push(url))
  for (const bytes of [ANN, post('{"key":"ann"}'), get('/livez'), ANN, post('{"key":"ann"}'), get('/v2/models/score'), ANN])
    assert.match(await answerTo(socket, bytes), /^HTTP\/1\.1 200 /)
  assert.deepEqual(seen, ['/livez', '/v2/models/score'])
  // Half a head is for node:http to wait for, and what follows too.
  socket.write(ANN.slice(0, 20))
  await sleep(20)
  for (const bytes of [ANN.slice(20), ANN]) assert.match(await answerTo(socket, bytes), /^HTTP\/1\.1 200 /)
  assert.equal(seen.length, 4)
})

test('who is asked from is known where the router answers', async t => {
  const { server } = await furnished()
  const socket = await started(t, server)
  const addresses: (string | undefined)[] = []
  server.app.server.on('request', request => void addresses.push(request.socket.remoteAddress))
  await answerTo(socket, get('/livez'))
  assert.deepEqual(addresses, ['127.0.0.1'])
})

test('to a caller who does not read, little is written and little is read of him; then he gets all', async t => {
  const { server } = await furnished()
  let inner: Socket | undefined
  server.app.server.on('connection', each => {
    inner ??= each
  })
  const socket = await started(t, server)
  const many = post(`{"requests":[${Array(1_000).fill('{"key":"ann"}').join()}]}`)
  const times = 150
  socket.pause()
  socket.write(many.repeat(times))
  let most = 0
  for (let i = 0; i < 100; i++) {
    await sleep(5)
    most = Math.max(most, inner?.writableLength ?? 0)
  }
  const before = inner?.bytesWritten ?? 0
  assert.ok(most < 2_000_000, `${most} bytes waited`)
  let bytes = 0
  let answers = 0
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    answers += chunk.toString('latin1').split('{"answers":').length - 1
  })
  socket.resume()
  while (answers < times) await sleep(5)
  assert.ok(bytes > 3 * before && before > 0, `${before} of ${bytes} bytes were written before he read`)
})

test('a connection that is kept and not used is closed without a word', async t => {
  const { server } = await furnished()
  server.app.server.keepAliveTimeout = 100
  const socket = await started(t, server)
  assert.match(await answerTo(socket, ANN), /\r\nKeep-Alive: timeout=0\r\n/)
  socket.on('data', () => assert.fail('something was said'))
  await once(socket, 'close')
})

test('a stop closes idle connections at once, and those under way with their answer, which says so', async t => {
  let answer = (_text: string) => {}
  const scorer = scorerThat(() => new Promise(resolve => (answer = resolve)))
  const { resolver, store } = await resolverWith(() => scorer)
  const server = createServer({ resolvers: [resolver], catalog: store.catalog })
  const socket = await started(t, server)
  const { port } = server.app.server.address() as { port: number }
  const [silent, idle] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
  await answerTo(idle, get('/livez'))
  socket.write(get('/api/predictions/churn/answers/ann'))
  while (scorer.requests.length === 0) await sleep(2)
  const stopped = server.stop()
  await Promise.all([silent, idle].map(each => once(each.resume(), 'close')))
  answer('0.7')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n[\s\S]*"value":0\.7,/)
  await Promise.all([stopped, once(socket, 'close')])
})
