/** What is answered before the router is answered as the router does, byte for byte. `PRESCORE_FULL=1` tries 40 times as much. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { LIMITS } from '../../src/server/index.ts'
import { twins } from '../server/twins.ts'
import type { Case } from './answered.ts'
import { binaryRequest, tensor } from './asked.ts'
import { protocolHouse } from './house.ts'
import { INFERS, nearlyRightBytes, nearlyRightJson } from './nearly-right.ts'

const RUNS = { numRuns: process.env.PRESCORE_FULL === '1' ? 20_000 : 500 }
const houses = await Promise.all([protocolHouse(), protocolHouse({ onAnswered: () => {} })])
const { alike, hangUp } = await twins([houses[0]!.server, houses[1]!.server])
after(async () => {
  hangUp()
  for (const { defects, close } of houses) {
    assert.deepEqual(defects, [])
    await close()
  }
})

const id = 'x-request-id: same\r\n'

/** A whole request, a character a byte. */
function post({ url, body = '', headers = {} }: Case, others = id): string {
  const bytes = Buffer.from(body as string)
  const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return `POST ${url} HTTP/1.1\r\nhost: x\r\n${others}${own.join('')}content-length: ${bytes.length}\r\n\r\n${bytes.toString('latin1')}`
}

const ROW = { inputs: [tensor('customer', 'BYTES', ['ann'])] }
const MANY = { inputs: [tensor('customer', 'BYTES', Array(200).fill('ann'))] }
const HEADERS = [
  id,
  '',
  ...['application/json', 'application/octet-stream', 'text/plain', 'APPLICATION/JSON', 'odd', '', 'application/json; charset=utf-8'].map(
    type => `${id}content-type: ${type}\r\n`,
  ),
  `${id}content-type: application/json\r\ncontent-type: text/plain\r\n`,
  ...['gzip', 'deflate;q=0.1', 'br', '*', ';', ',,', 'gzip;q=0', 'br, gzip'].map(coding => `${id}accept-encoding: ${coding}\r\n`),
  `${id}accept-encoding: br\r\nAccept-Encoding: gzip\r\n`,
  ...['gzip', 'identity', 'br'].map(coding => `${id}content-encoding: ${coding}\r\n`),
  ...['0', '1', '-1', '1e9', '', '18446744073709551616'].map(length => `${id}Inference-Header-Content-Length: ${length}\r\n`),
  `${id}inference-header-content-length: 1\r\ninference-header-content-length: 1\r\n`,
  `${id}host: y\r\n`,
  `${id}connection: close\r\n`,
  `${id}expect: 100-continue\r\n`,
]
const PATHS = [
  ...['score', 'nope', '__proto__', 'empty', 'empty.model', 'score.model', 'score%2Emodel', 'SCORE', ''].flatMap(name => [
    `/v2/models/${name}/infer`,
    `/v1/models/${name}:predict`,
  ]),
  ...['/v2/models/score/infer/', '/v2/models/score/infer?x=1', '/v2/models/score/versions/1/infer', '/V2/models/score/infer'],
  ...['/v1/models/score:PREDICT', '/v1/models/score/versions/1:predict', '/v1/models/score:predict?x', '/v1/models/score:classify'],
]

test('a corpus of requests', async () => {
  const infers = [ROW, MANY, { ...ROW, id: 'é\n"' }, {}, { inputs: [] }].map(body => JSON.stringify(body))
  const predicts = [{ instances: ['ann'] }, { inputs: { customer: Array(200).fill('ann') } }, { instances: ['nobody'] }].map(body =>
    JSON.stringify(body),
  )
  const broken = ['', '{', 'null', '"\xff"', '{"inputs":[]} x', '['.repeat(50_000)]
  for (const url of PATHS)
    for (const body of [...infers.slice(0, 1), ...predicts.slice(0, 1)])
      for (const method of ['POST', 'GET', 'PUT']) await alike(post({ url, body }).replace('POST', method))
  for (const headers of HEADERS)
    for (const url of ['/v2/models/score/infer', '/v1/models/score:predict'])
      for (const body of [...infers, ...predicts, ...broken]) await alike(post({ url, body }, headers))
  assert.match(await alike(post({ url: '/v2/models/score/infer', body: infers[0]! })), /^HTTP\/1\.1 200 OK\r\n[\s\S]*"data":\[1\]/)
  assert.match(await alike(post({ url: '/v1/models/score:predict', body: predicts[0]! })), /^HTTP\/1\.1 200 OK\r\n[\s\S]*"predictions":/)
})

test('raw tensors, alone and behind one another on a connection', async () => {
  const requests = INFERS.map(([name, sound]) => {
    const { inputs, ...others } = sound as Pick<typeof ROW, 'inputs'>
    return post({ url: `/v2/models/${name}/infer`, ...binaryRequest(inputs, others) })
  })
  for (const request of requests) assert.match(await alike(request), /^HTTP\/1\.1 200/)
  await alike(requests.join(''), requests.length)
})

test('bodies in pieces, too long and unended', async () => {
  const head = `POST /v2/models/score/infer HTTP/1.1\r\nhost: x\r\n${id}`
  await alike(`${head}transfer-encoding: chunked\r\n\r\n5\r\n{"inp\r\n8\r\nuts":[]}\r\n0\r\n\r\n`)
  await alike(`${head}content-length: ${LIMITS.inferBytes + 1}\r\n\r\n{`)
  await alike(`${head}content-length: 1x\r\n\r\n{`)
  await alike(post({ url: '/v2/models/score/infer', body: JSON.stringify({ ...ROW, id: 'x'.repeat(300_000) }) }))
})

test('whatever comes', async () => {
  const request = fc.tuple(fc.oneof(nearlyRightJson(), nearlyRightBytes()), fc.constantFrom(id, ...HEADERS))
  await fc.assert(
    fc.asyncProperty(request, async ([made, headers]) => {
      assert.doesNotMatch(await alike(post(made, headers)), /^HTTP\/1\.1 500/)
    }),
    RUNS,
  )
})
