/** The Open Inference Protocol to the letter: exchanges as they stand on the wire. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Resolver } from '../../src/resolve/index.ts'
import { Subjects } from '../../src/server/protocols/subjects.ts'
import { memoryStore } from '../../src/stores/index.ts'
import { CLOCK, CUSTOMER, predictionOf } from '../server/house.ts'
import { ask, outputsOf, tensor } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const version = house.release.slice(0, 12)
const JFK_LAX = [tensor('origin', 'BYTES', ['JFK']), tensor('destination', 'BYTES', ['LAX']), tensor('hour', 'INT64', [18])]
const QUOTE = [
  tensor('hour', 'INT64', [18]),
  tensor('distance', 'FP64', [100]),
  tensor('mean', 'FP64', [3.5]),
  tensor('rush', 'BOOL', [true]),
]
const LATE = '/v2/models/late/infer'
const output = (name: string, datatype: string, data: readonly unknown[]) => ({ name, datatype, shape: [data.length], data })

describe('what there is', () => {
  for (const [url, status, body] of [
    ['/v2', 200, { name: 'prescore', version: '0.1.0', extensions: ['binary_tensor_data'] }],
    ['/v2/health/live', 200, { live: true }],
    ['/v2/health/ready', 503, { error: 'The server is not ready; found nothing to answer with for empty.', code: 'not_ready' }],
    ['/v2/models/late/ready', 200, { name: 'late', ready: true }],
    ['/v2/models/late/versions/9f2c/ready', 200, { name: 'late', ready: true }],
    ['/v2/models/quote/versions/1/ready', 200, { name: 'quote', ready: true }],
    ['/v2/models/quote.model/ready', 200, { name: 'quote.model', ready: true }],
    ['/v2/models/empty/ready', 503, { error: 'The server is not ready: empty; found nothing to answer with.', code: 'not_ready' }],
    ['/v2/models/empty.model/ready', 503, { error: 'Nothing is published yet: empty.', code: 'nothing_published' }],
  ] as const) {
    test(`GET ${url}`, async () => {
      const asked = await ask(house, url)
      assert.deepEqual([asked.status, asked.json()], [status, body])
      assert.equal(asked.headers['content-type'], 'application/json')
      assert.equal(asked.headers['retry-after'] !== undefined, status === 503)
    })
  }

  test('metadata lists what a prediction takes, and all that its answers say', async () => {
    const { inputs, outputs, ...rest } = (await ask(house, '/v2/models/quote')).json() as {
      inputs: { name: string; datatype: string }[]
      outputs: object[]
    }
    assert.deepEqual(rest, { name: 'quote', versions: [version], platform: 'prescore_prediction' })
    assert.deepEqual(
      inputs.map(({ name, datatype }) => [name, datatype]),
      [
        ['hour', 'INT64'],
        ['distance', 'FP64'],
        ['flights', 'FP64'],
        ['mean', 'FP64'],
        ['rush', 'BOOL'],
        ['at', 'BYTES'],
      ],
    )
    assert.deepEqual(outputs.slice(0, 2), [
      { name: 'value', datatype: 'FP64', shape: [-1] },
      { name: 'source', datatype: 'BYTES', shape: [-1] },
    ])
  })

  test('metadata of a model is its own signature', async () => {
    assert.deepEqual((await ask(house, '/v2/models/quote.model')).json(), {
      name: 'quote.model',
      versions: [version],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 5] }],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
    })
  })

  test('the repository index has predictions and models; ready ones alone where that is asked', async () => {
    const names = async (body: string) =>
      ((await ask(house, '/v2/repository/index', { body })).json() as { name: string; state: string }[]).map(({ name }) => name)
    assert.deepEqual((await ask(house, '/v2/models')).json(), { models: await names('') })
    assert.ok((await names('{}')).includes('empty'))
    const ready = await names('{"ready":true}')
    assert.ok(ready.includes('quote.model') && !ready.includes('empty') && !ready.includes('empty.model'))
  })

  test('a model that takes no tensors is not listed', () => {
    const store = memoryStore()
    const kinds = { trees: 'onnx', plain: 'func', away: 'openInference' } as const
    const resolvers = Object.entries(kinds).map(([name, runtime]) => {
      const prediction = predictionOf(name, CUSTOMER)
      return new Resolver({ prediction: { ...prediction, model: { ...prediction.model, runtime } }, store, clock: CLOCK })
    })
    const subjects = new Subjects(
      resolvers.values(),
      () => assert.fail('none is opened'),
      () => {},
    )
    assert.deepEqual(subjects.names(), ['trees', 'plain', 'away', 'trees.model'])
  })

  test('other methods are 405 with Allow', async () => {
    for (const [method, url, allow] of [
      ['GET', LATE, 'POST'],
      ['POST', '/v2/models/late', 'GET, HEAD'],
      ['DELETE', '/v2', 'GET, HEAD'],
    ] as const) {
      const { status, headers, text } = await ask(house, url, { method })
      assert.deepEqual([status, headers.allow, JSON.parse(text).code], [405, allow, 'method_not_allowed'])
    }
  })
})

describe('a prediction', () => {
  test('an answer with all that it says', async () => {
    const { status, text } = await ask(house, LATE, { body: { id: 'a"1', model_name: 'late', inputs: JFK_LAX } })
    assert.equal(status, 200)
    assert.deepEqual(JSON.parse(text), {
      model_name: 'late',
      model_version: '9f2c',
      id: 'a"1',
      outputs: [
        output('value', 'FP64', [0.31]),
        output('source', 'BYTES', ['store']),
        output('computed_by', 'BYTES', ['batch']),
        output('as_of', 'BYTES', ['2001-06-15T03:00:00.000000Z']),
        output('age_seconds', 'FP64', [5400]),
        output('data_through', 'BYTES', ['2001-06-15T02:58:00.000000Z']),
        output('release', 'BYTES', ['9f2c']),
        output('run', 'BYTES', ['b81d']),
        output('degraded', 'BOOL', [false]),
        output('reason', 'BYTES', ['']),
        output('message', 'BYTES', ['']),
      ],
    })
  })

  test('a row that cannot be answered fails alone, and says why', async () => {
    const inputs = [tensor('customer', 'BYTES', ['nobody', 'ann', `${'x'.repeat(2000)}`])]
    const outputs = [{ name: 'value' }, { name: 'reason' }, { name: 'degraded' }, { name: 'source' }]
    const found = outputsOf(await ask(house, '/v2/models/score/infer', { body: { inputs, outputs } }))
    assert.deepEqual(
      [...found.values()].map(({ data }) => data),
      [
        [null, 1, null],
        ['unknown_key', '', 'invalid_key'],
        [true, false, true],
        ['', 'store', ''],
      ],
    )
  })

  test('where no row can be answered, the request fails: never 200', async () => {
    for (const data of [['nobody'], ['nobody', 'no one']]) {
      const asked = await ask(house, '/v2/models/score/infer', { body: { inputs: [tensor('customer', 'BYTES', data)] } })
      assert.deepEqual([asked.status, (asked.json() as { code: string }).code], [404, 'unknown_key'])
    }
    const empty = await ask(house, '/v2/models/empty/infer', { body: { inputs: [tensor('customer', 'BYTES', ['ann'])] } })
    assert.deepEqual([empty.status, empty.headers['retry-after'] !== undefined], [503, true])
  })

  test('int64 beyond 2^53 and -0 are exact', async () => {
    const body =
      '{"inputs":[{"name":"account","datatype":"INT64","shape":[2],"data":[9007199254740993,7]}],"outputs":[{"name":"value"},{"name":"reason"}]}'
    assert.match((await ask(house, '/v2/models/balance/infer', { body })).text, /"data":\[93,7\].*"data":\["stale","stale"\]/)
    const zoe = { inputs: [tensor('customer', 'BYTES', ['Zoë 🚀'])], outputs: [{ name: 'value' }] }
    assert.match((await ask(house, '/v2/models/score/infer', { body: zoe })).text, /"data":\[-0\.0\]/)
  })

  test('vectors have an axis more, and what has none is NaN', async () => {
    const body = { inputs: [tensor('customer', 'BYTES', ['ann', 'who', 'bob'])], outputs: [{ name: 'value' }] }
    const { shape, data } = outputsOf(await ask(house, '/v2/models/vector/infer', { body })).get('value')!
    assert.deepEqual(
      [shape, data],
      [
        [3, 2],
        [0.25, 0.75, null, null, 1, 0],
      ],
    )
    const mixed = { inputs: [tensor('customer', 'BYTES', ['ann', 'who'])] }
    assert.equal((await ask(house, '/v2/models/mixed/infer', { body: mixed })).status, 501)
  })

  test('inputs may be left out where they have a default, and NaN is a missing one', async () => {
    const value = async (inputs: object[], parameters = {}) =>
      outputsOf(await ask(house, '/v2/models/quote/infer', { body: { inputs, parameters } })).get('value')!.data
    const whole = await value([...QUOTE, tensor('flights', 'FP64', [10]), tensor('at', 'BYTES', [''])])
    assert.deepEqual(await value(QUOTE, { prefer: 'live', deadline_ms: 5000, timeout: 5_000_000, priority: 1, max_age_seconds: 1 }), whole)
    assert.deepEqual(
      await value(QUOTE.map(each => (each.name === 'distance' ? tensor('distance', 'FP32', [null]) : each))),
      await value(QUOTE.map(each => (each.name === 'distance' ? tensor('distance', 'FP64', [null], [1, 1]) : each))),
    )
    assert.deepEqual(await value(QUOTE.map(each => (each.name === 'hour' ? tensor('hour', 'UINT8', [18]) : each))), whole)
  })
})
