import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ERRORS, type ErrorCode } from '../../src/base/index.ts'
import { house } from './ask.ts'
import { build, CUSTOMER, type House, predictionOf } from './house.ts'

describe('any request', () => {
  test('is answered: an answer, or a problem with a code of the table', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'api',
        'predictions',
        'late',
        'score',
        'answers',
        'runs',
        '..',
        '%',
        '%00',
        '%2f',
        '?',
        'origin=JFK',
        '&',
        '=',
        '+',
        '#',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }).map(text => encodeURI(text.toWellFormed())),
    )
    const body = fc.option(
      fc.oneof(
        fc.json(),
        fc.string(),
        fc.uint8Array().map(bytes => Buffer.from(bytes)),
      ),
      { nil: undefined },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
        fc.array(piece, { maxLength: 7 }),
        body,
        async (method, pieces, payload) => {
          const response = await house.server.app.inject({
            method: method as 'GET',
            url: `/${pieces.join('/')}`,
            ...(payload === undefined ? {} : { payload, headers: { 'content-type': 'application/json' } }),
          })
          const parsed = JSON.parse(response.body) as { code?: ErrorCode; status?: number }
          if (response.statusCode === 200) return
          assert.ok(parsed.code !== undefined && parsed.code in ERRORS && parsed.status === response.statusCode, response.body)
          assert.notEqual(response.statusCode, 500)
        },
      ),
      { numRuns: 300 },
    )
    assert.deepEqual(house.defects, [])
  })

  test('a defect is told to the operator, and the client gets no details of it', async () => {
    const broken: House = build([predictionOf('score', CUSTOMER)])
    broken.store.catalog.putRun({
      ...broken.store.catalog.listRuns()[0],
      id: 'gone',
      prediction: 'score',
      release: 'r',
      asOfUs: 0,
      dataThroughUs: 0,
      state: 'staged',
      createdAtUs: 0,
      updatedAtUs: 0,
      report: null,
    })
    broken.store.catalog.publish('score', 'gone', null)
    const response = await broken.server.app.inject('/api/predictions/score/answers/ann')
    assert.equal(response.statusCode, 500)
    assert.deepEqual(JSON.parse(response.body), {
      title: ERRORS.store_unreadable.title,
      status: 500,
      code: 'store_unreadable',
      message: `${ERRORS.store_unreadable.title}.`,
      fix: ERRORS.store_unreadable.fix,
      retryable: false,
      requestId: response.headers['x-request-id'],
    })
    assert.deepEqual(
      broken.defects.map(({ code }) => code),
      ['store_unreadable'],
    )
    assert.match(String(broken.defects[0]?.message), /gone/)
    const many = await broken.server.app.inject({
      method: 'POST',
      url: '/api/predictions/score/answers',
      payload: { requests: [{ key: 'ann' }] },
    })
    assert.deepEqual(JSON.parse(many.body), {
      answers: [{ error: { code: 'store_unreadable', message: `${ERRORS.store_unreadable.title}.` } }],
    })
    assert.equal(broken.defects.length, 2)
  })
})
