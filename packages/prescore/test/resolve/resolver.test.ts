import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Clock, formatInstant, instantUs, PrescoreError } from '../../src/base/index.ts'
import { encodeKey, type Key, type KeyColumns, type PolicyDefinition, type PredictionDefinition } from '../../src/project/index.ts'
import { answerJson, answerObject, Resolver } from '../../src/resolve/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'
import { answered } from './answered.ts'

const SLOT = { origin: 'string', destination: 'string', hour: 'int64' } as const
const KEY = { origin: 'JFK', destination: 'LAX', hour: 18 }
const AS_OF_US = instantUs('2001-06-15T03:00:00Z', 'as-of')
const THROUGH_US = instantUs('2001-06-15T02:58:00Z', 'data through')

function predictionOf(policy: Partial<PolicyDefinition>, entity: KeyColumns = SLOT): PredictionDefinition {
  return {
    name: 'late',
    entity,
    inputs: {},
    joins: {},
    features: [],
    model: { runtime: 'onnx', file: 'late.onnx', output: 'probabilities' },
    policy: { mode: 'hybrid', ...policy },
    gates: { coverage: 1 },
    outputs: {},
  }
}

/** A clock that stands still until it is set. */
function standingClock(nowUs: number): Clock & { set(us: number): void } {
  let us = nowUs
  return {
    nowUs: () => us,
    set: to => {
      us = to
    },
  }
}

async function publish(store: Store, run: string, values: readonly (readonly [Key, string])[], columns: KeyColumns = SLOT): Promise<void> {
  const rows = values
    .map(([key, valueText]) => ({ keyBytes: encodeKey(columns, key), valueText }))
    .sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes))
  await store.predictions.load(headerOf(run, rows.length, { asOfUs: AS_OF_US, dataThroughUs: THROUGH_US }), rows)
  store.catalog.putRun(runRecord(run))
  store.catalog.publish('late', run, store.catalog.pointer('late')?.run ?? null)
}

const rejects = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code
const afterSeconds = (seconds: number) => standingClock(AS_OF_US + seconds * 1_000_000)

describe('a stored answer', () => {
  test('has these members in this order, the value as it was stored', async () => {
    const store = memoryStore()
    await publish(store, 'b81d', [[KEY, '0.31']])
    const resolver = new Resolver({ prediction: predictionOf({ maxAgeUs: 86_400_000_000 }), store, clock: afterSeconds(5_400) })
    assert.equal(
      answerJson(answered(resolver.answer(KEY))),
      '{"prediction":"late","key":{"origin":"JFK","destination":"LAX","hour":18},"value":0.31,"source":"store","computedBy":"batch",' +
        '"asOf":"2001-06-15T03:00:00.000000Z","ageSeconds":5400,"dataThrough":"2001-06-15T02:58:00.000000Z","release":"9f2c","run":"b81d","degraded":false}',
    )
  })

  test('says the same as text and as object, whatever key and value', async () => {
    const anyKey = fc.record({
      origin: fc.string({ unit: 'grapheme' }),
      destination: fc.string({ unit: 'binary' }),
      hour: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    })
    const anyValue = fc.oneof(
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })),
    )
    await fc.assert(
      fc.asyncProperty(anyKey, anyValue, fc.boolean(), async (key, value, isStale) => {
        const store = memoryStore()
        await publish(store, 'b81d', [[key, JSON.stringify(value)]])
        const resolver = new Resolver({ prediction: predictionOf({ maxAgeUs: 1_000_000 }), store, clock: afterSeconds(isStale ? 9 : 1) })
        const parts = answered(resolver.answer(key))
        const { key: keyThere, ...answer } = answerObject(parts)
        const { key: keyRead, ...read } = JSON.parse(answerJson(parts), (name, member, { source }: { source?: string } = {}) =>
          name === 'hour' ? BigInt(source as string) : member,
        ) as { key: unknown }
        assert.deepEqual(read, JSON.parse(JSON.stringify(answer)))
        assert.deepEqual(keyRead, { origin: key.origin, destination: key.destination, hour: key.hour })
        assert.deepEqual(keyThere, key)
        assert.deepEqual(Object.keys(read), Object.keys(answer))
      }),
      { numRuns: 60 },
    )
  })

  test('leaves the fingerprint out', async () => {
    const store = memoryStore()
    const row = { keyBytes: encodeKey(SLOT, KEY), valueText: '[1,2]', fingerprint: Buffer.alloc(16, 0x22), inputsText: '{}' }
    await store.predictions.load(headerOf('1', 1, { fingerprintBytes: 16, asOfUs: AS_OF_US }), [row])
    store.catalog.putRun(runRecord('1'))
    store.catalog.publish('late', '1', null)
    assert.deepEqual(answerObject(answered(new Resolver({ prediction: predictionOf({}), store }).answer(KEY))).value, [1, 2])
  })

  test('ages with the clock, and is never fresher than it says', async () => {
    const store = memoryStore()
    await publish(store, '1', [[KEY, '1']])
    const clock = afterSeconds(0)
    const resolver = new Resolver({ prediction: predictionOf({ maxAgeUs: 60_000_000 }), store, clock })
    const ages = [0, 1, 999_999, 1_000_000, 1_000_001, 60_000_000, -5_000_000].map(us => {
      clock.set(AS_OF_US + us)
      const { ageSeconds, source } = answerObject(answered(resolver.answer(KEY)))
      return [ageSeconds, source]
    })
    assert.deepEqual(
      ages,
      [0, 1, 1, 1, 2, 60, 0].map(age => [age, 'store']),
    )
  })

  test('has no data-through where there was none', async () => {
    const store = memoryStore()
    await store.predictions.load(headerOf('1', 1, { asOfUs: AS_OF_US, dataThroughUs: null }), [
      { keyBytes: encodeKey(SLOT, KEY), valueText: '1' },
    ])
    store.catalog.putRun(runRecord('1'))
    store.catalog.publish('late', '1', null)
    const answer = answerObject(answered(new Resolver({ prediction: predictionOf({}), store }).answer(KEY)))
    assert.deepEqual([answer.dataThrough, answer.asOf], [null, formatInstant(AS_OF_US)])
  })
})

