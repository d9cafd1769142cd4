/** What only sockets show: bodies that do not end, callers that leave, and others who are served meanwhile. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { tensor } from './asked.ts'
import { protocolHouse } from './house.ts'

test('slow bodies hold nobody up, callers who leave leave nothing behind, and the stop does not wait for them', async () => {
  const house = await protocolHouse()
  const { url, port } = await house.server.start()
  const body = JSON.stringify({ inputs: [tensor('customer', 'BYTES', ['ann'])], outputs: [{ name: 'value' }] })
  const slow = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      const path = i % 2 === 0 ? '/v2/models/score/infer' : '/v1/models/score:predict'
      socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, i)}`)
      socket.on('error', () => {})
      return socket
    }),
  )
  const answers = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const response = await fetch(`${url}/v2/models/score/infer`, { method: 'POST', body })
      return ((await response.json()) as { outputs: { data: number[] }[] }).outputs[0]?.data
    }),
  )
  assert.ok(answers.every(data => data?.[0] === 1))
  for (const socket of slow.slice(0, 39)) socket.destroy()
  const [last] = slow.slice(39)
  last?.write(body.slice(39))
  const [answer] = (await once(last!, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 400 /)
  last?.destroy()
  assert.deepEqual(house.defects, [])
  await house.close()
})

test('a body that says it is too large is refused before it is sent', async () => {
  const house = await protocolHouse()
  const { port } = await house.server.start()
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /v2/models/score/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n{')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 413 [\s\S]*"code":"body_too_large"/)
  socket.destroy()
  await house.close()
})
