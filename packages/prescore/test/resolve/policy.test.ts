import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stepOrder } from '../../src/resolve/index.ts'
import { isFresh, statedAgeSeconds } from '../../src/resolve/policy.ts'

const ORDERS = [
  ['hybrid', 'store', 'override memory store live stale default'],
  ['hybrid', 'live', 'override live memory store stale default'],
  ['batch', 'store', 'override memory store stale default'],
  ['batch', 'live', 'override memory store stale default'],
  ['live', 'store', 'override memory live default'],
  ['live', 'live', 'override live memory default'],
] as const

for (const [mode, preference, steps] of ORDERS) {
  test(`${mode}, preferring ${preference}: ${steps.replaceAll(' ', ', ')}`, () =>
    assert.deepEqual(stepOrder(mode, preference), steps.split(' ')))
}

test('without a preference, the mode decides', () => {
  for (const mode of ['hybrid', 'batch', 'live'] as const) assert.deepEqual(stepOrder(mode), stepOrder(mode, 'store'))
})

test('an answer is never fresher than it says, and less than a second older', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), ageUs => {
      const stated = statedAgeSeconds(ageUs)
      assert.ok(Number.isInteger(stated))
      assert.ok(stated * 1_000_000 >= ageUs)
      assert.ok((stated - 1) * 1_000_000 < ageUs)
    }),
  )
})

test('the age of an as-of to come is 0', () => {
  for (const ageUs of [0, -1, -999_999_999]) assert.ok(Object.is(statedAgeSeconds(ageUs), 0))
})

test('fresh: up to max age, to the microsecond; always without one', () => {
  assert.ok(isFresh(60_000_000, 60_000_000))
  assert.ok(!isFresh(60_000_001, 60_000_000))
  assert.ok(isFresh(-5, 0))
  assert.ok(!isFresh(1, 0))
  assert.ok(isFresh(Number.MAX_SAFE_INTEGER, undefined))
})
