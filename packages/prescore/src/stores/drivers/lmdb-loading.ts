/** Puts the rows of a run behind one another: what is done for each of them is most of what a load costs. */
import { storedBytes } from '../entry.ts'
import { checkOrder } from '../rows.ts'
import type { RunHeader, StoredRow } from '../types.ts'
import type { ByteTable } from './lmdb-environment.ts'

/** Of a buffer with `start` and `end`, lmdb takes what lies between. It asks for the address of the memory once, and counts from there. */
interface Reused extends Buffer {
  start: number
  end: number
}

/** Longer texts are put in a buffer of their own. */
const TEXT_LENGTH_MAX = 1_024
const APPEND = Object.freeze({ append: true })

export class LmdbLoading {
  readonly #table: ByteTable
  readonly #header: RunHeader
  readonly #reused: Reused = Object.assign(Buffer.from(new ArrayBuffer(TEXT_LENGTH_MAX)), { start: 0, end: 0 })
  #before: Uint8Array | undefined

  constructor(table: ByteTable, header: RunHeader) {
    this.#table = table
    this.#header = header
  }

  /** Within a transaction. @throws PrescoreError `duplicate_keys`; `internal` for rows that are not as they should be */
  put(part: readonly StoredRow[]): void {
    for (const row of part) {
      const keyBytes = row.keyBytes as Buffer
      const stored = this.#stored(row)
      // Unlike its types say, putSync tells whether the key was appended: then it is above all others. It is not where the rows are
      // out of order, or where a load that was cut short, or another process that loads the same run, has come further: then the
      // row that is written again is the same.
      const appended: unknown = keyBytes.length > 0 && this.#table.putSync(keyBytes, stored, APPEND)
      if (appended !== true) {
        checkOrder(this.#before, keyBytes)
        this.#table.putSync(keyBytes, stored)
      }
      this.#before = keyBytes
    }
  }

  /** The bytes of a row, to be put before the next row's are asked for. */
  #stored(row: StoredRow): Buffer {
    const { valueText, fingerprint, inputsText } = row
    const isPlain = this.#header.fingerprintBytes === 0 && fingerprint === undefined && inputsText === undefined
    if (!isPlain || valueText.length > TEXT_LENGTH_MAX) return storedBytes(this.#header, row)
    const reused = this.#reused
    // Numbers are short: letter by letter is quicker than a call that encodes them.
    for (let i = 0; i < valueText.length; i++) {
      const code = valueText.charCodeAt(i)
      if (code > 0x7f) return storedBytes(this.#header, row)
      reused[i] = code
    }
    reused.end = valueText.length
    return reused
  }
}
