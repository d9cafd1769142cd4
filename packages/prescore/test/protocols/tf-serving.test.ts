/** TensorFlow Serving's REST API, and KServe's V1, to the letter. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { ask } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const LATE = '/v1/models/late:predict'
const JFK = { origin: 'JFK', destination: 'LAX', hour: 18 }
const QUOTE = '{"hour":18,"distance":100.5,"mean":3,"rush":true}'
const FOUND = {
  value: 0.31,
  source: 'store',
  computed_by: 'batch',
  as_of: '2001-06-15T03:00:00.000000Z',
  age_seconds: 5400,
  data_through: '2001-06-15T02:58:00.000000Z',
  release: '9f2c',
  run: 'b81d',
  degraded: false,
  reason: '',
  message: '',
}

describe('status and metadata', () => {
  const available = (name: string) => ({
    model_version_status: [{ version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } }],
    name,
    ready: true,
  })
  const waiting = (name: string, error_message: string) => ({
    model_version_status: [{ version: '1', state: 'START', status: { error_code: 'UNAVAILABLE', error_message } }],
    name,
    ready: false,
  })
  for (const [url, status, body] of [
    ['/v1/models/late', 200, available('late')],
    ['/v1/models/late/versions/1', 200, available('late')],
    ['/v1/models/late/labels/current', 200, available('late')],
    ['/v1/models/late/labels/9f2c', 200, available('late')],
    ['/v1/models/quote.model', 200, available('quote.model')],
    ['/v1/models/empty', 200, waiting('empty', 'The server is not ready: empty; found nothing to answer with.')],
    ['/v1/models/empty.model', 200, waiting('empty.model', 'Nothing is published yet: empty.')],
    ['/v1/models/nope', 404, { error: 'Servable not found for request: Latest(nope)', code: 'unknown_model' }],
    ['/v1/models/nope/labels/current', 404, { error: 'Servable not found for request: Latest(nope)', code: 'unknown_model' }],
    ['/v1/models/late/versions/7', 404, { error: 'Servable not found for request: Specific(late, 7)', code: 'unknown_model' }],
    [
      '/v1/models/late/labels/canary',
      400,
      { error: 'Unrecognized servable version label: canary; expected current, or first digits of the release', code: 'invalid_request' },
    ],
    ['/v1/models/late/versions/x', 400, { error: 'Malformed request: GET /v1/models/late/versions/x', code: 'invalid_request' }],
    ['/v1/models/late:predict', 400, { error: 'Malformed request: GET /v1/models/late:predict', code: 'invalid_request' }],
    ['/v1/models/a/b', 400, { error: 'Malformed request: GET /v1/models/a/b', code: 'invalid_request' }],
    ['/v1/', 400, { error: 'Malformed request: GET /v1/', code: 'invalid_request' }],
    ['/v1/models/__proto__', 404, { error: 'Servable not found for request: Latest(__proto__)', code: 'unknown_model' }],
    ['/v1/models/..%2Fx', 404, { error: 'Servable not found for request: Latest(../x)', code: 'unknown_model' }],
  ] as const) {
    test(`GET ${url}`, async () => {
      const asked = await ask(house, url)
      assert.deepEqual([asked.status, asked.json(), asked.headers['content-type']], [status, body, 'application/json'])
    })
  }

  test('metadata: signatures of a prediction', async () => {
    const { model_spec, metadata } = (await ask(house, '/v1/models/balance/metadata')).json() as {
      model_spec: object
      metadata: {
        signature_def: { signature_def: Record<string, { inputs: object; outputs: object; method_name: string; defaults: object }> }
      }
    }
    assert.deepEqual(model_spec, { name: 'balance', signature_name: '', version: '1' })
    const { serving_default, value } = metadata.signature_def.signature_def
    const info = (name: string, dtype: string) => ({
      dtype,
      tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false },
      name: `${name}:0`,
    })
    assert.deepEqual(value, {
      inputs: { account: info('account', 'DT_INT64') },
      outputs: { value: info('value', 'DT_DOUBLE') },
      method_name: 'tensorflow/serving/predict',
      defaults: {},
    })
    assert.deepEqual(Object.keys(serving_default!.outputs), Object.keys(FOUND))
  })

  test('KServe lists models', async () => {
    assert.ok(((await ask(house, '/v1/models')).json() as { models: string[] }).models.includes('quote.model'))
  })
})

describe('predict', () => {
  test('rows in, rows out', async () => {
    const { status, text } = await ask(house, LATE, { body: { instances: [JFK, { ...JFK, hour: 19 }] } })
    assert.equal(status, 200)
    assert.match(text, /"age_seconds":5400\.0/)
    const { predictions } = JSON.parse(text.replaceAll('NaN', 'null')) as { predictions: Record<string, unknown>[] }
    assert.deepEqual(predictions[0], FOUND)
    assert.deepEqual([predictions[1]!.value, predictions[1]!.reason, predictions[1]!.degraded], [null, 'unknown_key', true])
  })

  test('columns in, columns out; extra columns are not looked at', async () => {
    const body = { inputs: { origin: ['JFK'], destination: ['LAX'], hour: [18], airline: ['X'] }, signature_name: 'serving_default' }
    assert.deepEqual((await ask(house, LATE, { body })).json(), {
      outputs: Object.fromEntries(Object.entries(FOUND).map(([name, value]) => [name, [value]])),
    })
  })

  test('one input and one output: plain values, as numbers of this protocol', async () => {
    const values = async (url: string, body: string) => (await ask(house, url, { body })).text
    const value = '"signature_name":"value"'
    assert.equal(
      await values('/v1/models/score:predict', `{${value},"instances":["ann",{"b64":"Wm/DqyDwn5qA"}]}`),
      '{"predictions":[1.0,-0.0]}',
    )
    assert.equal(await values('/v1/models/score:predict', `{${value},"inputs":["ann"]} and what comes after`), '{"outputs":[1.0]}')
    assert.equal(await values('/v1/models/balance:predict', `{${value},"instances":[9007199254740993]}`), '{"predictions":[93.0]}')
    assert.equal(
      await values('/v1/models/vector:predict', `{${value},"instances":["ann","bob"]}`),
      '{"predictions":[[0.25,0.75],[1.0,0.0]]}',
    )
  })

  test('with nothing that tells why, a row without a value fails the request', async () => {
    const asked = await ask(house, '/v1/models/score:predict', { body: { signature_name: 'value', instances: ['ann', 'nobody'] } })
    assert.deepEqual([asked.status, (asked.json() as { code: string }).code], [404, 'unknown_key'])
    assert.match(asked.text, /row 1: There is no answer for this key/)
  })

  test('live from inputs, with and without optional ones, and the model itself: the same value', async () => {
    const live = async (row: string) =>
      (
        (await ask(house, '/v1/models/quote:predict', { body: `{"signature_name":"value","instances":[${row}]}` })).json() as {
          predictions: number[]
        }
      ).predictions[0]
    const model = (await ask(house, '/v1/models/quote.model:predict', { body: '{"instances":[[18,100.5,10,3,0.9]]}' })).json() as {
      predictions: { label: number; probabilities: number[] }[]
    }
    assert.equal(await live(QUOTE), model.predictions[0]!.probabilities[1])
    assert.equal(await live(QUOTE.replace('}', ',"flights":10,"at":""}')), await live(QUOTE))
    const nan = await live(QUOTE.replace('100.5', 'NaN'))
    assert.equal(typeof nan, 'number')
    const column = (
      await ask(house, '/v1/models/quote.model/versions/1:predict', {
        body: '{"inputs":{"features":[[18,NaN,10,3,0.9],[1,-Infinity,1e999,2,3]]}}',
      })
    ).json() as {
      outputs: { label: number[]; probabilities: number[][] }
    }
    assert.equal(column.outputs.probabilities[0]![1], nan)
    assert.equal(column.outputs.label.length, 2)
  })

  test('options are `parameters`; any content type, and gzip', async () => {
    const body = JSON.stringify({ instances: [JFK], parameters: { max_age_seconds: 1.5 } })
    const asked = await ask(house, '/v1/models/late/labels/current:predict', {
      body: gzipSync(body),
      headers: { 'content-encoding': 'gzip', 'content-type': 'application/x-www-form-urlencoded' },
    })
    const { predictions } = asked.json() as { predictions: (typeof FOUND)[] }
    assert.deepEqual([predictions[0]!.source, predictions[0]!.reason], ['stale', 'stale'])
  })
})

describe('classify and regress', () => {
  test('regress gives numbers, classify labels and scores', async () => {
    const example = JSON.parse(QUOTE) as object
    const regress = await ask(house, '/v1/models/quote:regress', { body: `{"examples":[${QUOTE},${QUOTE}]}` })
    assert.match(regress.text, /^\{"results":\[(0\.\d+),\1\]\}$/)
    const { mean: _, ...rest } = example as { mean: number }
    const context = await ask(house, '/v1/models/quote:regress', {
      body: { context: { mean: 3 }, examples: [rest, { ...rest, rush: 1 === 1 }] },
    })
    assert.equal(context.text, regress.text)
    const classify = await ask(house, '/v1/models/vector:classify', { body: { examples: [{ customer: 'ann' }, { customer: ['bob'] }] } })
    assert.equal(classify.text, '{"results":[[["0",0.25],["1",0.75]],[["0",1.0],["1",0.0]]]}')
    const model = await ask(house, '/v1/models/quote.model:classify', { body: '{"examples":[{"features":[18.0,100.5,10.0,3.0,0.9]}]}' })
    assert.match(model.text, /^\{"results":\[\[\["0",0\.\d+\],\["1",0\.\d+\]\]\]\}$/)
  })
})