describe('beyond max age', () => {
  test('the answer is stale, and says so, before any default', async () => {
    const store = memoryStore()
    await publish(store, 'b81d', [[KEY, '0.31']])
    const policy = { maxAgeUs: 60_000_000, default: { value: 0.5 } }
    const resolver = new Resolver({ prediction: predictionOf(policy), store, clock: afterSeconds(61) })
    const { source, value, degraded, reason, ageSeconds, run } = answerObject(answered(resolver.answer(KEY)))
    assert.deepEqual(
      { source, value, degraded, ageSeconds, run },
      { source: 'stale', value: 0.31, degraded: true, ageSeconds: 61, run: 'b81d' },
    )
    assert.deepEqual(reason, { code: 'stale', message: 'The stored answer is 61 s old; max age is 60 s.' })
    assert.ok(answerJson(answered(resolver.answer(KEY))).endsWith(`"degraded":true,"reason":${JSON.stringify(reason)}}`))
  })

  test('a request may ask for less, and allow more', async () => {
    const store = memoryStore()
    await publish(store, '1', [[KEY, '1']])
    const resolver = new Resolver({ prediction: predictionOf({ maxAgeUs: 60_000_000 }), store, clock: afterSeconds(50) })
    const sourceWith = (maxAgeSeconds: number) => answerObject(answered(resolver.answer(KEY, { maxAgeSeconds }))).source
    assert.deepEqual([0, 49, 49.9, 50, 1e9].map(sourceWith), ['stale', 'stale', 'stale', 'store', 'store'])
    const late = new Resolver({ prediction: predictionOf({ maxAgeUs: 10_000_000 }), store, clock: afterSeconds(50) })
    assert.deepEqual(
      [answerObject(answered(late.answer(KEY))).source, answerObject(answered(late.answer(KEY, { maxAgeSeconds: 50 }))).source],
      ['stale', 'store'],
    )
  })
})

