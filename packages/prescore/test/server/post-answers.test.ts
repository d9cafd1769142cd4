import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LIMITS } from '../../src/server/index.ts'
import { ask, assertProblem, post } from './ask.ts'

describe('POST answers', () => {
  const url = '/api/predictions/late/answers'
  const key = { origin: 'JFK', destination: 'LAX', hour: 18 }

  test('one, as GET would answer', async () => {
    const got = await ask('/api/predictions/late/answers?origin=JFK&destination=LAX&hour=18')
    assert.equal((await post(url, { key })).text, got.text)
    assert.equal((await post(url, { maxAgeSeconds: 5400, prefer: 'store', deadlineMs: 20, key })).text, got.text)
    assert.equal(((await post(url, { key, maxAgeSeconds: 1 })).json() as { source: string }).source, 'stale')
    assert.equal(((await post('/api/predictions/score/answers', { key: 'ann' })).json() as { value: number }).value, 1)
    assert.equal(((await post('/api/predictions/score/answers', { key: { customer: '' } })).json() as { value: number }).value, 2)
  })

  test('many, each on its own and in order', async () => {
    const { status, json } = await post(url, {
      requests: [{ key }, { key: { ...key, hour: 19 } }, { key: 'JFK' }, { key, maxAgeSeconds: 1 }, {}, 5, { key, gate: 'B' }],
    })
    assert.equal(status, 200)
    const { answers } = json() as { answers: { source?: string; error?: { code: string; message: string } }[] }
    assert.deepEqual(
      answers.map(answer => answer.source ?? answer.error?.code),
      ['store', 'unknown_key', 'invalid_key', 'stale', 'invalid_key', 'invalid_request', 'invalid_request'],
    )
    assert.ok(
      answers.every(({ error }) => error === undefined || (Object.keys(error).join() === 'code,message' && error.message.length > 10)),
    )
    assert.equal((await post(url, { requests: [] })).text, '{"answers":[]}')
  })

  test(`up to ${LIMITS.requestsPerBody} in a body`, async () => {
    const many = (count: number) => post(url, { requests: Array.from({ length: count }, () => ({ key })) })
    assert.equal(((await many(LIMITS.requestsPerBody)).json() as { answers: unknown[] }).answers.length, LIMITS.requestsPerBody)
    assertProblem(await many(LIMITS.requestsPerBody + 1), 'invalid_request')
  })

  test('int64 keys keep every digit, and strings their form', async () => {
    const { text } = await post('/api/predictions/balance/answers', '{"key": 9007199254740993}')
    assert.ok(text.startsWith('{"prediction":"balance","key":{"account":9007199254740993},"value":93,'), text)
    assert.ok((await post('/api/predictions/balance/answers', '{"key":{"account":-9223372036854775808}}')).text.includes('"value":63'))
    assertProblem(await post('/api/predictions/balance/answers', '{"key": 9007199254740992}'), 'unknown_key')
    assertProblem(await post('/api/predictions/balance/answers', '{"key": 9007199254740993.5}'), 'invalid_key')
    assertProblem(await post('/api/predictions/balance/answers', '{"key": 9223372036854775808}'), 'invalid_key')
    assert.ok((await post('/api/predictions/balance/answers', '{"key": 7.0}')).text.includes('"value":7,'))
    assertProblem(await post('/api/predictions/balance/answers', { key: '7' }), 'invalid_key')
    assertProblem(await post('/api/predictions/score/answers', { key: 1 }), 'invalid_key')
    assertProblem(await post('/api/predictions/score/answers', '{"key":"1234567890123456"}'), 'unknown_key')
  })

  test('repeated and odd members do no harm', async () => {
    assert.ok((await post('/api/predictions/score/answers', '{"key":"nobody","key":"ann"}')).text.includes('"value":1,'))
    assertProblem(await post('/api/predictions/score/answers', '{"key":"ann","__proto__":{"prefer":"live"}}'), 'invalid_request')
    assertProblem(await post('/api/predictions/score/answers', '{"key":{"customer":"ann","__proto__":"x"}}'), 'invalid_key')
    assertProblem(await post('/api/predictions/score/answers', '{"key":{"__proto__":{"customer":"ann"}}}'), 'invalid_key')
    assert.equal(({} as { prefer?: string }).prefer, undefined)
  })

  for (const [body, code] of [
    ['', 'invalid_json'],
    ['{"key":"ann"', 'invalid_json'],
    ['{"key":"ann"} trailing', 'invalid_json'],
    ['{"key":NaN}', 'invalid_json'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'invalid_json'],
    [Buffer.from('{"key":"\u00eb"}', 'latin1'), 'invalid_json'],
    ['null', 'invalid_request'],
    ['[]', 'invalid_request'],
    ['"ann"', 'invalid_request'],
    ['{}', 'invalid_key'],
    ['{"key":null}', 'invalid_key'],
    ['{"key":["ann"]}', 'invalid_key'],
    ['{"key":[9007199254740993]}', 'invalid_key'],
    ['{"key":{"customer":{"toString":1}}}', 'invalid_key'],
    ['{"key":{"customer":"ann","more":1}}', 'invalid_key'],
    ['{"key":true}', 'invalid_key'],
    ['{"key":"\\ud800"}', 'invalid_key'],
    ['{"key":"ann","inputs":{"amount":1}}', 'invalid_input'],
    ['{"key":"ann","inputs":[]}', 'invalid_input'],
    ['{"key":"ann","attributes":{}}', 'invalid_request'],
    ['{"key":"ann","attributes":{"product":{"price":1}}}', 'invalid_attribute'],
    ['{"key":"ann","asOf":"yesterday"}', 'invalid_request'],
    ['{"key":"ann","asOf":"2031-01-01T00:00:00Z"}', 'as_of_out_of_range'],
    ['{"key":"ann","explain":"yes"}', 'invalid_request'],
    ['{"key":"ann","maxAgeSeconds":"5"}', 'invalid_request'],
    ['{"key":"ann","maxAgeSeconds":1e999}', 'invalid_request'],
    ['{"key":"ann","maxAgeSeconds":99999999999999999999}', 'invalid_request'],
    ['{"key":"ann","prefer":{"live":true}}', 'invalid_request'],
    ['{"requests":{}}', 'invalid_request'],
    ['{"requests":[],"key":"ann"}', 'invalid_request'],
    [`${'['.repeat(100_000)}1234567890123456789${']'.repeat(100_000)}`, 'invalid_json'],
  ] as const) {
    test(`${body.toString().slice(0, 60)} is ${code}`, async () => {
      assertProblem(await post('/api/predictions/score/answers', body), code)
    })
  }

  test('a body that is too large, of another type, or none', async () => {
    assertProblem(await post(url, Buffer.alloc(LIMITS.bodyBytes + 1, 0x20)), 'body_too_large')
    assertProblem(await ask(url, 'POST', '{}', 'text/plain'), 'unsupported_media')
    assertProblem(await ask(url, 'POST', 'key=1', 'application/x-www-form-urlencoded'), 'unsupported_media')
    assertProblem(await ask(url, 'POST'), 'invalid_request')
    assert.equal((await ask('/api/predictions/score/answers', 'POST', '{"key":"ann"}', 'application/json; charset=utf-8')).status, 200)
  })
})
