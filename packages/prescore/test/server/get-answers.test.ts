import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LIMITS } from '../../src/server/index.ts'
import { ask, assertProblem } from './ask.ts'
import { build, predictionOf } from './house.ts'

describe('GET an answer', () => {
  test('by a composite key in the query', async () => {
    const { status, headers, text } = await ask('/api/predictions/late/answers?hour=18&destination=LAX&origin=JFK')
    assert.equal(status, 200)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(
      text,
      '{"prediction":"late","key":{"origin":"JFK","destination":"LAX","hour":18},"value":0.31,"source":"store","computedBy":"batch",' +
        '"asOf":"2001-06-15T03:00:00.000000Z","ageSeconds":5400,"dataThrough":"2001-06-15T02:58:00.000000Z","release":"9f2c","run":"b81d","degraded":false}',
    )
  })

  test('by a key of one column, in the path or in the query, percent-decoded', async () => {
    for (const [customer, value] of [
      ['ann', 1],
      ['a/b?c#d%', 3],
      ['Zoë 🚀', 4],
      ['1', 5],
    ] as const) {
      for (const url of [
        `/api/predictions/score/answers/${encodeURIComponent(customer)}`,
        `/api/predictions/score/answers?customer=${encodeURIComponent(customer)}`,
      ]) {
        const answer = (await ask(url)).json() as { key: unknown; value: number }
        assert.deepEqual([answer.key, answer.value], [{ customer }, value])
      }
    }
    assert.equal(((await ask('/api/predictions/score/answers?customer=')).json() as { value: number }).value, 2)
    assert.equal(((await ask('/api/predictions/score/answers?customer=Zo%C3%AB+%F0%9F%9A%80')).json() as { value: number }).value, 4)
  })

  test('finds any key by its path', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), async customer => {
        const url = `/api/predictions/score/answers/${encodeURIComponent(customer)}`
        // What a client's URL library folds away is not ours to find.
        fc.pre(new URL(url, 'http://localhost').pathname === url)
        const { status, json } = await ask(url)
        const problem = json() as { where?: string }
        assert.ok(status === 200 || problem.where === `score ${JSON.stringify({ customer })}`)
      }),
      { numRuns: 200 },
    )
  })

  test('int64 keys keep every digit', async () => {
    for (const [account, value] of [
      ['7', 7],
      ['9007199254740993', 93],
      ['-9223372036854775808', 63],
    ] as const) {
      const { text } = await ask(`/api/predictions/balance/answers/${account}`)
      assert.ok(text.startsWith(`{"prediction":"balance","key":{"account":${account}},"value":${value},`), text)
    }
    assertProblem(await ask('/api/predictions/balance/answers/9007199254740992'), 'unknown_key')
  })

  test('with options', async () => {
    const url = '/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18'
    const fresh = (await ask(`${url}&maxAgeSeconds=5400&prefer=live&deadlineMs=50`)).json() as { source: string }
    assert.equal(fresh.source, 'store')
    const stale = (await ask(`${url}&maxAgeSeconds=5399.5`)).json() as { source: string; degraded: boolean; reason: unknown }
    assert.deepEqual(
      [stale.source, stale.degraded, stale.reason],
      ['stale', true, { code: 'stale', message: 'The stored answer is 5400 s old; max age is 5399.5 s.' }],
    )
    assert.equal(((await ask('/api/predictions/score/answers/ann?maxAgeSeconds=0')).json() as { source: string }).source, 'stale')
  })

  test('a key column that is called like an option is the column', async () => {
    const prefers = build([predictionOf('taste', { prefer: 'string' })])
    await prefers.publish('taste', '1', [[{ prefer: 'tea' }, '1']])
    const { statusCode } = await prefers.server.app.inject('/api/predictions/taste/answers?prefer=tea')
    assert.equal(statusCode, 200)
  })

  for (const [url, code] of [
    ['/api/predictions/latte/answers?origin=JFK', 'unknown_prediction'],
    ['/api/predictions/__proto__/answers/1', 'unknown_prediction'],
    ['/api/predictions/late/answers/JFK', 'invalid_key'],
    ['/api/predictions/late/answers', 'invalid_key'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX', 'invalid_key'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=noon', 'invalid_key'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18.0', 'invalid_key'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=', 'invalid_key'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&hour=19', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&gate=B', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&__proto__=B', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&prefer=memory', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&maxAgeSeconds=-1', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&maxAgeSeconds=1e3', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&deadlineMs=0', 'invalid_request'],
    ['/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&explain=1', 'invalid_request'],
    ['/api/predictions/late/answers?origin=%ZZ&destination=LAX&hour=18', 'invalid_request'],
    ['/api/predictions/late/answers?origin=%FF&destination=LAX&hour=18', 'invalid_request'],
    ['/api/predictions/score/answers/%FF', 'invalid_request'],
    ['/api/predictions/score/answers/ann?customer=ann', 'invalid_request'],
    ['/api/predictions/score/answers/nobody', 'unknown_key'],
    [`/api/predictions/score/answers/${'x'.repeat(1_025)}`, 'invalid_key'],
    [`/api/predictions/score/answers/${'x'.repeat(LIMITS.pathKeyChars + 1)}`, 'invalid_key'],
    ['/api/predictions/balance/answers/1e3', 'invalid_key'],
    ['/api/predictions/balance/answers/9223372036854775808', 'invalid_key'],
    ['/api/predictions/balance/answers/1.5', 'invalid_key'],
  ] as const) {
    test(`${url.slice(0, 110)} is ${code}`, async () => {
      assertProblem(await ask(url), code)
    })
  }

  test('an unknown parameter names the known ones', async () => {
    const { fix, expected } = assertProblem(
      await ask('/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18&maxAgeSecond=3'),
      'invalid_request',
    )
    assert.equal(expected, 'some of origin, destination, hour, prefer, maxAgeSeconds, deadlineMs, asOf, explain')
    assert.match(String(fix), /Did you mean `maxAgeSeconds`\?/)
  })

  test('HEAD says what GET would, without the body', async () => {
    const url = '/api/predictions/score/answers/ann'
    const [head, get] = [await ask(url, 'HEAD'), await ask(url)]
    assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(Buffer.byteLength(get.text))])
    assert.deepEqual([(await ask('/api/predictions/score/answers/nobody', 'HEAD')).status], [404])
  })
})
