/**
 * Whatever comes, both protocols answer: with what was asked, or with an error in their own shape; never 500, never nothing.
 * The seed is printed where a case fails. `PRESCORE_FULL=1` tries more than 100,000.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { assertAnswered, type Case } from './answered.ts'
import { type ProtocolHouse, protocolHouse } from './house.ts'
import { cuts, damaged, INFERS, nearlyRightBytes, nearlyRightJson, value, write } from './nearly-right.ts'

const IS_FULL = process.env.PRESCORE_FULL === '1'
const RUNS = { numRuns: IS_FULL ? 36_000 : 400 }
/** Rows, outputs and errors of all cases together must not pile up. */
const GROWN_BYTES_MAX = 300 * 1024 * 1024
let house: ProtocolHouse
before(async () => {
  house = await protocolHouse()
})
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const answered = (made: Case) => assertAnswered(house, made)

const NAMES = ['late', 'score', 'balance', 'vector', 'quote', 'quote.model', 'score.model', 'empty', 'nope', '__proto__', 'constructor']
const name = fc.constantFrom(...NAMES)

test('JSON that is nearly right', async () => {
  await fc.assert(fc.asyncProperty(nearlyRightJson(), answered), RUNS)
})

test('bytes and lengths that are nearly right', async () => {
  await fc.assert(fc.asyncProperty(nearlyRightBytes(), answered), RUNS)
})

test('paths, methods, headers and bodies of any kind', async () => {
  const piece = fc.oneof(
    name,
    fc.constantFrom(
      'models',
      'versions',
      'labels',
      'infer',
      'ready',
      'health',
      'live',
      'repository',
      'index',
      'metadata',
      '..',
      '.',
      '%2e%2e',
      '%2F',
      '%00',
      '1',
      '9f2c',
      'current',
      'late:predict',
      ':predict',
      'a:b',
    ),
    fc.string({ maxLength: 5, unit: 'binary' }).map(text => encodeURIComponent(text.toWellFormed())),
  )
  const header = fc.record(
    {
      'content-type': fc.constantFrom(
        '',
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'odd',
      ),
      'inference-header-content-length': fc.constantFrom('0', '1', '-1', '1e9', '18446744073709551616', 'NaN', '0x1'),
      'content-encoding': fc.constantFrom('gzip', 'deflate', 'br', 'identity', 'gzip, gzip', '\u00e9'),
      'accept-encoding': fc.constantFrom('gzip', 'deflate;q=0.1', 'br', '*', ';', ',,', 'gzip;q=0'),
    },
    { requiredKeys: [] },
  )
  const request = fc.record({
    url: fc
      .tuple(fc.constantFrom('/v1', '/v2', '/v1/models', '/v2/models'), fc.array(piece, { maxLength: 5 }))
      .map(([prefix, pieces]) => [prefix, ...pieces].join('/')),
    method: fc.constantFrom('GET', 'POST', 'POST', 'PUT', 'DELETE'),
    body: fc.oneof(
      value.map(write),
      fc.uint8Array({ maxLength: 40 }).map(bytes => Buffer.from(bytes)),
      fc.string({ maxLength: 20 }),
    ),
    headers: header,
  })
  await fc.assert(
    fc.asyncProperty(request, ({ method, body, ...rest }) =>
      answered({ ...rest, method: method as 'GET', ...(method === 'GET' ? {} : { body }) }),
    ),
    RUNS,
  )
})

test('memory is what it was', { skip: !IS_FULL && 'it says something after 100,000 cases: see the full suite' }, async () => {
  const before = process.memoryUsage.rss()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...INFERS), cuts, ([model, sound], made) =>
      answered({ url: `/v2/models/${model}/infer`, body: write(damaged(sound, made)) }),
    ),
    { numRuns: 20_000 },
  )
  const grown = process.memoryUsage.rss() - before
  assert.ok(grown < GROWN_BYTES_MAX, `${Math.round(grown / 2 ** 20)} MiB more`)
})
