/** Features of many keys are computed in rounds, so that memory holds no more keys than it is meant to. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { roundsOf } from '../../src/batch/execute.ts'

const KEYS_AT_ONCE = 500_000
const planned = (rows: number, features: number) => ({ population: { file: '', rows }, shards: { features, score: 1 } })

test('few keys are one round, whatever the number of parts', () => {
  assert.deepEqual(roundsOf(planned(KEYS_AT_ONCE, 7), [0, 1, 2, 5, 6], KEYS_AT_ONCE), [[0, 1, 2, 5, 6]])
})

test('each part is in one round, and a round has about as many keys as are computed at once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 * KEYS_AT_ONCE }), fc.integer({ min: 1, max: 40 }), fc.nat(), (rows, parts, done) => {
      const open = Array.from({ length: parts }, (_, part) => part).slice(done % parts)
      const rounds = roundsOf(planned(rows, parts), open, KEYS_AT_ONCE)
      assert.deepEqual(rounds.flat(), open)
      const ofPart = rows / parts
      for (const round of rounds) assert.ok(round.length === 1 || round.length * ofPart <= KEYS_AT_ONCE + ofPart, `${round.length} parts`)
    }),
  )
})

test('as many parts as threads and rounds ask for are computed evenly', () => {
  assert.deepEqual(roundsOf(planned(1.2 * KEYS_AT_ONCE, 4), [0, 1, 2, 3], KEYS_AT_ONCE), [
    [0, 1],
    [2, 3],
  ])
})
