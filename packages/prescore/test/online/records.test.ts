/** Blocks of keys in few buffers: what was set last is there, and what was replaced does not pile up. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Records } from '../../src/online/records.ts'

const MB = 1024 * 1024

function filled(bytes: number, value: number): Buffer {
  return Buffer.alloc(bytes, value)
}

test('the last of each number, also when others were replaced often; bytes that were given out stay as they were', () => {
  const records = new Records()
  const last = new Map<number, Buffer | undefined>()
  const set = (number: number, bytes: Buffer | undefined) => {
    records.set(number, bytes)
    last.set(number, bytes)
  }
  for (let number = 0; number < 500; number++) set(number, number % 7 === 0 ? undefined : filled(1 + ((number * 37) % 5000), number))
  set(3, filled(2 * MB, 3))
  const given = records.at(5)
  const copy = Buffer.from(given as Buffer)
  for (let turn = 0; turn < 20_000; turn++) set(turn % 9, filled(4000 + (turn % 13), turn))
  set(8, undefined)
  for (const [number, bytes] of last) assert.deepEqual(records.at(number), bytes)
  assert.equal(records.at(10_000), undefined)
  assert.deepEqual(given, copy)
})

test('a block that is replaced again and again takes no more and more memory', () => {
  const records = new Records()
  const block = filled(4000, 1)
  for (let turn = 0; turn < 100_000; turn++) records.set(turn % 3, block)
  assert.ok(records.bytes < 20 * MB, `${records.bytes}`)
})
