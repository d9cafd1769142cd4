import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { checkKey, decodeKey, encodeKey, type Key, type KeyColumns, type KeyValue, keyJson, parseKey } from '../../src/project/index.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const SAFE = BigInt(Number.MAX_SAFE_INTEGER)

/** As keys hold them: a number while safe, a bigint beyond. */
const held = (value: bigint): number | bigint => (value >= -SAFE && value <= SAFE ? Number(value) : value)

const integers = fc
  .oneof(
    fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
    fc.bigInt({ min: -300n, max: 300n }),
    fc.constantFrom(INT64_MIN, INT64_MIN + 1n, -SAFE - 1n, -SAFE, -1n, 0n, 1n, SAFE, SAFE + 1n, INT64_MAX),
  )
  .map(held)
/** Texts that are often equal, prefixes of each other, and full of what an encoding may trip over. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc
    .array(fc.constantFrom('', '\0', '\u0001', '\u00ff', 'a', 'ab', '\ud7ff', '\uffff', '😀', '\u{10ffff}'), { maxLength: 4 })
    .map(parts => parts.join('')),
)

/** Columns, and some keys of them. */
const keys = fc.array(fc.constantFrom('string' as const, 'int64' as const), { minLength: 1, maxLength: 3 }).chain(kinds => {
  const named = kinds.map((kind, i) => [`c${i}`, kind] as const)
  const columns: KeyColumns = Object.fromEntries(named)
  const key: fc.Arbitrary<Key> = fc.record(Object.fromEntries(named.map(([name, kind]) => [name, kind === 'string' ? texts : integers])), {
    noNullPrototype: true,
  })
  return fc.tuple(fc.constant(columns), key, key)
})

/** By code points, and by the size of integers: how keys sort. */
function compareValues(a: KeyValue, b: KeyValue): number {
  if (typeof a !== 'string' || typeof b !== 'string') return a < b ? -1 : a > b ? 1 : 0
  const [left, right] = [a, b].map(text => Array.from(text, letter => letter.codePointAt(0) as number)) as [number[], number[]]
  for (let i = 0; i < left.length && i < right.length; i++) if (left[i] !== right[i]) return (left[i] as number) - (right[i] as number)
  return left.length - right.length
}

function compareKeys(columns: KeyColumns, a: Key, b: Key): number {
  for (const name of Object.keys(columns)) {
    const order = compareValues(a[name] as KeyValue, b[name] as KeyValue)
    if (order !== 0) return order
  }
  return 0
}

describe('encodeKey', () => {
  it('is read back by decodeKey', () => {
    fc.assert(
      fc.property(keys, ([columns, key]) => {
        assert.deepEqual(decodeKey(columns, encodeKey(columns, key)), key)
      }),
      { numRuns: 1000 },
    )
  })

  it('sorts as the values compare, column by column, and is equal for equal keys only', () => {
    fc.assert(
      fc.property(keys, ([columns, a, b]) => {
        assert.equal(Math.sign(Buffer.compare(encodeKey(columns, a), encodeKey(columns, b))), Math.sign(compareKeys(columns, a, b)))
      }),
      { numRuns: 5000 },
    )
  })

  it('has a fixed layout', () => {
    const hex = (columns: KeyColumns, key: Key) => encodeKey(columns, key).toString('hex')
    assert.equal(hex({ id: 'int64' }, { id: 0 }), '018000000000000000')
    assert.equal(hex({ id: 'int64' }, { id: -1 }), '017fffffffffffffff')
    assert.equal(hex({ id: 'int64' }, { id: INT64_MAX }), '01ffffffffffffffff')
    assert.equal(hex({ id: 'int64' }, { id: 5n }), hex({ id: 'int64' }, { id: 5 }))
    assert.equal(hex({ code: 'string', hour: 'int64' }, { hour: 1, code: 'é\0' }), '02c3a900ff00' + '018000000000000001')
    assert.equal(hex({ code: 'string' }, { code: '' }), '0200')
  })

  it('tells apart what other encodings run together', () => {
    const two: KeyColumns = { a: 'string', b: 'string' }
    const different = [
      { a: '1', b: '23' },
      { a: '12', b: '3' },
      { a: '123', b: '' },
      { a: '', b: '123' },
      { a: '1\0', b: '23' },
      { a: '1', b: '\x0023' },
    ]
    assert.equal(new Set(different.map(key => encodeKey(two, key).toString('hex'))).size, different.length)
    assert.notDeepEqual(encodeKey({ a: 'string' }, { a: 'e\u0301' }), encodeKey({ a: 'string' }, { a: '\u00e9' }))
  })

  it('reads bytes that lie inside a larger buffer', () => {
    const columns: KeyColumns = { code: 'string', hour: 'int64' }
    const key = { code: 'J\0', hour: -7 }
    const bytes = encodeKey(columns, key)
    const larger = new Uint8Array(bytes.length + 8).fill(0xff)
    larger.set(bytes, 3)
    assert.deepEqual(decodeKey(columns, larger.subarray(3, 3 + bytes.length)), key)
  })

  it('refuses keys of more than 1,024 bytes', () => {
    const columns: KeyColumns = { code: 'string' }
    assert.equal(encodeKey(columns, { code: 'x'.repeat(1022) }).length, 1024)
    for (const code of ['x'.repeat(1023), 'é'.repeat(512), '\0'.repeat(512)])
      assert.throws(() => encodeKey(columns, { code }), { code: 'invalid_key', status: 400 })
  })
})

