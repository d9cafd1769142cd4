import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LoadOrder, LoadResult } from '../lookup/load.ts'

test('the load generator counts the answers that it got, however they are cut into packets', async () => {
  const seen = { requests: 0, connections: 0, paths: new Set<string>() }
  const server = createServer((request, response) => {
    seen.requests++
    seen.paths.add(request.url as string)
    const body = 'x'.repeat((seen.requests % 7) * 30_000)
    response.writeHead(seen.requests % 10 === 0 ? 404 : 200, { 'content-length': body.length })
    response.flushHeaders()
    setImmediate(() => response.end(body))
  })
  server.on('connection', () => seen.connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const load = fork(join(import.meta.dirname, '../lookup/load.ts'))
  const { port } = server.address() as AddressInfo
  const requests = ['/a', '/b', '/c'].map(path => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)
  load.send({ port, connections: 4, durationMs: 300, requests } satisfies LoadOrder)
  const [result] = (await once(load, 'message')) as [LoadResult]
  load.disconnect()
  server.close()
  assert.ok(result.requests > 10)
  assert.equal(result.requests, seen.requests)
  assert.equal(result.failures, Math.floor(seen.requests / 10))
  assert.equal(seen.connections, 4)
  assert.deepEqual([...seen.paths].toSorted(), ['/a', '/b', '/c'])
})
