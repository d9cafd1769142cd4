/** Rows as bytes, which every prediction store takes as it takes others. */
import assert from 'node:assert/strict'
import { PrescoreError } from '../../src/base/index.ts'
import type { Store, StoredBlock } from '../../src/stores/index.ts'
import { headerOf } from './prediction-store.ts'

export function loadsBlocks(withStore: (what: string, body: (store: Store) => Promise<void>) => Promise<void>): void {
  void withStore('takes rows as bytes, among rows that are not, and of any place in what they lie in', async ({ predictions }) => {
    const keyOf = (i: number) => Buffer.from(String(i).padStart(6, '0'))
    const [first, count] = [3, 60_000]
    const texts = Array.from({ length: count }, (_, i) => `[${i}]`)
    const ends = Int32Array.from(
      texts,
      (
        (end: number) => (text: string) =>
          (end += text.length + 1)
      )(5),
    )
    const memory = Buffer.from(`.....${texts.map(text => `${text};`).join('')}`)
    const block: StoredBlock = {
      rows: count,
      keys: Buffer.concat(texts.map((_, i) => keyOf(first + i))),
      keyEnds: Int32Array.from(texts, (_, i) => 6 * (i + 1)),
      // Not at the beginning of its memory.
      entries: new Uint8Array(Buffer.concat([Buffer.alloc(8), memory])).subarray(8),
      entryStarts: Int32Array.from(texts, (text, i) => (ends[i] as number) - 1 - text.length),
      entryEnds: Int32Array.from(texts, (_, i) => (ends[i] as number) - 1),
    }
    const rowOf = (i: number) => ({ keyBytes: keyOf(i), valueText: `[${i - first}]` })
    async function* mixed() {
      yield [rowOf(0), rowOf(1)]
      yield [rowOf(2)]
      yield { ...block, rows: 0 }
      yield block
      yield [rowOf(first + count)]
    }
    const rows = first + count + 1
    await predictions.load(headerOf('mixed', rows), mixed())
    const run = predictions.open('mixed')
    assert.equal(run?.count(), rows)
    for (const i of [0, 1, 2, 3, 4, 25_002, 25_003, 25_004, 50_003, rows - 2, rows - 1]) assert.equal(run?.text(keyOf(i)), `[${i - first}]`)
    run?.close()
    async function* again() {
      yield block
      yield block
    }
    await assert.rejects(
      predictions.load(headerOf('twice', 2 * count), again()),
      (error: unknown) => error instanceof PrescoreError && error.code === 'internal',
    )
    await assert.rejects(predictions.load(headerOf('more', count + 1), again()), PrescoreError)
  })
}
