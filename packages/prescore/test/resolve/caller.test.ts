/** Callers who leave, as the resolver sees them. What a server makes of it: `test/server/leaving.test.ts`. */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import type { LeavingSignal } from '../../src/models/index.ts'
import { answered } from './answered.ts'
import { ANN, pick, resolverWith } from './place.ts'
import { scorerThat } from './scorers.ts'

class Person extends EventEmitter {
  destroyed = false

  leave(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const isCancelled = (error: unknown) => error instanceof PrescoreError && error.code === 'cancelled'

test('a stored answer does not look at who asks', async () => {
  const { resolver } = await resolverWith(() => assert.fail('no live step'), {}, 0)
  const caller = new Proxy(new Person(), { get: (_, name) => assert.fail(`asked for ${String(name)}`) })
  assert.equal(answered(resolver.answer(ANN, {}, caller)).valueText, '0.5')
})

test('all that one caller waits for hears of it when he leaves, by one listener', async () => {
  const scorer = scorerThat(() => '0.7')
  const { resolver } = await resolverWith(() => scorer)
  const caller = new Person()
  for (let i = 0; i < 20; i++) void resolver.answer(ANN, {}, caller)
  const signals = scorer.requests.map(({ signal }) => signal as LeavingSignal)
  assert.deepEqual([signals.length, caller.listenerCount('close')], [20, 0], 'nobody listens to him before a scorer does')
  const left: number[] = []
  signals.forEach((signal, i) => signal.addEventListener('abort', () => void left.push(i), { once: true }))
  const unheard = () => assert.fail('taken back')
  signals[3]?.addEventListener('abort', unheard)
  signals[3]?.removeEventListener('abort', unheard)
  assert.deepEqual([caller.listenerCount('close'), signals.some(({ aborted }) => aborted)], [1, false])
  caller.leave()
  assert.deepEqual([left.length, signals.every(({ aborted }) => aborted)], [20, true])
})

test('who has left before the live step is not computed for, and no other step answers in its place', async () => {
  const scorer = scorerThat(() => '0.7')
  const { resolver, ask } = await resolverWith(() => scorer, { default: { value: 9 } })
  const refused: unknown[] = []
  resolver.listen({
    answered: () => assert.fail('no answer'),
    stored: () => assert.fail('no answer'),
    refused: error => void refused.push(error),
  })
  const gone = new Person()
  gone.leave()
  assert.throws(() => resolver.answer(ANN, {}, gone), isCancelled)
  assert.deepEqual([scorer.requests.length, refused.map(isCancelled)], [0, [true]])
  resolver.listen({ answered: () => {}, stored: () => {}, refused: () => assert.fail('an answer') })
  assert.deepEqual(pick(await ask()), ['live', 0.7, false, undefined])
})

test('callers who leave do not open the breaker', async () => {
  let isLeft = true
  const scorer = scorerThat(() => (isLeft ? Promise.reject(new PrescoreError('cancelled')) : '0.7'))
  const { resolver, ask } = await resolverWith(() => scorer)
  for (let i = 0; i < 20; i++) {
    const caller = new Person()
    const answer = resolver.answer(ANN, {}, caller)
    caller.leave()
    await assert.rejects(async () => answer, isCancelled)
  }
  isLeft = false
  assert.deepEqual(pick(await ask()), ['live', 0.7, false, undefined])
})
