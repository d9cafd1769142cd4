/** What only real sockets show: listening, draining, broken requests, switches while under load. */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, get as httpGet, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PrescoreError } from '../../src/base/index.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { openStore } from '../../src/stores/index.ts'
import { build, CUSTOMER, furnished, predictionOf } from './house.ts'

test('listens where it says, answers, and stops: twice, or before it started', async () => {
  const { server } = await furnished()
  const { url, host, port } = await server.start()
  assert.equal(url, `http://${host}:${port}`)
  const response = await fetch(`${url}/api/predictions/score/answers/ann`)
  assert.deepEqual([response.status, ((await response.json()) as { value: number }).value], [200, 1])
  await Promise.all([server.stop(), server.stop()])
  await server.stop()
  await assert.rejects(fetch(`${url}/livez`))
  const { server: never } = await furnished()
  await never.stop()
})

test('a port that is taken is port_in_use; a host that is not ours is refused', async () => {
  const { server, store } = await furnished()
  const { port } = await server.start()
  const refused = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code
  const second = createServer({ resolvers: [], catalog: store.catalog, port })
  await assert.rejects(second.start(), refused('port_in_use'))
  await second.stop()
  const elsewhere = createServer({ resolvers: [], catalog: store.catalog, host: '192.0.2.1' })
  await assert.rejects(elsewhere.start(), refused('invalid_value'))
  await server.stop()
})

/** Waits until the server has read so many bytes of the connection that is opened next. */
function hasRead(server: Server): (bytes: number) => Promise<void> {
  let socket: Socket | undefined
  server.app.server.once('connection', opened => {
    socket = opened
  })
  return async bytes => {
    while ((socket?.bytesRead ?? 0) < bytes) await sleep(2)
  }
}

test('a stop lets a request under way finish', async () => {
  const { server } = await furnished()
  const { port } = await server.start()
  const body = '{"key":"ann"}'
  const read = hasRead(server)
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `POST /api/predictions/score/answers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 4)}`,
  )
  await read(socket.bytesWritten)
  const stopped = server.stop()
  socket.write(body.slice(4))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  assert.match(chunk.toString(), /^HTTP\/1\.1 200 /)
  assert.match(chunk.toString(), /"value":1,/)
  await stopped
  socket.destroy()
})

test('an idle connection that is kept alive does not hold a stop up', async () => {
  const { server } = await furnished()
  const { url } = await server.start()
  const agent = new Agent({ keepAlive: true })
  const response = await new Promise<IncomingMessage>(resolve => httpGet(`${url}/livez`, { agent }, resolve))
  response.resume()
  await once(response, 'end')
  await server.stop()
  agent.destroy()
})

test('a caller who leaves in the middle of his body leaves nothing behind', async () => {
  const { server } = await furnished()
  const { port, url } = await server.start()
  const read = hasRead(server)
  const leaving = connect(port, '127.0.0.1')
  await once(leaving, 'connect')
  leaving.write(
    'POST /api/predictions/score/answers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"key"',
  )
  await read(leaving.bytesWritten)
  leaving.destroy()
  assert.equal((await fetch(`${url}/livez`)).status, 200)
  await server.stop()
})

test('under load, each answer is wholly of one run, and a publish by another process is seen by every request sent after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-server-'))
  const store = openStore(folder)
  const publisher = build([predictionOf('score', CUSTOMER)], store)
  const keys = ['ann', 'bob', 'cy']
  const publish = (run: number) =>
    publisher.publish(
      'score',
      String(run),
      keys.map(customer => [{ customer }, String(run)]),
    )
  await publish(1)
  const serving = fork(join(import.meta.dirname, 'processes', 'serve.ts'), [folder])
  const [{ url }] = (await once(serving, 'message')) as [{ url: string }]
  let published = 1
  let isDone = false
  const ask = async (customer: string) => {
    const atLeast = published
    const response = await fetch(`${url}/api/predictions/score/answers/${customer}`)
    const { value, run } = (await response.json()) as { value: number; run: string }
    assert.equal(String(value), run)
    assert.ok(value >= atLeast, `run ${run} after run ${atLeast} was published`)
  }
  const askers = Array.from({ length: 8 }, async (_, i) => {
    while (!isDone) await ask(keys[i % 3] as string)
  })
  for (let run = 2; run <= 60; run++) {
    await publish(run)
    published = run
    await Promise.all(keys.map(ask))
  }
  isDone = true
  await Promise.all(askers)
  serving.send('stop')
  const [code] = await once(serving, 'exit')
  assert.equal(code, 0)
  await store.close()
  rmSync(folder, { recursive: true })
})
