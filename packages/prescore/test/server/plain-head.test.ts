/** What is taken for a plain request is one: node:http reads the same of it, to its last byte. `PRESCORE_FULL=1` tries 50 times as much. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { LIMITS } from '../../src/server/index.ts'
import { rawHeadersOf, readPlain } from '../../src/server/plain-head.ts'
import { LAST, ODD, REQUESTS } from './wire-requests.ts'

const RUNS = { numRuns: process.env.PRESCORE_FULL === '1' ? 50_000 : 1_000 }

interface Read {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly rawHeaders: readonly string[]
  readonly bodyBytes: number
}

let read: Read[] = []
const server = createServer({ maxHeaderSize: LIMITS.headerBytes }, (request, response) => {
  let bodyBytes = 0
  request.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length
  })
  request.on('end', () => {
    read.push({ method: request.method, url: request.url, rawHeaders: request.rawHeaders, bodyBytes })
    response.end()
  })
})
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
after(() => {
  server.closeAllConnections()
  server.close()
})

/** What node:http reads of the bytes, and whether the connection goes on as it was. */
async function readByNode(bytes: string): Promise<{ requests: readonly Read[]; isOpen: boolean }> {
  read = []
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write(`${bytes}GET /last HTTP/1.1\r\nhost: x\r\n\r\n`, 'latin1')
  const isOpen = () => read.at(-1)?.url === '/last'
  await new Promise<void>(resolve => {
    socket.on('data', () => isOpen() && resolve())
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
  socket.destroy()
  return { requests: isOpen() ? read.slice(0, -1) : read, isOpen: isOpen() }
}

/** Whether the bytes begin with a plain request; then, whether node:http sees it so. */
async function isPlain(bytes: string): Promise<boolean> {
  const plain = readPlain(Buffer.from(bytes, 'latin1'), 0)
  if (plain === undefined) return false
  const { method, url, head, headers, headBytes } = plain
  const bodyBytes = Math.max(head.bodyBytes, 0)
  const whole = bytes.slice(0, headBytes).padEnd(headBytes + Math.min(bodyBytes, 100_000), 'x')
  if (bodyBytes > 100_000) return true
  const { requests, isOpen } = await readByNode(whole)
  assert.deepEqual(requests, [{ method, url, rawHeaders: rawHeadersOf(headers), bodyBytes }], JSON.stringify(whole.slice(0, 2_000)))
  assert.ok(isOpen)
  return true
}

test('plain requests are, odd ones and what is none are not', async () => {
  for (const each of REQUESTS) assert.ok(await isPlain(each), each)
  for (const each of ODD) assert.ok(!(await isPlain(each)), each)
  const headOnly = LAST.filter(each => !each.startsWith('POST') || !/content-length: (?:0|1)\r/.test(each))
  for (const each of headOnly) assert.ok(!(await isPlain(each)), each)
})

test('headers that bear on more than the answer are not plain, however they are written', async () => {
  const [first = ''] = REQUESTS
  for (const header of [
    'Transfer-Encoding: chunked',
    'TRAILER: x',
    'te: x',
    'Expect: x',
    'upgrade: x',
    'Proxy-Connection: x',
    'HTTP2-Settings: x',
  ])
    assert.ok(!(await isPlain(first.replace('host: x', `host: x\r\n${header}`))), header)
  for (const header of [
    'connection: close',
    'connection: keep-alive, x',
    'content-length: 00',
    'content-length: 1\r\ncontent-length: 1',
    'host: x',
  ])
    assert.ok(!(await isPlain(first.replace('host: x', `host: x\r\n${header}`))), header)
})

test('whatever is changed in a request', async () => {
  const change = fc.tuple(
    fc.nat(400),
    fc.nat(3),
    fc.oneof(
      fc.constantFrom(
        '\r\n',
        '\n',
        '\r',
        ' ',
        '\t',
        ':',
        ',',
        '\0',
        '/',
        '?',
        '\\',
        '"',
        '0',
        '+',
        'content-length: 3\r\n',
        'x: \r\n',
        ' HTTP/1.1',
      ),
      fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
    ),
  )
  let plain = 0
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...REQUESTS, ...ODD), fc.array(change, { minLength: 1, maxLength: 3 }), async (request, changes) => {
      let bytes = request
      for (const [at, removed, added] of changes) {
        const from = at % (bytes.length + 1)
        bytes = bytes.slice(0, from) + added + bytes.slice(from + removed)
      }
      if (await isPlain(bytes)) plain++
    }),
    RUNS,
  )
  assert.ok(plain > RUNS.numRuns / 20, `${plain} were plain`)
})
