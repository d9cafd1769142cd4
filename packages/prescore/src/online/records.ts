/** The only blocks of keys, by their numbers: in few buffers, since garbage collections would look at each of so many objects, and move it. */
import { Integers } from './arrays.ts'

/** Of a buffer, unless a single block is longer. */
const BUFFER_BYTES = 1024 * 1024

export class Records {
  readonly #buffers: Buffer[] = []
  /** Of the last buffer. */
  #used = 0
  /** By number: which buffer, from where on, and how many bytes. 0: there is no block. */
  readonly #bufferOf = new Integers()
  readonly #fromOf = new Integers()
  readonly #bytesOf = new Integers()

  /** The bytes are not changed any more. */
  at(number: number): Buffer | undefined {
    if (number >= this.#bytesOf.length || this.#bytesOf.at(number) === 0) return undefined
    const from = this.#fromOf.at(number)
    return this.#buffers[this.#bufferOf.at(number)]!.subarray(from, from + this.#bytesOf.at(number))
  }

  /** Copies the bytes. @param bytes undefined: there is none any more */
  set(number: number, bytes: Uint8Array | undefined): void {
    while (this.#bytesOf.length <= number) for (const each of [this.#bufferOf, this.#fromOf, this.#bytesOf]) each.push(0)
    this.#bytesOf.set(number, bytes?.length ?? 0)
    if (bytes === undefined) return
    const buffer = this.#bufferFor(bytes.length)
    buffer.set(bytes, this.#used)
    this.#bufferOf.set(number, this.#buffers.length - 1)
    this.#fromOf.set(number, this.#used)
    this.#used += bytes.length
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
