/** The merge of an earlier run with the keys of now, block by block; the oracle sorts all keys at once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MergedRows } from '../../src/batch/merged-rows.ts'
import { RESCORED, type RescoredSort } from '../../src/batch/rescored.ts'

interface Merged {
  readonly key: number
  /** Where its inputs are from, and whether it is computed anew. */
  readonly from: 'earlier' | 'now'
  readonly isTaken: boolean
}

const bytes = (key: number) => Buffer.from([key])

/** @param failed keys that the earlier run rejected */
function expected(
  earlier: readonly number[],
  failed: ReadonlySet<number>,
  now: readonly number[],
  only: readonly RescoredSort[],
): Merged[] {
  return [...new Set([...earlier, ...now])]
    .sort((a, b) => a - b)
    .flatMap((key): Merged[] => {
      if (!earlier.includes(key)) return only.includes('missing') ? [{ key, from: 'now', isTaken: false }] : []
      const isFailed = failed.has(key) && only.includes('failed')
      return [{ key, from: isFailed && now.includes(key) ? 'now' : 'earlier', isTaken: !isFailed }]
    })
}

/** As planning goes through it: earlier rows come in chunks, and a block ends with a chunk or with so many rows of now. */
function merged(
  earlier: readonly number[],
  failed: ReadonlySet<number>,
  now: readonly number[],
  only: readonly RescoredSort[],
  { chunk, block }: { readonly chunk: number; readonly block: number },
): { readonly rows: Merged[]; readonly counts: MergedRows['rows'] } {
  const merging = new MergedRows(now.length, row => bytes(now[row] as number), { run: '', only })
  const rows: Merged[] = []
  let passed = 0
  const take = (chunkRows: readonly number[]) => {
    const { at, isTaken, now: came } = merging.block()
    at.forEach((row, i) => {
      const key = row < 0 ? now[passed - 1 - row] : chunkRows[row]
      rows.push({ key: key as number, from: row < 0 ? 'now' : 'earlier', isTaken: isTaken[i] as boolean })
    })
    passed += came
  }
  let chunkRows: readonly number[] = []
  for (let from = 0; from < earlier.length; from += chunk) {
    chunkRows = earlier.slice(from, from + chunk)
    chunkRows.forEach((key, row) => {
      while (merging.comesBefore(bytes(key))) if (merging.come() >= block) take(chunkRows)
      merging.add(bytes(key), row, failed.has(key))
    })
    take(chunkRows)
  }
  while (merging.comesBefore()) if (merging.come() >= block) take(chunkRows)
  take(chunkRows)
  assert.equal(passed, now.length)
  return { rows, counts: merging.rows }
}

test('each row once, in the order of the keys, from where it belongs, whatever the chunks and blocks', () => {
  const keys = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 }).map(all => all.sort((a, b) => a - b))
  const sorts = fc.subarray([...RESCORED], { minLength: 1 })
  const sizes = fc.record({ chunk: fc.integer({ min: 1, max: 9 }), block: fc.integer({ min: 1, max: 9 }) })
  fc.assert(
    fc.property(keys, keys, fc.array(fc.integer({ min: 0, max: 40 })), sorts, sizes, (earlier, now, bad, only, size) => {
      const failed = new Set(bad)
      const all = expected(earlier, failed, now, only)
      const { rows, counts } = merged(earlier, failed, now, only, size)
      assert.deepEqual(rows, all)
      const taken = all.filter(({ isTaken }) => isTaken).length
      const again = only.includes('failed') ? earlier.filter(key => failed.has(key)).length : 0
      assert.deepEqual(counts, { failed: again, missing: all.length - taken - again, taken })
    }),
  )
})
