/** Human values over HTTP: set, seen in answers, listed, taken back; and all that can be wrong. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask, assertProblem } from './ask.ts'

const URL = '/api/predictions/score/overrides'
const put = (body: unknown) => ask(URL, 'PUT', typeof body === 'string' ? body : JSON.stringify(body))
const remove = (body: unknown) => ask(URL, 'DELETE', JSON.stringify(body))
const ANN = { key: 'ann', value: 0.01, author: 'kim', reason: 'signed a contract' }
const valueOf = async (url: string) => ((await ask(url)).json() as { value: unknown; source: string }).value

test('is set, stands before what is stored, is listed, and is taken back', async () => {
  const { status, json } = await put({ ...ANN, expiresAt: '2001-07-01T00:00:00Z' })
  const set = {
    key: { customer: 'ann' },
    value: 0.01,
    author: 'kim',
    reason: 'signed a contract',
    setAt: '2001-06-15T04:30:00.000000Z',
    expiresAt: '2001-07-01T00:00:00.000000Z',
  }
  assert.deepEqual([status, json()], [200, set])
  const answer = (await ask('/api/predictions/score/answers/ann')).json() as Record<string, unknown>
  assert.deepEqual([answer.value, answer.source, answer.computedBy, answer.degraded], [0.01, 'override', 'human', false])
  assert.deepEqual(answer.override, { author: 'kim', reason: 'signed a contract', expiresAt: '2001-07-01T00:00:00.000000Z' })
  assert.deepEqual((await ask(URL)).json(), { overrides: [set] })
  assert.deepEqual((await remove({ key: 'ann' })).json(), { removed: true })
  assert.equal(await valueOf('/api/predictions/score/answers/ann'), 1)
  assert.deepEqual((await ask(URL)).json(), { overrides: [] })
  assertProblem(await remove({ key: 'ann' }), 'override_not_found')
})

test('one key has one: the last that was set', async () => {
  await put(ANN)
  await put({ ...ANN, value: [1, 2.5], reason: 'looked again' })
  assert.deepEqual(await valueOf('/api/predictions/score/answers/ann'), [1, 2.5])
  await put({ ...ANN, value: null })
  assert.equal(await valueOf('/api/predictions/score/answers/ann'), null)
  assert.equal(((await ask(URL)).json() as { overrides: unknown[] }).overrides.length, 1)
  await remove({ key: 'ann' })
})

test('keys of every kind, also one that the batch does not have', async () => {
  const balance = '/api/predictions/balance'
  for (const digits of ['7', '9007199254740993', '-9223372036854775808', '12345']) {
    const body = `{"key":{"account":${digits}},"value":5,"author":"kim","reason":"audit"}`
    assert.equal((await ask(`${balance}/overrides`, 'PUT', body)).status, 200)
    assert.equal(await valueOf(`${balance}/answers/${digits}`), 5)
    assert.ok((await ask(`${balance}/overrides`)).text.includes(`{"account":${digits}}`))
    assert.equal((await ask(`${balance}/overrides`, 'DELETE', `{"key":{"account":${digits}}}`)).status, 200)
  }
})

describe('refused', () => {
  for (const [body, code] of [
    [{ ...ANN, key: 7 }, 'invalid_key'],
    [{ ...ANN, key: undefined }, 'invalid_key'],
    [{ ...ANN, value: undefined }, 'invalid_request'],
    [{ ...ANN, value: '0.01' }, 'invalid_request'],
    [{ ...ANN, value: [1, 'two'] }, 'invalid_request'],
    ['{"key":"ann","value":1e999,"author":"kim","reason":"x"}', 'invalid_request'],
    [{ ...ANN, author: '' }, 'invalid_request'],
    [{ ...ANN, author: 'k'.repeat(1_001) }, 'invalid_request'],
    [{ ...ANN, reason: undefined }, 'invalid_request'],
    [{ ...ANN, reason: '  ' }, 'invalid_request'],
    [{ ...ANN, expiresAt: 'tomorrow' }, 'invalid_request'],
    [{ ...ANN, expiresAt: 5 }, 'invalid_request'],
    [{ ...ANN, expires: '2001-07-01T00:00:00Z' }, 'invalid_request'],
    ['[]', 'invalid_request'],
    ['{"key":', 'invalid_json'],
  ] as const) {
    test(`${JSON.stringify(body).slice(0, 80)} is ${code}`, async () => {
      assertProblem(await put(body), code)
      assert.deepEqual((await ask(URL)).json(), { overrides: [] })
    })
  }

  test('of a prediction that is not there, and by another method', async () => {
    assertProblem(await ask('/api/predictions/scores/overrides', 'PUT', JSON.stringify(ANN)), 'unknown_prediction')
    assertProblem(await ask(URL, 'POST', JSON.stringify(ANN)), 'method_not_allowed')
  })
})
