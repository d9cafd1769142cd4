/** What is read without a parse is what the general way reads, and nothing that it refuses. `PRESCORE_FULL=1` tries 40 times as much. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import type { InputKinds, KeyColumns } from '../../src/project/index.ts'
import { bodyRequest, type Resolver } from '../../src/resolve/index.ts'
import { parseJson } from '../../src/server/json.ts'
import { PlainBody, type PlainRequest } from '../../src/server/plain-body.ts'

const RUNS = { numRuns: process.env.PRESCORE_FULL === '1' ? 200_000 : 5_000 }
const REQUESTS_MAX = 4
const INPUTS = { amount: 'float64', card: 'string', isNew: 'boolean', count: 'int64', at: 'timestamp', constructor: 'string' } as const

function readers(entity: KeyColumns | undefined, inputs: InputKinds) {
  const resolver = { prediction: { name: 'score', entity, inputs }, keyColumns: entity ?? {}, attributes: {} } as unknown as Resolver
  const plain = new PlainBody(resolver, REQUESTS_MAX)
  const one = (body: unknown): PlainRequest => {
    const { key, options } = bodyRequest(resolver, body)
    assert.deepEqual(
      Object.keys(options).filter(name => name !== 'inputs'),
      [],
      'options are left to the general way',
    )
    return { key, inputs: options.inputs }
  }
  const general = (text: string): PlainRequest | readonly PlainRequest[] => {
    const body = parseJson(Buffer.from(text)) as { readonly requests?: readonly unknown[] }
    if (body.requests === undefined) return one(body)
    assert.deepEqual([Object.keys(body), body.requests.length <= REQUESTS_MAX], [['requests'], true])
    return body.requests.map(one)
  }
  return { plain, general }
}

const SINGLE = readers({ customer: 'string' }, INPUTS)
const PAIR = readers({ origin: 'string', hour: 'int64' }, {})
const KEYLESS = readers(undefined, INPUTS)
const ODD = readers({ ['__proto__']: 'string' } as KeyColumns, { ['__proto__']: 'string' } as InputKinds)

/** @returns whether it was read */
function agree({ plain, general }: typeof SINGLE, text: string): boolean {
  const read = plain.read(text)
  if (read === undefined) return false
  assert.deepStrictEqual(read, general(text), text)
  return true
}

test('what clients send is read', () => {
  for (const text of [
    '{"key":{"customer":"ann"}}',
    '{"key":"ann"}',
    ' { "key" : { "customer" : "ann" } , "inputs" : { "amount" : 12.5 , "card" : "C-1" } }\r\n',
    '{"inputs":{"card":"","amount":-0.25,"isNew":true,"count":-7},"key":"1"}'.replace('-0.25', '-1.25'),
    '{"requests":[{"key":"ann"},{"key":{"customer":"x"},"inputs":{"amount":0}}]}',
    '{"requests": [{"key": "a"}, {"key": "b"}, {"key": "c"}, {"key": "d"}]}',
  ])
    assert.ok(agree(SINGLE, text), text)
  assert.ok(agree(PAIR, '{"key":{"origin":"JFK","hour":18}}'))
  assert.ok(agree(KEYLESS, '{"inputs":{"amount":123456789012.25,"count":999999999999999}}'))
})

