/** Numbers stand for keys: the same number for the same key and for no other, whichever columns it comes in. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Column, Dictionary, stringColumn } from '../../src/expressions/index.ts'
import { KeyIndex, NO_KEY } from '../../src/history/index.ts'
import { encodeKey, type KeyColumns, type KeyValue } from '../../src/project/index.ts'
import { columnFrom, type Plain } from '../expressions/rows.ts'

type Tuple = readonly Plain[]

const int64 = fc.constantFrom<Plain>(0, 1, -1, 7, 2 ** 53 - 1, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), undefined)
const text = fc.constantFrom<Plain>('', 'a', 'b', 'a\0', '1', '7', undefined)
const shapes: readonly { readonly columns: KeyColumns; readonly parts: readonly fc.Arbitrary<Plain>[] }[] = [
  { columns: { s: 'string' }, parts: [text] },
  { columns: { n: 'int64' }, parts: [int64] },
  { columns: { s: 'string', t: 'string' }, parts: [text, text] },
  { columns: { n: 'int64', s: 'string', m: 'int64' }, parts: [int64, text, int64] },
]

/** Texts in a dictionary of their own each time, in another order. */
function columnsOf(kinds: KeyColumns, tuples: readonly Tuple[]): Column[] {
  return Object.values(kinds).map((kind, at) => {
    const values = tuples.map(tuple => tuple[at])
    if (kind === 'int64') return columnFrom({ kind }, values, 2)
    const dictionary = new Dictionary()
    for (const value of [...values].reverse()) if (typeof value === 'string') dictionary.code(value)
    return stringColumn(values as (string | undefined)[], dictionary)
  })
}

/** Equal for equal keys only; undefined where a part is missing. */
function identity(tuple: Tuple): string | undefined {
  return tuple.includes(undefined) ? undefined : tuple.map(part => `${typeof part === 'string' ? JSON.stringify(part) : part}`).join()
}

for (const { columns, parts } of shapes) {
  test(`keys of ${Object.values(columns).join(', ')}: added and found in any mixture`, () => {
    const batch = fc.record({ tuples: fc.array(fc.tuple(...parts), { maxLength: 12 }), add: fc.boolean() })
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 6 }), batches => {
        const index = new KeyIndex(columns)
        const known = new Map<string, number>()
        for (const { tuples, add } of batches) {
          const numbers = add ? index.add(columnsOf(columns, tuples), tuples.length) : index.find(columnsOf(columns, tuples), tuples.length)
          const expected = tuples.map(tuple => {
            const key = identity(tuple)
            if (key === undefined) return NO_KEY
            if (add && !known.has(key)) known.set(key, known.size)
            return known.get(key) ?? NO_KEY
          })
          assert.deepEqual([...numbers], expected)
        }
        assert.equal(index.size, known.size)
        for (const [key, number] of known) {
          const values = index.values(number)
          assert.equal(identity(Object.values(values)), key)
          assert.deepEqual(index.bytes(number), encodeKey(columns, values as Record<string, KeyValue>))
        }
      }),
    )
  })
}

test('a dictionary that grows, met by finding before its texts were added through another', () => {
  const index = new KeyIndex({ s: 'string' })
  const growing = new Dictionary()
  const first = stringColumn(['a', 'b'], growing)
  assert.deepEqual([...index.find([first], 2)], [NO_KEY, NO_KEY])
  index.add([stringColumn(['b'])], 1)
  assert.deepEqual([...index.find([first], 2)], [NO_KEY, 0])
  const second = stringColumn(['c', 'a', 'b'], growing)
  assert.deepEqual([...index.find([second], 3)], [NO_KEY, NO_KEY, 0])
  index.add([stringColumn(['c'])], 1)
  assert.deepEqual([...index.find([second], 3)], [1, NO_KEY, 0])
  assert.deepEqual([...index.add([second], 3)], [1, 2, 0])
})

test('what a dictionary has gained while others were added is found', () => {
  const index = new KeyIndex({ text: 'string' })
  const dictionary = ['a']
  const ofCodes = (...codes: number[]): Column => ({ type: { kind: 'string' }, codes: Int32Array.from(codes), dictionary })
  index.add([ofCodes(0)], 1)
  index.add([stringColumn(['c'])], 1)
  assert.deepEqual([...index.find([ofCodes(0)], 1)], [0])
  dictionary.push('b', 'c')
  assert.deepEqual([...index.add([ofCodes(0)], 1)], [0])
  assert.deepEqual([...index.find([ofCodes(0, 1, 2)], 3)], [0, NO_KEY, 1])
})

test('finding adds nothing', () => {
  const index = new KeyIndex({ s: 'string', n: 'int64' })
  index.find([stringColumn(['a']), columnFrom({ kind: 'int64' }, [1])], 1)
  assert.equal(index.size, 0)
  index.add([stringColumn(['a', 'b']), columnFrom({ kind: 'int64' }, [1, undefined])], 2)
  assert.equal(index.size, 1)
  assert.deepEqual([...index.find([stringColumn(['b']), columnFrom({ kind: 'int64' }, [1])], 1)], [NO_KEY])
})

test('many keys: the tables grow', () => {
  const index = new KeyIndex({ n: 'int64', s: 'string' })
  const rows = 20_000
  const tuples = Array.from({ length: rows }, (_, i): Tuple => [i % 2 === 0 ? i : BigInt(i) * 2n ** 40n, `s${i % 3}`])
  const columns = columnsOf({ n: 'int64', s: 'string' }, tuples)
  const numbers = Array.from({ length: rows }, (_, i) => i)
  assert.deepEqual([...index.add(columns, rows)], numbers)
  assert.deepEqual([...index.add(columns, rows)], numbers)
  assert.deepEqual([...index.find(columns, rows)], numbers)
  assert.deepEqual(index.values(19_999), { n: 19_999n * 2n ** 40n, s: 's1' })
})
