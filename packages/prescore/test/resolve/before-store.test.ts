/** What stands before the store: a human's value, and what was answered a moment ago. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import type { LiveScorer } from '../../src/live/index.ts'
import { encodeKey, type Key } from '../../src/project/index.ts'
import { type AnswerOptions, answerJson, answerObject, Resolver } from '../../src/resolve/index.ts'
import type { Store } from '../../src/stores/index.ts'
import { answered } from './answered.ts'
import { ANN, CUSTOMER, HOUR_US, place, predictionOf, resolverWith } from './place.ts'
import { scorerThat } from './scorers.ts'

describe('memory', () => {
  test('gives a live answer again for a while, with its age', async () => {
    const scorer = scorerThat(() => '0.7')
    const { ask, clock } = await resolverWith(() => scorer, { rememberUs: 10_000_000 })
    await ask()
    clock.pass(10_000_000)
    const again = await ask()
    assert.deepEqual([again.source, again.computedBy, again.ageSeconds, again.asOf], ['memory', 'live', 10, '2001-06-15T05:00:00.000000Z'])
    clock.pass(1)
    assert.equal((await ask()).source, 'live')
    assert.equal(scorer.requests.length, 2)
  })

  test('is of the key and the inputs, and never of what-ifs, moments gone by, or a feed that lags', async () => {
    const { store, clock } = await place(2 * HOUR_US)
    const prediction = predictionOf({ mode: 'live', rememberUs: HOUR_US, maxLagUs: 1 }, { inputs: { amount: 'float64' } })
    let throughUs: number | null = null
    const live = () => scorerThat(() => '1', { dataThroughUs: throughUs })
    const resolver = new Resolver({ prediction, store, clock, live, attributes: {} })
    const source = async (options: AnswerOptions, key: Key = ANN) => answerObject(await resolver.answer(key, options)).source
    assert.deepEqual([await source({ inputs: { amount: 1 } }), await source({ inputs: { amount: 1 } })], ['live', 'memory'])
    assert.equal(await source({ inputs: { amount: 2 } }), 'live')
    assert.equal(await source({ inputs: { amount: 1 } }, { id: 'bob' }), 'live')
    for (let i = 0; i < 2; i++) assert.equal(await source({ inputs: { amount: 3 }, attributes: {} }), 'live')
    for (let i = 0; i < 2; i++) assert.equal(await source({ inputs: { amount: 4 }, asOfUs: clock.nowUs() - 5 }), 'live')
    throughUs = clock.nowUs() - 2
    for (let i = 0; i < 2; i++) assert.equal(await source({ inputs: { amount: 5 } }), 'live')
  })

  test('is of the release that answers now; while none does, what was answered stands', async () => {
    const { store, clock } = await place(2 * HOUR_US)
    const prediction = predictionOf({ mode: 'live', rememberUs: HOUR_US })
    const of = (release: string) => scorerThat(() => '1', { release })
    let scorer: LiveScorer | PrescoreError = of('77aa')
    const live = () => {
      if (scorer instanceof PrescoreError) throw scorer
      return scorer
    }
    const resolver = new Resolver({ prediction, store, clock, live, attributes: {} })
    const answer = async () => {
      const { source, release } = answerObject(await resolver.answer(ANN))
      return [source, release]
    }
    assert.deepEqual(
      [await answer(), await answer()],
      [
        ['live', '77aa'],
        ['memory', '77aa'],
      ],
    )
    scorer = new PrescoreError('model_unavailable', {})
    assert.deepEqual(await answer(), ['memory', '77aa'])
    scorer = of('88bb')
    assert.deepEqual(
      [await answer(), await answer()],
      [
        ['live', '88bb'],
        ['memory', '88bb'],
      ],
    )
  })

  test('an input that is not given is not one that is given as missing', async () => {
    const { store, clock } = await place(2 * HOUR_US)
    const prediction = predictionOf({ mode: 'live', rememberUs: HOUR_US }, { inputs: { amount: 'float64' }, inputDefaults: { amount: 0 } })
    const scorer = scorerThat(({ inputs }) => (inputs.amount === null ? '1' : '2'))
    const resolver = new Resolver({ prediction, store, clock, live: () => scorer, attributes: {} })
    const answerTo = async (options: AnswerOptions) => {
      const { value, source } = answerObject(await resolver.answer(ANN, options))
      return [value, source]
    }
    assert.deepEqual(await answerTo({}), [2, 'live'])
    assert.deepEqual(await answerTo({ inputs: { amount: null } }), [1, 'live'])
    assert.deepEqual(
      [await answerTo({}), await answerTo({ inputs: { amount: null } })],
      [
        [2, 'memory'],
        [1, 'memory'],
      ],
    )
  })
})

describe('an override', () => {
  const set = (store: Store, more: { readonly valueText?: string; readonly expiresAtUs?: number | null } = {}) =>
    store.overrides.set({
      prediction: 'churn',
      key: encodeKey(CUSTOMER, ANN).toString('hex'),
      valueText: '0.01',
      author: 'kim',
      reason: 'signed a contract',
      expiresAtUs: null,
      ...more,
    })

  test('stands before everything, says who and why, and is seen at once', async () => {
    const { store, ask, resolver } = await resolverWith(() => scorerThat(() => '0.7'))
    assert.equal((await ask()).source, 'live')
    set(store)
    const answer = await ask()
    assert.deepEqual(answer, {
      prediction: 'churn',
      key: ANN,
      value: 0.01,
      source: 'override',
      computedBy: 'human',
      asOf: '2001-06-15T05:00:00.000000Z',
      ageSeconds: 0,
      dataThrough: null,
      release: null,
      run: null,
      degraded: false,
      override: { author: 'kim', reason: 'signed a contract', expiresAt: null },
    })
    assert.deepEqual(JSON.parse(answerJson(answered(resolver.answer(ANN)))), answer)
    assert.equal((await ask({}, { id: 'bob' })).source, 'live')
  })

  test('ends when it expires, and when it is taken back', async () => {
    const { store, ask, clock } = await resolverWith(() => scorerThat(() => '0.7'))
    const { key } = set(store, { expiresAtUs: clock.nowUs() + 10 })
    assert.equal((await ask()).override?.expiresAt, '2001-06-15T05:00:00.000010Z')
    clock.pass(10)
    assert.equal((await ask()).source, 'live')
    set(store, { valueText: '[1,2]' })
    assert.deepEqual((await ask()).value, [1, 2])
    store.overrides.remove('churn', key)
    assert.equal((await ask()).source, 'live')
    assert.throws(() => store.overrides.remove('churn', key), { code: 'override_not_found' })
  })

  test('does not answer a what-if', async () => {
    const { store, ask } = await resolverWith(() => scorerThat(() => '0.7'))
    set(store)
    assert.equal((await ask({ attributes: {} })).source, 'live')
  })
})