test('everything else is left to the general way', () => {
  for (const text of [
    ...[
      '',
      '"key":"ann"}',
      '"requests":[{"key":"ann"}]}',
      '{',
      '{}',
      '[]',
      'null',
      '{"key":"ann"',
      '{"key":"ann"}}',
      '{"key":"ann"}x',
      '{"key":"ann",}',
      '{,"key":"ann"}',
    ],
    ...['{"key":1}', '{"key":null}', '{"key":{}}', '{"key":{"customer":"a","x":1}}', '{"key":{"customer":"a","customer":"b"}}'],
    ...['{"key":"a","key":"b"}', '{"key":"a\\u0041"}', '{"key":"a\nb"}', '{"key":"a","explain":true}', '{"key":"a","inputs":{}}'],
    ...['1e2', '01', '-0', '.5', '1.', '1.5.5', '--1', '+1', '1234567890123456', '0x1', 'NaN', '"1"', 'null', '-', ''].map(
      amount => `{"key":"a","inputs":{"amount":${amount}}}`,
    ),
    ...['1.5', '9007199254740993', 'true'].map(count => `{"key":"a","inputs":{"count":${count}}}`),
    ...['truex', 'tru', '1', '"true"'].map(isNew => `{"key":"a","inputs":{"isNew":${isNew}}}`),
    '{"key":"a","inputs":{"amount":1,"amount":2}}',
    '{"key":"a","inputs":{"at":"2001-06-15T03:00:00Z"}}',
    '{"key":"a","inputs":{"constructor":"x"}}',
    '{"key":"a","inputs":{"other":"x"}}',
    '{"requests":[]}',
    '{"requests":[{"key":"a"}],"key":"a"}',
    `{"requests":[${Array(REQUESTS_MAX + 1).fill('{"key":"a"}')}]}`,
    '{"requests":[{"key":"a"},{}]}',
    '{"requests":[{"key":"a"},]}',
  ])
    assert.equal(SINGLE.plain.read(text), undefined, text)
  for (const text of ['{"key":"JFK"}', '{"key":{"hour":18,"origin":"JFK"}}', '{"key":{"origin":"JFK","hour":"18"}}'])
    assert.equal(PAIR.plain.read(text), undefined, text)
  assert.equal(KEYLESS.plain.read('{"key":"a","inputs":{"amount":1}}'), undefined)
  assert.equal(ODD.plain.read('{"key":{"__proto__":"a"}}'), undefined)
})

test('whatever is read, the general way reads the same', () => {
  const text = fc.oneof(fc.constantFrom('ann', '', 'C-1', '1'), fc.string({ maxLength: 4 }))
  const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(0, -0, 1e15, 2 ** 53, 0.1))
  const inputs = fc.dictionary(fc.constantFrom(...Object.keys(INPUTS), 'x'), fc.oneof(number, text, fc.boolean(), fc.constant(null)), {
    maxKeys: 3,
  })
  const key = fc.oneof(text, number, fc.record({ customer: text }), fc.record({ origin: text, hour: fc.integer() }, { requiredKeys: [] }))
  const plainKey = fc.oneof(text, fc.record({ customer: text }), fc.record({ origin: text, hour: fc.integer() }))
  const plainInputs = fc.record({ amount: fc.integer(), card: text, isNew: fc.boolean() }, { requiredKeys: [] })
  const asked = fc.oneof(
    fc.record({ key, inputs }, { requiredKeys: [] }),
    fc.record({ key: plainKey, inputs: plainInputs }, { requiredKeys: [] }),
  )
  const body = fc.oneof(
    asked,
    fc.array(asked, { maxLength: REQUESTS_MAX + 1 }).map(requests => ({ requests })),
  )
  const spelled = fc.tuple(body, fc.constantFrom(undefined, 0, 1, '\t')).map(([each, space]) => JSON.stringify(each, undefined, space))
  const harmed = fc
    .tuple(spelled, fc.nat(), fc.constantFrom('', '0', '-', '.', '"', '\\', ',', ':', '{', '}', '[', ']', ' ', 'e', '\n', 'key'), fc.nat(2))
    .map(([each, at, piece, cut]) => `${each.slice(0, at % (each.length + 1))}${piece}${each.slice((at % (each.length + 1)) + cut)}`)
  let count = 0
  fc.assert(
    fc.property(fc.oneof(spelled, harmed), fc.constantFrom(SINGLE, PAIR, KEYLESS), (each, reader) => {
      // Only ASCII comes here.
      if (/^[\0-\x7f]*$/.test(each) && agree(reader, each)) count++
    }),
    RUNS,
  )
  assert.ok(count > RUNS.numRuns / 50, `${count} were read`)
  assert.throws(() => KEYLESS.general('{"key":"a"}'), PrescoreError)
})
