/** Requests of both protocols that are sound but for a few of their nodes, bytes or lengths. */
import { deflateSync, gzipSync } from 'node:zlib'
import fc from 'fast-check'
import type { Case } from './answered.ts'
import { binaryRequest, tensor } from './asked.ts'

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
/** What JSON may hold, and more. */
export const value: fc.Arbitrary<unknown> = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('tree'), { maxLength: 6 }),
    fc.dictionary(fc.constantFrom(...WORDS), tie('tree'), { maxKeys: 3 }),
  ),
})).tree

/** JSON as a careless client writes it: bare tokens, long numbers, names given twice. */
export function write(each: unknown): string {
  if (typeof each === 'number') return Object.is(each, -0) ? '-0' : Math.abs(each) === 2 ** 53 ? '9007199254740993' : String(each)
  if (Array.isArray(each)) return `[${each.map(write).join(',')}]`
  if (each === null || typeof each !== 'object') return JSON.stringify(each)
  return `{${Object.entries(each).map(([key, member]) => `${JSON.stringify(key)}:${write(member)}`)}}`
}

export const INFERS: readonly (readonly [string, object])[] = [
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
export function damaged(sound: object, cuts: readonly (readonly [number, unknown])[]): unknown {
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
export const cuts = fc.array(fc.tuple(fc.nat(1_000_000), value), { minLength: 0, maxLength: 3 })

/** JSON that is nearly right. */
export function nearlyRightJson(): fc.Arbitrary<Case> {
  const infer = fc
    .tuple(fc.constantFrom(...INFERS), cuts)
    .map(([[model, sound], made]) => ({ url: `/v2/models/${model}/infer`, body: write(damaged(sound, made)) }))
  const predict = fc
    .tuple(fc.constantFrom(...PREDICTS), fc.constantFrom('predict', 'predict', 'classify', 'regress'), cuts)
    .map(([[model, sound], method, made]) => ({ url: `/v1/models/${model}:${method}`, body: write(damaged(sound, made)) }))
  return fc.oneof(infer, predict)
}

/** Bytes and lengths that are nearly right. */
export function nearlyRightBytes(): fc.Arbitrary<Case> {
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
  return fc.oneof(binary, predict)
}
