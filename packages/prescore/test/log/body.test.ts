import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { decodeEvents, type EventsForm } from '../../src/sources/index.ts'

const decode = (text: string, form: EventsForm) => decodeEvents(Buffer.from(text), form)
const codeOf = (value: unknown) => (value instanceof PrescoreError ? value.code : value)

const values = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }).filter(text => text.isWellFormed()),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constant(null),
)
const objects = fc.array(fc.tuple(fc.string(), values), { maxLength: 4 }).map(members => new Map(members))

/** The JSON of an object, integers in all their digits. */
const json = (event: ReadonlyMap<string, unknown>) =>
  `{${[...event].map(([name, value]) => `${JSON.stringify(name)}:${typeof value === 'bigint' ? value : JSON.stringify(value)}`).join(', ')}}`

/** As it must come: integers as numbers while they are safe. */
const held = (value: unknown) => {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(JSON.stringify(value)))
    return BigInt(JSON.stringify(value))
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value
}
const plain = (event: ReadonlyMap<string, unknown>) => [...event].map(([name, value]) => [name, held(value)])
const entries = (event: unknown) => Object.entries(event as object)
const sorted = (pairs: readonly unknown[]) =>
  [...pairs].sort((a, b) => (JSON.stringify((a as unknown[])[0]) < JSON.stringify((b as unknown[])[0]) ? -1 : 1))

test('a list and lines give the same events, every digit kept', () => {
  fc.assert(
    fc.property(fc.array(objects, { maxLength: 6 }), fc.constantFrom('\n', '\r\n', '\n\n'), (all, newline) => {
      const expected = all.map(event => sorted(plain(event)))
      const lines = all.map(event => json(event)).join(newline)
      for (const found of [decode(`[${all.map(json).join(',\n')}]`, 'json'), decode(lines, 'ndjson'), decode(lines + newline, 'ndjson')]) {
        assert.deepEqual(
          found.map(event => sorted(entries(event))),
          expected,
        )
      }
    }),
    { numRuns: 500 },
  )
})

test('a body that is cut anywhere is refused whole', () => {
  const body = Buffer.from(
    '[{"a\\u00e9": "é\\n\\"x", "b": -1.5e-10, "c": true, "d": false, "e": null, "f": [1, {"g": {}}]}, {}, {"long": 12345678901234567890}]',
  )
  assert.equal(decodeEvents(body, 'json').length, 3)
  for (let length = 1; length < body.length; length++) {
    assert.throws(() => decodeEvents(body.subarray(0, length), 'json'), { code: 'body_cut_short' }, body.toString('utf8', 0, length))
  }
  const lines = Buffer.from('{"a": 1}\n{"b": "é", "c": 12345678901234567890}')
  const first = lines.indexOf('\n')
  for (let length = first + 2; length < lines.length; length++) {
    assert.throws(() => decodeEvents(lines.subarray(0, length), 'ndjson'), { code: 'body_cut_short' }, lines.toString('utf8', 0, length))
  }
})

test('what is not a list of events is refused by its code', () => {
  const cases: readonly (readonly [string | Uint8Array, EventsForm, string])[] = [
    ['', 'json', 'invalid_json'],
    [' \n', 'json', 'invalid_json'],
    ['{"a": 1}', 'json', 'invalid_request'],
    ['7', 'json', 'invalid_request'],
    ['"a"', 'json', 'invalid_request'],
    ['[1,]', 'json', 'invalid_json'],
    ['[{a: 1}]', 'json', 'invalid_json'],
    ['[{"a": 01}]', 'json', 'invalid_json'],
    ['[{"a": "\\u00g1"}]', 'json', 'invalid_json'],
    ['[] []', 'json', 'invalid_json'],
    ['[NaN]', 'json', 'invalid_json'],
    [Uint8Array.of(0x5b, 0xff, 0x5d), 'json', 'invalid_utf8'],
    [Uint8Array.of(0x5b, 0x22, 0xc3, 0x22, 0x5d), 'json', 'invalid_utf8'],
    [Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'ndjson', 'invalid_utf8'],
    [Uint8Array.of(0xff), 'ndjson', 'invalid_utf8'],
    [Uint8Array.of(0x7b, 0x22, 0xe2, 0x82), 'ndjson', 'body_cut_short'],
  ]
  for (const [body, form, code] of cases) {
    assert.throws(() => decodeEvents(typeof body === 'string' ? Buffer.from(body) : body, form), { code }, String(body))
  }
})

test('a line that is not JSON stands as its error, at its index', () => {
  const found = decode('{"a": 1}\n\n{"a": 1},{"a": 2}\n{"a":\n[1]\n{"a": 2}\n', 'ndjson')
  assert.deepEqual(found.map(codeOf), [{ a: 1 }, 'invalid_json', 'invalid_json', [1], { a: 2 }])
  assert.deepEqual(decode('', 'ndjson'), [])
  assert.deepEqual(decode('\n \n', 'ndjson'), [])
})

test('only whole numbers that a double cannot hold come as bigint', () => {
  const body =
    '[{"a": 9007199254740991, "b": 9007199254740993, "c": -9007199254740993, "d": 1e20, "e": 12345678901234567890.5, "f": "x 9007199254740993", "g":9007199254740993}]'
  assert.deepEqual(decode(body, 'json'), [
    {
      a: 9007199254740991,
      b: 9007199254740993n,
      c: -9007199254740993n,
      d: 1e20,
      e: Number('12345678901234567890.5'),
      f: 'x 9007199254740993',
      g: 9007199254740993n,
    },
  ])
})
