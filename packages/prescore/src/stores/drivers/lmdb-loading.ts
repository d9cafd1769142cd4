/** Puts the rows of a run behind one another: what is done for each of them is most of what a load costs. */
import { checkOrder, keyAt, type StoredPart } from '../rows.ts'
import type { ByteTable } from './lmdb-environment.ts'

/** Of a buffer with `start` and `end`, lmdb takes what lies between. It asks for the address of the memory once, and counts from there. */
interface Ranged extends Buffer {
  start: number
  end: number
}

/** Keys of up to so many bytes are put in a buffer that is used again. */
const KEY_LENGTH_MAX = 64
const APPEND = Object.freeze({ append: true })

export class LmdbLoading {
  readonly #table: ByteTable
  /** By length. */
  readonly #keys: readonly Buffer[] = Array.from({ length: KEY_LENGTH_MAX + 1 }, (_, length) => Buffer.alloc(length))
  /** The last key of the part before. */
  #before: Uint8Array | undefined

  constructor(table: ByteTable) {
    this.#table = table
  }

  /** Within a transaction. @throws PrescoreError `duplicate_keys`; `internal` for rows that are not as they should be */
  put({ block, from, to }: StoredPart): void {
    const { entries, entryStarts, entryEnds } = block
    const entry: Ranged = Object.assign(Buffer.from(entries.buffer), { start: 0, end: 0 })
    for (let row = from; row < to; row++) {
      const key = this.#keyAt(block, row)
      entry.start = entries.byteOffset + (entryStarts[row] as number)
      entry.end = entries.byteOffset + (entryEnds[row] as number)
      // Unlike its types say, putSync tells whether the key was appended: then it is above all others. It is not where the rows are
      // out of order, or where a load that was cut short, or another process that loads the same run, has come further: then the
      // row that is written again is the same.
      const appended: unknown = key.length > 0 && this.#table.putSync(key, entry, APPEND)
      if (appended === true) continue
      checkOrder(row === from ? this.#before : keyAt(block, row - 1), key)
      this.#table.putSync(key, entry)
    }
    this.#before = keyAt(block, to - 1).slice()
  }

  /** Valid until the next is asked for. */
  #keyAt(block: StoredPart['block'], row: number): Buffer {
    const { keys, keyEnds } = block
    const start = row === 0 ? 0 : (keyEnds[row - 1] as number)
    const length = (keyEnds[row] as number) - start
    const key = this.#keys[length]
    if (key === undefined) return Buffer.from(keyAt(block, row))
    for (let i = 0; i < length; i++) key[i] = keys[start + i] as number
    return key
  }
}
