/** One answer, however it is asked for: natively, in rows, in columns, as JSON nested or flat, as raw bytes, alone or with others. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { ask, binaryRequest, outputsOf, tensor, type WireTensor } from './asked.ts'
import { protocolHouse } from './house.ts'

const NUM_RUNS = Math.min(2_000, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 60))
const house = await protocolHouse()
after(async () => {
  assert.deepEqual(house.defects, [])
  await house.close()
})

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  fc.integer({ min: -100, max: 100 }),
  fc.constantFrom(0, -0),
)
const quote = fc.record({
  hour: fc.integer({ min: 0, max: 23 }),
  distance: fc.option(number, { nil: Number.NaN }),
  flights: number,
  mean: number,
  rush: fc.boolean(),
})
type Quote = typeof quote extends fc.Arbitrary<infer Q> ? Q : never
const KINDS = { hour: 'INT64', distance: 'FP64', flights: 'FP64', mean: 'FP64', rush: 'BOOL' } as const
const NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[]

/** JSON with −0 and the tokens of Python. */
function text(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return `[${value.map(text).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${text(each)}`)}}`
}

const tensorsOf = (rows: readonly Quote[], deep = false): WireTensor[] =>
  NAMES.map(name => {
    const data = rows.map(row => row[name])
    return tensor(name, KINDS[name], deep ? data.map(each => [each]) : data, deep ? [rows.length, 1] : [rows.length])
  })

const raw64 = (bytes: Buffer) => [...new Float64Array(new Uint8Array(bytes).buffer)]
const raw32 = (bytes: Buffer) => [...new Float32Array(new Uint8Array(bytes).buffer)]
const VALUE = [{ name: 'value' }]
const RAW_VALUE = [{ name: 'value', parameters: { binary_data: true } }]
const V2 = '/v2/models/quote/infer'
const V1 = '/v1/models/quote:predict'

const WAYS: Readonly<Record<string, (rows: readonly Quote[]) => Promise<readonly number[]>>> = {
  native: async rows => {
    const requests = rows.map(({ distance, ...rest }) => ({ inputs: { ...rest, distance: Number.isNaN(distance) ? null : distance } }))
    const asked = await ask(house, '/api/predictions/quote/answers', {
      body: text({ requests }),
      headers: { 'content-type': 'application/json' },
    })
    return (asked.json() as { answers: { value: number }[] }).answers.map(({ value }) => value)
  },
  'V2, flat': async rows =>
    outputsOf(await ask(house, V2, { body: text({ inputs: tensorsOf(rows), outputs: VALUE }) })).get('value')!.data as number[],
  'V2, nested': async rows =>
    outputsOf(await ask(house, V2, { body: text({ inputs: tensorsOf(rows, true), outputs: VALUE }) })).get('value')!.data as number[],
  'V2, raw': async rows =>
    raw64(outputsOf(await ask(house, V2, binaryRequest(tensorsOf(rows), { outputs: RAW_VALUE }))).get('value')!.raw!),
  'V2, raw in': async rows =>
    outputsOf(await ask(house, V2, binaryRequest(tensorsOf(rows), { outputs: VALUE }))).get('value')!.data as number[],
  'V1, rows': async rows =>
    ((await ask(house, V1, { body: text({ signature_name: 'value', instances: rows }) })).json() as { predictions: number[] }).predictions,
  'V1, columns': async rows => {
    const inputs = Object.fromEntries(NAMES.map(name => [name, rows.map(row => row[name])]))
    return ((await ask(house, V1, { body: text({ signature_name: 'value', inputs }) })).json() as { outputs: number[] }).outputs
  },
  'V1, regress': async rows =>
    ((await ask(house, '/v1/models/quote:regress', { body: text({ examples: rows }) })).json() as { results: number[] }).results,
}

test('a prediction: every way gives the same values, and many rows give what each gives alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(quote, { minLength: 1, maxLength: 6 }), async rows => {
      const singles = await Promise.all(rows.map(async row => (await WAYS.native!([row]))[0]))
      for (const [way, asked] of Object.entries(WAYS)) assert.deepEqual(await asked(rows), singles, way)
    }),
    { numRuns: NUM_RUNS },
  )
})

const MODEL = '/v2/models/quote.model/infer'
const feature = fc
  .oneof(number, fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e-42, 3e38))
  .map(Math.fround)
const WANTED = [{ name: 'probabilities' }]
const probabilities = (outputs: ReturnType<typeof outputsOf>) => (outputs.get('probabilities')!.data as number[]).map(Math.fround)

const MODEL_WAYS: Readonly<Record<string, (rows: readonly (readonly number[])[]) => Promise<readonly number[]>>> = {
  flat: async rows =>
    probabilities(
      outputsOf(
        await ask(house, MODEL, { body: text({ inputs: [tensor('features', 'FP32', rows.flat(), [rows.length, 5])], outputs: WANTED }) }),
      ),
    ),
  nested: async rows =>
    probabilities(
      outputsOf(await ask(house, MODEL, { body: text({ inputs: [tensor('features', 'FP32', rows, [rows.length, 5])], outputs: WANTED }) })),
    ),
  raw: async rows =>
    raw32(
      outputsOf(
        await ask(
          house,
          MODEL,
          binaryRequest([tensor('features', 'FP32', rows, [rows.length, 5])], { parameters: { binary_data_output: true } }),
        ),
      ).get('probabilities')!.raw!,
    ),
  'V1, rows': async rows =>
    (
      (await ask(house, '/v1/models/quote.model:predict', { body: text({ instances: rows }) })).json() as {
        predictions: { probabilities: number[] }[]
      }
    ).predictions.flatMap(each => each.probabilities.map(Math.fround)),
  'V1, columns': async rows =>
    (
      (await ask(house, '/v1/models/quote.model:predict', { body: text({ inputs: rows }) })).json() as {
        outputs: { probabilities: number[][] }
      }
    ).outputs.probabilities
      .flat()
      .map(Math.fround),
}

test('a model: every way gives the same float32 bits, and many rows give what each gives alone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(feature, { minLength: 5, maxLength: 5 }), { minLength: 1, maxLength: 6 }), async rows => {
      const singles = (await Promise.all(rows.map(row => MODEL_WAYS.raw!([row])))).flat()
      for (const [way, asked] of Object.entries(MODEL_WAYS)) assert.deepEqual(await asked(rows), singles, way)
    }),
    { numRuns: NUM_RUNS },
  )
})

test('two predictions asked with the same words give each its own answer', async () => {
  const body = { inputs: [tensor('customer', 'BYTES', ['ann'])], outputs: VALUE, id: 'same' }
  const [score, vector] = await Promise.all(
    ['score', 'vector'].map(async name => outputsOf(await ask(house, `/v2/models/${name}/infer`, { body })).get('value')!.data),
  )
  assert.deepEqual([score, vector], [[1], [0.25, 0.75]])
})