describe('checkKey', () => {
  const slot: KeyColumns = { origin: 'string', hour: 'int64' }

  it('takes exactly the columns of the entity', () => {
    assert.deepEqual(checkKey(slot, { hour: 3, origin: 'JFK' }), { hour: 3, origin: 'JFK' })
    assert.deepEqual(checkKey({ id: 'int64' }, { id: INT64_MIN }), { id: INT64_MIN })
  })

  it('takes a bare value for the only column', () => {
    assert.deepEqual(checkKey({ id: 'int64' }, 7), { id: 7 })
    assert.deepEqual(checkKey({ code: 'string' }, ''), { code: '' })
    assert.throws(() => checkKey({ code: 'string' }, 7), { code: 'invalid_key' })
    assert.throws(() => checkKey(slot, 'JFK'), { code: 'invalid_key' })
  })

  const refused: readonly (readonly [title: string, key: unknown])[] = [
    ['no key', undefined],
    ['null', null],
    ['a list', ['JFK', 3]],
    ['a missing column', { origin: 'JFK' }],
    ['a missing value', { origin: 'JFK', hour: undefined }],
    ['an unknown column', { origin: 'JFK', hour: 3, hours: 3 }],
    ['a number as text', { origin: 'JFK', hour: '3' }],
    ['a text as number', { origin: 1, hour: 3 }],
    ['a fraction', { origin: 'JFK', hour: 3.5 }],
    ['NaN', { origin: 'JFK', hour: Number.NaN }],
    ['infinity', { origin: 'JFK', hour: Number.POSITIVE_INFINITY }],
    ['a rounded integer', { origin: 'JFK', hour: 2 ** 53 }],
    ['an integer of 65 bits', { origin: 'JFK', hour: 2n ** 63n }],
    ['a boolean', { origin: 'JFK', hour: true }],
    ['null in a column', { origin: null, hour: 3 }],
    ['a lone surrogate', { origin: '\ud800', hour: 3 }],
    ['an object in a column', { origin: {}, hour: 3 }],
    ['an object without a prototype', { origin: Object.create(null), hour: 3 }],
    ['a bare bigint', 2n ** 60n],
    ['an inherited column', Object.create({ origin: 'JFK', hour: 3 })],
  ]
  for (const [title, key] of refused)
    it(`refuses ${title}`, () => assert.throws(() => checkKey(slot, key), { code: 'invalid_key', status: 400 }))

  it('says which column is wrong, and which was meant', () => {
    assert.throws(() => checkKey(slot, { origin: 'JFK', hour: '3' }), {
      message: 'The key does not fit the entity: `hour`; found "3"; expected a whole number (int64).',
    })
    assert.throws(() => checkKey(slot, { orign: 'JFK', hour: 3 }), { fix: 'Did you mean `origin`? There are: origin, hour.' })
  })
})

describe('parseKey', () => {
  const columns: KeyColumns = { code: 'string', id: 'int64' }

  it('reads int64 columns as whole decimal numbers, and leaves strings as they are', () => {
    const cases: readonly (readonly [string, KeyValue])[] = [
      ['0', 0],
      ['-12', -12],
      ['9007199254740991', 9007199254740991],
      ['9007199254740993', 9007199254740993n],
      ['-9223372036854775808', INT64_MIN],
      ['9223372036854775807', INT64_MAX],
    ]
    for (const [text, id] of cases) assert.deepEqual(parseKey(columns, { code: '007', id: text }), { code: '007', id })
  })

  it('refuses what is no int64, and columns that are missing or unknown', () => {
    for (const id of [
      '',
      ' 1',
      '1.0',
      '1e3',
      '+1',
      '0x10',
      '١',
      'x',
      '9223372036854775808',
      '-9223372036854775809',
      '10000000000000000000',
    ]) {
      assert.throws(() => parseKey(columns, { code: 'a', id }), { code: 'invalid_key' }, id)
    }
    assert.throws(() => parseKey(columns, { code: 'a' }), { code: 'invalid_key' })
    assert.throws(() => parseKey(columns, { code: 'a', id: '1', constructor: 'x' }), { code: 'invalid_key' })
  })

  it('reads back what a key shows', () => {
    fc.assert(
      fc.property(texts, integers, (code, id) => {
        assert.deepEqual(parseKey(columns, { code, id: String(id) }), { code, id })
      }),
    )
  })
})

describe('keyJson', () => {
  it('shows the columns in the order of the entity, and int64 in full digits', () => {
    const columns: KeyColumns = { origin: 'string', id: 'int64' }
    assert.equal(keyJson(columns, { id: 9_007_199_254_740_993n, origin: 'J"\n' }), '{"origin":"J\\"\\n","id":9007199254740993}')
    assert.equal(keyJson({ id: 'int64' }, { id: INT64_MIN }), '{"id":-9223372036854775808}')
    assert.equal(keyJson({ id: 'int64' }, { id: -0 }), '{"id":0}')
  })

  it('is JSON of the key, digit by digit', () => {
    fc.assert(
      fc.property(keys, ([columns, key]) => {
        const digits = JSON.parse(keyJson(columns, key), (_, value, context?: { readonly source?: string }) =>
          typeof value === 'number' ? held(BigInt(context?.source as string)) : value,
        )
        assert.deepEqual(digits, key)
      }),
    )
  })
})
