/** A pass visits every key once, in whatever slices, and neighbours follow each other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { KeyPass } from '../../src/online/key-pass.ts'
import { KeyRoster } from '../../src/online/key-roster.ts'
import { encodeKey, type KeyColumns } from '../../src/project/index.ts'
import { RUNS } from '../features/arbitraries.ts'
import { randomOf } from './samples.ts'

/** So few that have four bytes more in common may come in any order. */
const ALIKE_MAX = 15
/** More than are sorted in one go. */
const MANY = 150_000
const COLUMNS: KeyColumns = { shop: 'string', number: 'int64' }

interface Keys {
  readonly seed: number
  readonly keys: number
  /** Texts before and after what differs. */
  readonly before: string
  readonly kinds: number
  readonly invalidOneIn: number
}

const someKeys = fc.record({
  seed: fc.nat(),
  keys: fc.constantFrom(0, 1, 15, 16, 400, 3_000),
  before: fc.constantFrom('', 'c', 'customer-', 'ключ\u0000', 'x'.repeat(60)),
  kinds: fc.constantFrom(1, 3, 1_000),
  invalidOneIn: fc.constantFrom(3, 50, 10_000),
})

test('all keys once, neighbours together', t => {
  // Each look at the clock takes 1 ms.
  let nowMs = 0
  t.mock.method(performance, 'now', () => nowMs++)
  const property = fc.property(someKeys, fc.nat({ max: 20 }), (plan, sliceMs) => {
    const keys = keysOf(plan)
    const roster = new KeyRoster()
    const visited: { number: number; bytes: Buffer }[] = []
    const visit = (number: number, bytes: Buffer) => void visited.push({ number, bytes })
    const pass = new KeyPass({ keys: keys.length, bytesOf: number => keys[number] }, roster)
    while (!pass.goOn(nowMs + 1 + sliceMs, visit));
    checkPass(keys, visited)
  })
  fc.assert(property, { numRuns: Math.ceil(RUNS.numRuns / 4) })
})

test('many keys are dealt, and those of full piles again', () => {
  const random = randomOf(1)
  const numbers = Array.from({ length: MANY }, (_, i) => (i % 50 === 0 ? random(1e9) * 1e6 : (i * 7_919) % MANY))
  const keys = [...new Set(numbers)].map(number => encodeKey({ number: 'int64' }, { number }))
  const visited: { number: number; bytes: Buffer }[] = []
  const pass = new KeyPass({ keys: keys.length, bytesOf: number => keys[number] }, new KeyRoster())
  assert.ok(pass.goOn(Number.POSITIVE_INFINITY, (number, bytes) => void visited.push({ number, bytes })))
  checkPass(keys, visited)
})

function checkPass(keys: readonly (Buffer | undefined)[], visited: readonly { number: number; bytes: Buffer }[]): void {
  const valid = keys.flatMap((bytes, i) => (bytes === undefined ? [] : [i]))
  assert.deepEqual(
    visited.map(({ number }) => number).sort((a, b) => a - b),
    valid,
  )
  for (const { number, bytes } of visited) assert.ok(bytes.equals(keys[number] as Buffer), `the bytes of key ${number}`)
  const alike = new Map<string, number>()
  for (const { bytes } of visited) {
    for (let end = 4; end <= bytes.length; end += 4) {
      const common = bytes.toString('latin1', 0, end)
      alike.set(common, (alike.get(common) ?? 0) + 1)
    }
  }
  for (let i = 1; i < visited.length; i++) {
    const [one, next] = [visited[i - 1]!.bytes, visited[i]!.bytes]
    if (one.compare(next) < 0) continue
    const common = one.toString('latin1', 0, commonBytes(one, next) & ~3)
    const keys = alike.get(common) ?? visited.length
    assert.ok(keys <= ALIKE_MAX, `${keys} keys that have ${common.length} bytes in common`)
  }
}

function commonBytes(one: Buffer, other: Buffer): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  return at
}

/** All different, in no order; some are none. */
function keysOf({ seed, keys, before, kinds, invalidOneIn }: Keys): (Buffer | undefined)[] {
  const random = randomOf(seed)
  const texts = Array.from({ length: kinds }, (_, i) => `${before}${(i * 7919) % 10_007}${'y'.repeat(random(12))}`)
  const all = new Set<string>()
  while (all.size < keys) {
    const number = random(2) === 0 ? random(1 << 20) : -random(1 << 20)
    all.add(encodeKey(COLUMNS, { shop: texts[random(kinds)]!, number }).toString('latin1'))
  }
  return [...all].map(name => (random(invalidOneIn) === 0 ? undefined : Buffer.from(name, 'latin1')))
}
