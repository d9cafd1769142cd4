/** The live step and what-ifs: what is asked, what answers, and what the answers say. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PrescoreError } from '../../src/base/index.ts'
import { answerJson, answerObject, Resolver } from '../../src/resolve/index.ts'
import { answered } from './answered.ts'
import { ANN, HOUR_US, pick, place, predictionOf, resolverWith, START_US } from './place.ts'
import { scorerThat } from './scorers.ts'

describe('live', () => {
  test('answers when the store is stale, and says which release and up to which data', async () => {
    const scorer = scorerThat(() => '0.7', { dataThroughUs: START_US + HOUR_US })
    const { resolver, clock } = await resolverWith(() => scorer)
    assert.equal(
      answerJson(answered(resolver.answer(ANN))),
      '{"prediction":"churn","key":{"id":"ann"},"value":0.7,"source":"live","computedBy":"live","asOf":"2001-06-15T05:00:00.000000Z","ageSeconds":0,' +
        '"dataThrough":"2001-06-15T04:00:00.000000Z","release":"77aa","run":null,"degraded":false}',
    )
    assert.partialDeepStrictEqual(scorer.requests[0], { key: ANN, inputs: {}, asOfUs: clock.nowUs(), deadlineAtMs: undefined })
  })

  test('of a key that nobody knows it is degraded, but not where the published run has the key', async () => {
    const scorer = scorerThat(() => '0.7', { isOfUnknownKey: true })
    for (const options of [{}, { prefer: 'live' }] as const) {
      const { ask } = await resolverWith(() => scorer, { default: { value: 9 }, rememberUs: HOUR_US })
      for (let i = 0; i < 2; i++) assert.deepEqual(pick(await ask(options, { id: 'bob' })), ['live', 0.7, true, 'unknown_key'])
      assert.deepEqual(pick(await ask(options)), ['live', 0.7, false, undefined])
    }
  })

  test('is not asked while the store is fresh, unless the request prefers it', async () => {
    const scorer = scorerThat(() => '0.7')
    const { ask } = await resolverWith(() => scorer, {}, 60_000_000)
    assert.equal((await ask()).source, 'store')
    assert.equal(scorer.requests.length, 0)
    assert.equal((await ask({ prefer: 'live' })).source, 'live')
  })

  test('answers a key that the batch did not have', async () => {
    const { ask } = await resolverWith(() => scorerThat(() => '0.2'), {}, 0)
    assert.deepEqual(pick(await ask({}, { id: 'new' })), ['live', 0.2, false, undefined])
  })

  test('that fails leaves it to the stale answer, which says both', async () => {
    const { ask } = await resolverWith(() => {
      throw new PrescoreError('not_ready', { where: 'predictions.churn', found: 'features that are being filled' })
    })
    const { source, value, reason, degraded } = await ask()
    assert.deepEqual([source, value, degraded, reason?.code], ['stale', 0.5, true, 'not_ready'])
    assert.match(reason?.message ?? '', /features that are being filled.* The stored answer is 7200 s old; max age is 3600 s\.$/)
  })

  test('that a request prefers, and that fails, makes a fresh stored answer a degraded one', async () => {
    const { ask } = await resolverWith(() => scorerThat(() => Promise.reject(new PrescoreError('model_failed'))), {}, 60_000_000)
    assert.deepEqual(pick(await ask({ prefer: 'live' })), ['store', 0.5, true, 'model_failed'])
    assert.deepEqual(pick(await ask()), ['store', 0.5, false, undefined])
  })

  test('on a feed that lags lies outside of the policy', async () => {
    const live = () => scorerThat(() => '0.7', { dataThroughUs: START_US })
    const { ask } = await resolverWith(live, { maxLagUs: HOUR_US })
    assert.deepEqual(pick(await ask()), ['live', 0.7, true, 'ingest_lag'])
    const fresh = await resolverWith(live, { maxLagUs: HOUR_US, maxAgeUs: 3 * HOUR_US })
    assert.deepEqual(pick(await fresh.ask({ prefer: 'live' })), ['store', 0.5, true, 'ingest_lag'])
  })

  test('without anything else to answer, its error is the error', async () => {
    const { ask } = await resolverWith(() => scorerThat(() => Promise.reject(new PrescoreError('overloaded'))), { mode: 'live' })
    await assert.rejects(ask(), { code: 'overloaded' })
    const withDefault = await resolverWith(() => scorerThat(() => Promise.reject(new PrescoreError('overloaded'))), {
      mode: 'live',
      default: { value: 0.1, reason: 'no score' },
    })
    assert.deepEqual(pick(await withDefault.ask()), ['default', 0.1, true, 'overloaded'])
    assert.equal((await withDefault.ask()).reason?.message, 'no score')
  })

  test('gets the deadline, as of when it was asked', async () => {
    const scorer = scorerThat(() => '1')
    const { ask } = await resolverWith(() => scorer, { deadlineUs: 50_000 })
    const before = performance.now()
    await ask()
    await ask({ deadlineMs: 5_000 })
    const [first, second] = scorer.requests.map(({ deadlineAtMs = 0 }) => deadlineAtMs - before)
    assert.ok((first as number) >= 50 && (first as number) < 1_000)
    assert.ok((second as number) >= 5_000)
  })

  test('is not tried any more after failures in a row, and then again', async () => {
    let isDead = true
    const scorer = scorerThat(() => (isDead ? Promise.reject(new PrescoreError('model_failed')) : '1'))
    const { ask } = await resolverWith(() => scorer)
    for (let i = 0; i < 4; i++) assert.equal((await ask()).reason?.code, 'model_failed')
    await sleep(550)
    for (let i = 0; i < 5; i++) assert.equal((await ask()).reason?.code, 'model_failed')
    assert.equal(scorer.requests.length, 5)
    isDead = false
    await sleep(1_100)
    assert.equal((await ask()).source, 'live')
  })

  test('as of a moment: the clock may not be far behind it', async () => {
    const scorer = scorerThat(() => '1')
    const { ask, clock } = await resolverWith(() => scorer)
    const asOfUs = clock.nowUs() - 30_000_000
    const { asOf, ageSeconds } = await ask({ asOfUs })
    assert.deepEqual([asOf, ageSeconds, scorer.requests[0]?.asOfUs], ['2001-06-15T04:59:30.000000Z', 30, asOfUs])
    await assert.rejects(ask({ asOfUs: clock.nowUs() + HOUR_US }), { code: 'as_of_out_of_range' })
  })

  test('a stored answer of a later moment does not hold for an earlier one', async () => {
    const { ask } = await resolverWith(() => scorerThat(() => '1'), {}, 60_000_000)
    assert.equal((await ask({ asOfUs: START_US - 1 })).source, 'live')
    assert.equal((await ask({ asOfUs: START_US })).source, 'store')
  })
})

describe('a what-if', () => {
  test('is answered live only, with what was set, and says so', async () => {
    const scorer = scorerThat(() => '0.9')
    const { ask, resolver } = await resolverWith(() => scorer, {}, 0)
    const attributes = { orders: { count: 3 } }
    const answer = await ask({ attributes })
    assert.deepEqual([answer.source, answer.whatIf, answer.value], ['live', true, 0.9])
    assert.deepEqual(scorer.requests[0]?.attributes, attributes)
    assert.ok(answerJson(answered(resolver.answer(ANN, { attributes }))).endsWith('"degraded":false,"whatIf":true}'))
  })

  test('needs no key', async () => {
    const { resolver, ask } = await resolverWith(() => scorerThat(() => '0.9'))
    assert.equal(answerObject(await resolver.answer(undefined, { attributes: {} })).key, null)
    await assert.rejects(async () => resolver.answer(undefined), { code: 'invalid_key' })
    assert.equal((await ask({ attributes: {} })).key, ANN)
  })

  test('is refused where nothing is answered live', async () => {
    const { ask } = await resolverWith(() => scorerThat(() => '1'), { mode: 'batch' })
    await assert.rejects(ask({ attributes: {} }), { code: 'invalid_request' })
  })
})

test('explain tells the steps in order with what each came to, and the features', async () => {
  const { ask } = await resolverWith(() => scorerThat(() => '0.7'))
  assert.deepEqual((await ask({ explain: true })).explain, {
    steps: [
      { step: 'override', outcome: 'none' },
      { step: 'store', outcome: 'none' },
      { step: 'live', outcome: 'answered' },
    ],
    features: { amount: 1, mean: null },
  })
  const { ask: askStale } = await resolverWith(() => scorerThat(() => Promise.reject(new PrescoreError('model_failed'))))
  const { steps = [] } = (await askStale({ explain: true })).explain ?? {}
  assert.deepEqual(steps.slice(2), [
    { step: 'live', outcome: 'model_failed' },
    { step: 'stale', outcome: 'stale' },
  ])
})

test('a keyless prediction is answered live, else by its default', async () => {
  const { store, clock } = await place()
  const { entity: _, ...keyless } = predictionOf({ mode: 'live', default: { value: 0.5 } }, { inputs: { amount: 'float64' } })
  const resolver = new Resolver({ prediction: keyless, store, clock, live: () => scorerThat(({ inputs }) => String(inputs.amount)) })
  const { key, value, source } = answerObject(await resolver.answer(undefined, { inputs: { amount: 7 } }))
  assert.deepEqual([key, value, source], [null, 7, 'live'])
  const dead = new Resolver({
    prediction: keyless,
    store,
    clock,
    live: () => scorerThat(() => Promise.reject(new PrescoreError('missing_input'))),
  })
  assert.deepEqual(pick(answerObject(await dead.answer(undefined))), ['default', 0.5, true, 'missing_input'])
})
