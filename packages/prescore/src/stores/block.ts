/** Rows put behind one another as bytes: as they are loaded, and as another thread hands them over. */
import { storedBytes } from './entry.ts'
import type { RunHeader, StoredBlock, StoredRow } from './types.ts'

const FIRST_ROWS = 1_024
const FIRST_BYTES = 16_384

/** Bytes that grow. What was taken from them is used again for what follows. */
class Bytes {
  #bytes = new Uint8Array(FIRST_BYTES)
  size = 0

  get all(): Uint8Array {
    return this.#bytes
  }

  /** Room for so many more. */
  reserve(more: number): Uint8Array {
    if (this.size + more > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.size + more, 2 * this.#bytes.length))
      grown.set(this.#bytes.subarray(0, this.size))
      this.#bytes = grown
    }
    return this.#bytes
  }

  add(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes, this.size)
    this.size += bytes.length
  }
}

/** Puts rows together, one by one. */
export class BlockBuilder {
  readonly #header: Pick<RunHeader, 'fingerprintBytes'>
  readonly #keys = new Bytes()
  readonly #entries = new Bytes()
  #keyEnds = new Int32Array(FIRST_ROWS)
  #entryEnds = new Int32Array(FIRST_ROWS)
  rows = 0

  constructor(header: Pick<RunHeader, 'fingerprintBytes'>) {
    this.#header = header
  }

  /** @returns how many there are. @throws PrescoreError `internal` for a row that is not as the header says */
  add(row: StoredRow): number {
    const { keyBytes, valueText, fingerprint, inputsText } = row
    this.#keys.add(keyBytes)
    const isPlain = this.#header.fingerprintBytes === 0 && fingerprint === undefined && inputsText === undefined
    if (!isPlain || !this.#addPlain(valueText)) this.#entries.add(storedBytes(this.#header, row))
    if (this.rows === this.#keyEnds.length) {
      this.#keyEnds = grown(this.#keyEnds)
      this.#entryEnds = grown(this.#entryEnds)
    }
    this.#keyEnds[this.rows] = this.#keys.size
    this.#entryEnds[this.rows] = this.#entries.size
    return ++this.rows
  }

  /** The rows so far; the block is valid until the next row is added. */
  taken(): StoredBlock {
    const { rows } = this
    const entryEnds = this.#entryEnds.subarray(0, rows)
    const entryStarts = new Int32Array(rows)
    entryStarts.set(entryEnds.subarray(0, Math.max(0, rows - 1)), 1)
    const block = {
      rows,
      keys: this.#keys.all,
      keyEnds: this.#keyEnds.subarray(0, rows),
      entries: this.#entries.all,
      entryStarts,
      entryEnds,
    }
    this.rows = 0
    this.#keys.size = 0
    this.#entries.size = 0
    return block
  }

  /** Numbers are short: letter by letter is quicker than a call that encodes them. @returns false, and nothing is added: it is beyond ASCII */
  #addPlain(text: string): boolean {
    const to = this.#entries.reserve(text.length)
    const at = this.#entries.size
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) return false
      to[at + i] = code
    }
    this.#entries.size += text.length
    return true
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(2 * numbers.length)
  twice.set(numbers)
  return twice
}
