/** A live answer of a key that nobody knows says so in every protocol. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { Resolver } from '../../src/resolve/index.ts'
import { scorerThat } from '../resolve/scorers.ts'
import { CLOCK, CUSTOMER, predictionOf } from '../server/house.ts'
import { ask, outputsOf, tensor } from './asked.ts'
import { protocolHouse } from './house.ts'

const house = await protocolHouse({
  resolvers: store => {
    const live = () => scorerThat(() => '0.7', { isOfUnknownKey: true })
    return [new Resolver({ prediction: predictionOf('risk', CUSTOMER, { mode: 'live' }), store, clock: CLOCK, live })]
  },
})
after(() => house.close())

test('natively', async () => {
  const one = (await ask(house, '/api/predictions/risk/answers/bob')).json() as Record<string, unknown>
  const { code, message } = one.reason as Record<string, string>
  assert.deepEqual([one.value, one.source, one.degraded, code], [0.7, 'live', true, 'unknown_key'])
  assert.match(message ?? '', /^Nothing is known of this key/)
})

test('as rows', async () => {
  const { predictions } = (await ask(house, '/v1/models/risk:predict', { body: { instances: [{ customer: 'bob' }] } })).json() as {
    predictions: Record<string, unknown>[]
  }
  const { value, source, degraded, reason } = predictions[0]!
  assert.deepEqual([value, source, degraded, reason], [0.7, 'live', true, 'unknown_key'])
})

test('as tensors', async () => {
  const outputs = ['value', 'source', 'degraded', 'reason'].map(name => ({ name }))
  const found = outputsOf(await ask(house, '/v2/models/risk/infer', { body: { inputs: [tensor('customer', 'BYTES', ['bob'])], outputs } }))
  assert.deepEqual(
    [...found.values()].map(({ data }) => data),
    [[0.7], ['live'], [true], ['unknown_key']],
  )
})
