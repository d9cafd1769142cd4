/** Tensors of the Open Inference Protocol: raw, compressed, and of models. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib'
import { LIMITS } from '../../src/server/index.ts'
import { ask, binaryRequest, outputsOf, tensor } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const JFK_LAX = [tensor('origin', 'BYTES', ['JFK']), tensor('destination', 'BYTES', ['LAX']), tensor('hour', 'INT64', [18])]
const QUOTE = [
  tensor('hour', 'INT64', [18]),
  tensor('distance', 'FP64', [100]),
  tensor('mean', 'FP64', [3.5]),
  tensor('rush', 'BOOL', [true]),
]
const LATE = '/v2/models/late/infer'

describe('the binary tensor extension', () => {
  test('goes in, comes out, and is mixed with JSON, with the lengths that it says', async () => {
    const { body, headers } = binaryRequest(JFK_LAX, {
      outputs: [{ name: 'value', parameters: { binary_data: true } }, { name: 'hour_less' }].slice(0, 1),
    })
    const asked = await ask(house, LATE, { body, headers })
    assert.equal(asked.headers['content-type'], 'application/octet-stream')
    assert.deepEqual(outputsOf(asked).get('value')!.raw, Buffer.from(Float64Array.of(0.31).buffer))
    const mixed = await ask(house, LATE, {
      body: {
        inputs: JFK_LAX,
        parameters: { binary_data_output: true },
        outputs: [{ name: 'source' }, { name: 'degraded' }, { name: 'value', parameters: { binary_data: false } }],
      },
    })
    const outputs = outputsOf(mixed)
    assert.deepEqual(outputs.get('source')!.raw, Buffer.from('\u0005\0\0\0store'))
    assert.deepEqual(outputs.get('degraded')!.raw, Buffer.from([0]))
    assert.deepEqual(outputs.get('value')!.data, [0.31])
  })

  test('NaN is NaN in both forms', async () => {
    const body = { inputs: [tensor('customer', 'BYTES', ['nobody', 'ann'])], parameters: { binary_data_output: true } }
    const raw = outputsOf(await ask(house, '/v2/models/score/infer', { body })).get('value')!.raw!
    assert.ok(Number.isNaN(raw.readDoubleLE(0)) && raw.readDoubleLE(8) === 1)
  })

  test('raw requests: the body is the one input', async () => {
    const headers = { 'inference-header-content-length': '0' }
    const text = outputsOf(await ask(house, '/v2/models/score/infer', { body: Buffer.from('Zoë 🚀'), headers }))
    assert.ok(Object.is(text.get('value')!.raw!.readDoubleLE(), -0))
    const rows = Buffer.from(Float32Array.of(18, 100, 10, 3.5, 0.9, 1, 2, 3, 4, 5).buffer)
    const numbers = outputsOf(await ask(house, '/v2/models/quote.model/infer', { body: rows, headers }))
    assert.deepEqual(numbers.get('probabilities')!.shape, [2, 2])
    const json = outputsOf(
      await ask(house, '/v2/models/quote.model/infer', {
        body: { inputs: [tensor('features', 'FP32', [...new Float32Array(rows.buffer, rows.byteOffset, 10)], [2, 5])] },
      }),
    )
    assert.deepEqual(
      [...new Float32Array(new Uint8Array(numbers.get('probabilities')!.raw!).buffer)],
      (json.get('probabilities')!.data as number[]).map(Math.fround),
    )
    for (const [url, body] of [
      ['/v2/models/score/infer', Buffer.from([0xff])],
      ['/v2/models/quote.model/infer', Buffer.alloc(21)],
      [LATE, Buffer.from('JFK')],
    ] as const)
      assert.equal((await ask(house, url, { body, headers })).status, 400)
  })

  test('lengths that do not hold are refused', async () => {
    const { body, headers } = binaryRequest(JFK_LAX)
    const json = Number(headers['inference-header-content-length'])
    const asked = (bytes: Buffer, length: string) =>
      ask(house, LATE, { body: bytes, headers: { 'inference-header-content-length': length } })
    for (const length of ['-1', '1e3', 'x', ' ', String(body.length + 1), '99999999999', String(json - 1), String(json + 1)])
      assert.equal((await asked(body, length)).status, 400, length)
    for (const cut of [1, 8, 9, 15]) assert.match((await asked(body.subarray(0, -cut), String(json))).text, /binary_data_size|length of/)
    assert.match((await asked(Buffer.concat([body, Buffer.from('x')]), String(json))).text, /1 bytes that no input takes/)
    const bad = Buffer.from(body)
    bad.writeUInt32LE(0xffffffff, json)
    assert.match((await asked(bad, String(json))).text, /length of 4294967295 bytes/)
    const bool = binaryRequest(QUOTE)
    bool.body[bool.body.length - 1] = 2
    assert.match((await ask(house, '/v2/models/quote/infer', bool)).text, /a byte that is neither; expected 0 or 1/)
  })

  test('gzip and deflate, both ways', async () => {
    const inputs = [tensor('customer', 'BYTES', Array(200).fill('ann'))]
    const { body, headers } = binaryRequest(inputs, { parameters: { binary_data_output: true } })
    const plain = await ask(house, '/v2/models/score/infer', { body, headers })
    for (const [coding, pack, unpack] of [
      ['gzip', gzipSync, gunzipSync],
      ['deflate', deflateSync, inflateSync],
    ] as const) {
      const packed = await ask(house, '/v2/models/score/infer', {
        body: pack(body),
        headers: { ...headers, 'content-encoding': coding, 'accept-encoding': `br, ${coding};q=0.5` },
      })
      assert.equal(packed.headers['content-encoding'], coding)
      assert.equal(packed.headers['inference-header-content-length'], plain.headers['inference-header-content-length'])
      assert.deepEqual(unpack(packed.bytes), plain.bytes)
    }
    assert.equal(
      (await ask(house, '/v2/models/score/infer', { body, headers: { ...headers, 'accept-encoding': 'gzip;q=0, identity' } })).headers[
        'content-encoding'
      ],
      undefined,
    )
    const bomb = gzipSync(Buffer.alloc(LIMITS.inferBytes + 1, 0x20))
    assert.equal((await ask(house, LATE, { body: bomb, headers: { 'content-encoding': 'gzip' } })).status, 413)
  })
})

describe('a model', () => {
  test('takes its tensors nested or flat, and with the tokens of Python', async () => {
    const ask1 = async (body: string) => (await ask(house, '/v2/models/quote.model/infer', { body })).text
    const input = (data: string) => `{"inputs":[{"name":"features","datatype":"FP32","shape":[2,5],"data":${data}}]}`
    const nested = await ask1(input('[[18,null,10,3.5,0.9],[1,1e400,3,4,5]]'))
    assert.match(nested, /"name":"label","datatype":"INT64","shape":\[2\]/)
    assert.equal(await ask1(input('[18,NaN,10,3.5,0.9,1,Infinity,3,4,5]')), nested)
  })

  test('refuses what does not fit, with 400', async () => {
    for (const [body, error] of [
      [{ inputs: [tensor('features', 'FP64', [1, 2, 3, 4, 5], [1, 5])] }, /datatype; found FP64; expected FP32/],
      [{ inputs: [tensor('features', 'FP32', [1, 2, 3, 4], [1, 4])] }, /shape; found \[1,4\]; expected \[-1,5\]/],
      [{ inputs: [tensor('features', 'FP32', [1, 2, 3, 4, 5], [1, 5])], parameters: { prefer: 'live' } }, /parameter `prefer`/],
    ] as const) {
      const asked = await ask(house, '/v2/models/quote.model/infer', { body })
      assert.equal(asked.status, 400)
      assert.match(asked.text, error)
    }
    const empty = await ask(house, '/v2/models/quote.model/infer', { body: { inputs: [tensor('features', 'FP32', [], [0, 5])] } })
    assert.ok([200, 400].includes(empty.status), empty.text)
  })

  test('texts in, and versions by digits of the release', async () => {
    const body = { inputs: [tensor('origin', 'BYTES', ['JFK', 'LAX'], [2, 1])] }
    const answers = await Promise.all(
      ['', '/versions/1', '/versions/7e87'].map(each => ask(house, `/v2/models/score.model${each}/infer`, { body })),
    )
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.deepEqual(outputsOf(answers[0]!).get('variable')!.shape, [2, 1])
    assert.equal((await ask(house, '/v2/models/score.model/versions/2/infer', { body })).status, 404)
  })
})
