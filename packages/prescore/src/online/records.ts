/** The only blocks of keys, by their numbers: in few buffers, since garbage collections would look at each of so many objects, and move it. */
import { Integers } from './arrays.ts'

/** Of a buffer, unless a single block is longer. */
const BUFFER_BYTES = 1024 * 1024
/** Blocks of busy keys are replaced again and again: with so much of what was replaced, and more of it than of all else, the others are moved. */
const REPLACED_BYTES_MAX = 16 * BUFFER_BYTES

export class Records {
  #buffers: Buffer[] = []
  /** Of blocks in the buffers: those that are there still, and those that were replaced. */
  #kept = 0
  #replaced = 0
  /** Of the last buffer. */
  #used = 0
  /** By number: which buffer, from where on, and how many bytes. 0: there is no block. */
  readonly #bufferOf = new Integers()
  readonly #fromOf = new Integers()
  readonly #bytesOf = new Integers()

  /** What the buffers take. */
  get bytes(): number {
    return this.#buffers.reduce((sum, { length }) => sum + length, 0)
  }

  /** The bytes are not changed any more. */
  at(number: number): Buffer | undefined {
    if (number >= this.#bytesOf.length || this.#bytesOf.at(number) === 0) return undefined
    const from = this.#fromOf.at(number)
    return this.#buffers[this.#bufferOf.at(number)]!.subarray(from, from + this.#bytesOf.at(number))
  }

  /** Copies the bytes. @param bytes undefined: there is none any more */
  set(number: number, bytes: Uint8Array | undefined): void {
    while (this.#bytesOf.length <= number) for (const each of [this.#bufferOf, this.#fromOf, this.#bytesOf]) each.push(0)
    const before = this.#bytesOf.at(number)
    this.#replaced += before
    this.#kept -= before
    this.#bytesOf.set(number, 0)
    if (bytes !== undefined) this.#put(number, bytes)
    if (this.#replaced > Math.max(REPLACED_BYTES_MAX, this.#kept)) this.#compact()
  }

  #put(number: number, bytes: Uint8Array): void {
    const buffer = this.#bufferFor(bytes.length)
    buffer.set(bytes, this.#used)
    this.#bufferOf.set(number, this.#buffers.length - 1)
    this.#fromOf.set(number, this.#used)
    this.#bytesOf.set(number, bytes.length)
    this.#used += bytes.length
    this.#kept += bytes.length
  }

  /** Whoever has bytes of before keeps their buffers. */
  #compact(): void {
    const before = this.#buffers
    this.#buffers = []
    this.#kept = 0
    this.#replaced = 0
    for (let number = 0; number < this.#bytesOf.length; number++) {
      const bytes = this.#bytesOf.at(number)
      const from = this.#fromOf.at(number)
      if (bytes > 0) this.#put(number, before[this.#bufferOf.at(number)]!.subarray(from, from + bytes))
    }
  }

  #bufferFor(bytes: number): Buffer {
    const last = this.#buffers.at(-1)
    if (last !== undefined && this.#used + bytes <= last.length) return last
    const buffer = Buffer.allocUnsafeSlow(Math.max(BUFFER_BYTES, bytes))
    this.#buffers.push(buffer)
    this.#used = 0
    return buffer
  }
}