describe('without a stored answer', () => {
  const NULLS = { computedBy: null, asOf: null, ageSeconds: null, dataThrough: null, release: null, run: null, degraded: true }

  test('the default answers, of no run, and says why', async () => {
    const store = memoryStore()
    const prediction = predictionOf({ default: { value: [0.5, 0.5] } })
    const resolver = new Resolver({ prediction, store })
    assert.deepEqual(answerObject(answered(resolver.answer(KEY))), {
      prediction: 'late',
      key: KEY,
      value: [0.5, 0.5],
      source: 'default',
      ...NULLS,
      reason: { code: 'nothing_published', message: 'Nothing is published yet: late.' },
    })
    await publish(store, '1', [[KEY, '1']])
    assert.equal(answerObject(answered(resolver.answer(KEY))).source, 'store')
    assert.deepEqual(answerObject(answered(resolver.answer({ ...KEY, hour: 19 }))).reason, {
      code: 'unknown_key',
      message: 'There is no answer for this key: late {"origin":"JFK","destination":"LAX","hour":19}.',
    })
  })

  test('the default may be null, and give its own reason', () => {
    const resolver = new Resolver({ prediction: predictionOf({ default: { value: null, reason: 'no score yet' } }), store: memoryStore() })
    const { value, reason, source } = answerObject(answered(resolver.answer(KEY)))
    assert.deepEqual(
      { value, source, reason },
      { value: null, source: 'default', reason: { code: 'nothing_published', message: 'no score yet' } },
    )
  })

  test('without a default it is an error', async () => {
    const store = memoryStore()
    const resolver = new Resolver({ prediction: predictionOf({}), store })
    assert.throws(() => resolver.answer(KEY), rejects('nothing_published'))
    await publish(store, '1', [[KEY, '1']])
    assert.throws(
      () => resolver.answer({ ...KEY, origin: 'jfk' }),
      (error: PrescoreError) => rejects('unknown_key')(error) && error.message.includes('"origin":"jfk"'),
    )
  })

  test('a live prediction does not look into the store', async () => {
    const store = memoryStore()
    await publish(store, '1', [[KEY, '1']])
    assert.throws(() => new Resolver({ prediction: predictionOf({ mode: 'live' }), store }).answer(KEY), rejects('no_answer'))
    const answer = answerObject(
      answered(new Resolver({ prediction: predictionOf({ mode: 'live', default: { value: 2 } }), store }).answer(KEY)),
    )
    assert.deepEqual([answer.value, answer.reason?.code], [2, 'no_answer'])
  })

  test('a prediction without an entity has only its default', () => {
    const { entity: _, ...prediction } = predictionOf({ mode: 'live', default: { value: 1 } })
    assert.ok(
      answerJson(answered(new Resolver({ prediction, store: memoryStore() }).answer({}))).startsWith(
        '{"prediction":"late","key":{},"value":1,',
      ),
    )
  })
})

describe('the key', () => {
  test('is never coerced', async () => {
    const store = memoryStore()
    const columns = { id: 'string' } as const
    await publish(store, '1', [[{ id: '1' }, '1']], columns)
    const resolver = new Resolver({ prediction: predictionOf({}, columns), store })
    assert.equal(answerObject(answered(resolver.answer({ id: '1' }))).value, 1)
    for (const id of ['01', ' 1', '1.0', '']) assert.throws(() => resolver.answer({ id }), rejects('unknown_key'))
    assert.throws(() => resolver.answer({ id: 1 }), rejects('invalid_key'))
    assert.throws(() => resolver.answer({}), rejects('invalid_key'))
  })
})

describe('publishing and rolling back', () => {
  test('are seen at the next request, and again', async () => {
    const store = memoryStore()
    const resolver = new Resolver({ prediction: predictionOf({}), store })
    const seen = () => {
      const { value, run } = answerObject(answered(resolver.answer(KEY)))
      return [value, run, resolver.served()?.run]
    }
    for (const run of ['1', '2', '3']) {
      await publish(store, run, [[KEY, run]])
      assert.deepEqual(seen(), [Number(run), run, run])
    }
    store.catalog.rollback('late')
    assert.deepEqual(seen(), [2, '2', '2'])
    store.catalog.rollback('late')
    assert.deepEqual(seen(), [1, '1', '1'])
    await publish(store, '4', [[KEY, '4']])
    assert.deepEqual(seen(), [4, '4', '4'])
    resolver.close()
    assert.deepEqual(seen(), [4, '4', '4'])
  })

  test('a published run whose answers are gone is an error, degraded to the default where there is one, until it is loaded again', async () => {
    const store = memoryStore()
    const [bare, defaulted] = [{}, { default: { value: 9 } }].map(policy => new Resolver({ prediction: predictionOf(policy), store }))
    store.catalog.putRun(runRecord('1'))
    store.catalog.publish('late', '1', null)
    assert.throws(() => bare?.answer(KEY), rejects('store_unreadable'))
    assert.equal(bare?.isReady(), false)
    assert.equal(defaulted?.isReady(), true)
    assert.deepEqual(answerObject(answered((defaulted as Resolver).answer(KEY))).reason?.code, 'store_unreadable')
    await store.predictions.load(headerOf('1', 1, { asOfUs: AS_OF_US }), [{ keyBytes: encodeKey(SLOT, KEY), valueText: '7' }])
    assert.equal(answerObject(answered((bare as Resolver).answer(KEY))).value, 7)
    assert.equal(answerObject(answered((defaulted as Resolver).answer(KEY))).value, 7)
  })
})

test('readiness: something published, or a default', async () => {
  const store = memoryStore()
  const resolver = new Resolver({ prediction: predictionOf({}), store })
  assert.equal(resolver.isReady(), false)
  assert.equal(new Resolver({ prediction: predictionOf({ default: { value: null } }), store }).isReady(), true)
  await publish(store, '1', [[KEY, '1']])
  assert.equal(resolver.isReady(), true)
})
