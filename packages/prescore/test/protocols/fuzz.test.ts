/**
 * Whatever comes, both protocols answer: with what was asked, or with an error in their own shape; never 500, never nothing.
 * The seed is printed where a case fails. `PRESCORE_FULL=1` tries more than 100,000.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { assertAnswered, type Case } from './answered.ts'
import { binaryRequest, tensor } from './asked.ts'
import { type ProtocolHouse, protocolHouse } from './house.ts'

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
const WORDS = [
  'value',
  'source',
  'origin',
  'features',
  'customer',
  'account',
  'hour',
  '__proto__',
  'constructor',
  'toString',
  'b64',
  'FP32',
  'FP64',
  'INT64',
  'BYTES',
  'BOOL',
  'binary_data',
  'data',
  'shape',
]
const ODD = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e308, 2 ** 53, -(2 ** 63), 4_294_967_296, -1, 0, 1, 5, 0.5]
const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...ODD),
  fc.constantFrom(...WORDS),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 6, unit: 'binary' }),
  fc.constant('\ud800'),
)
const value: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('tree'), { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...WORDS), tie('tree'), { maxKeys: 3 }),
  ),
})).tree

/** JSON as a careless client writes it: bare tokens, long numbers, names given twice. */
function write(each: unknown): string {
  if (typeof each === 'number') return Object.is(each, -0) ? '-0' : Math.abs(each) === 2 ** 53 ? '9007199254740993' : String(each)
  if (Array.isArray(each)) return `[${each.map(write).join(',')}]`
  if (each === null || typeof each !== 'object') return JSON.stringify(each)
  return `{${Object.entries(each).map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`)}}`
}

const INFERS: readonly (readonly [string, object])[] = [
  [
    'late',
    {
      inputs: [tensor('origin', 'BYTES', ['JFK']), tensor('destination', 'BYTES', ['LAX']), tensor('hour', 'INT64', [18])],
      outputs: [{ name: 'value' }],
      id: 'x',
    },
  ],
  [
    'quote',
    {
      inputs: [tensor('hour', 'INT64', [18]), tensor('distance', 'FP64', [1]), tensor('mean', 'FP64', [2]), tensor('rush', 'BOOL', [true])],
      parameters: { prefer: 'live' },
    },
  ],
  ['quote.model', { inputs: [tensor('features', 'FP32', [1, 2, 3, 4, 5], [1, 5])], parameters: { binary_data_output: true } }],
  ['score.model', { inputs: [tensor('origin', 'BYTES', ['JFK'], [1, 1])] }],
]
const PREDICTS: readonly (readonly [string, object])[] = [
  ['late', { signature_name: 'value', instances: [{ origin: 'JFK', destination: 'LAX', hour: 18 }] }],
  ['score', { inputs: ['ann'], instances: undefined }],
  ['vector', { examples: [{ customer: 'ann' }], context: {}, instances: ['ann'] }],
  ['quote', { examples: [{ hour: 1, distance: 2.5, mean: 3, rush: true }], instances: [{ hour: 1, distance: 2.5, mean: 3, rush: true }] }],
  ['quote.model', { instances: [[1, 2, 3, 4, 5]] }],
  ['quote.model', { inputs: { features: [[1, 2, 3, 4, 5]] } }],
]

/** A request that is sound, but for some nodes of it. */
function damaged(sound: object, cuts: readonly (readonly [number, unknown])[]): unknown {
  const root = structuredClone(sound) as Record<string, unknown>
  for (const [seed, replacement] of cuts) {
    let at = root
    let left = seed
    for (;;) {
      const keys = Object.keys(at)
      if (keys.length === 0) break
      const key = keys[left % keys.length] as string
      left = Math.floor(left / keys.length)
      const next = at[key]
      if (left % 3 === 0 || next === null || typeof next !== 'object') {
        at[key] = replacement
        break
      }
      at = next as Record<string, unknown>
    }
  }
  return root
}
const cuts = fc.array(fc.tuple(fc.nat(1_000_000), value), { minLength: 0, maxLength: 3 })

test('JSON that is nearly right', async () => {
  const infer = fc
    .tuple(fc.constantFrom(...INFERS), cuts)
    .map(([[model, sound], made]) => ({ url: `/v2/models/${model}/infer`, body: write(damaged(sound, made)) }))
  const predict = fc
    .tuple(fc.constantFrom(...PREDICTS), fc.constantFrom('predict', 'predict', 'classify', 'regress'), cuts)
    .map(([[model, sound], method, made]) => ({ url: `/v1/models/${model}:${method}`, body: write(damaged(sound, made)) }))
  await fc.assert(fc.asyncProperty(fc.oneof(infer, predict), answered), RUNS)
})

test('bytes and lengths that are nearly right', async () => {
  const edit = fc.tuple(fc.nat(400), fc.constantFrom('flip', 'cut', 'insert', 'repeat'), fc.nat(255))
  const edited = (bytes: Buffer, edits: readonly (readonly [number, string, number])[]) => {
    let made = Buffer.from(bytes)
    for (const [seed, how, byte] of edits) {
      const at = seed % (made.length + 1)
      if (how === 'flip' && at < made.length) made[at] = byte
      else if (how === 'cut') made = made.subarray(0, at)
      else if (how === 'insert') made = Buffer.concat([made.subarray(0, at), Buffer.from([byte]), made.subarray(at)])
      else made = Buffer.concat([made.subarray(0, at), made])
    }
    return made
  }
  const sound = INFERS.map(([model, request]) => {
    const { inputs, ...others } = request as { inputs: Parameters<typeof binaryRequest>[0] }
    return [model, binaryRequest(inputs, others)] as const
  })
  const binary = fc
    .tuple(
      fc.constantFrom(...sound),
      fc.array(edit, { maxLength: 3 }),
      fc.integer({ min: -4, max: 4 }),
      fc.constantFrom('', '', '', '0', 'gzip', 'deflate', 'x'),
    )
    .map(([[model, { body, headers }], edits, off, coding]): Case => {
      const bytes = edited(body, edits)
      const length = coding === '0' ? '0' : String(Number(headers['inference-header-content-length']) + off)
      const packed = coding === 'gzip' ? gzipSync(bytes) : coding === 'deflate' ? deflateSync(bytes) : bytes
      const encoding = coding === '' || coding === '0' ? {} : { 'content-encoding': coding }
      return { url: `/v2/models/${model}/infer`, body: packed, headers: { 'inference-header-content-length': length, ...encoding } }
    })
  const predict = fc
    .tuple(fc.constantFrom(...PREDICTS), fc.array(edit, { maxLength: 3 }), fc.constantFrom('predict', 'classify', 'regress'))
    .map(
      ([[model, request], edits, method]): Case => ({
        url: `/v1/models/${model}:${method}`,
        body: edited(Buffer.from(JSON.stringify(request)), edits),
      }),
    )
  await fc.assert(fc.asyncProperty(fc.oneof(binary, predict), answered), RUNS)
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
