/** The keys of a wave as bytes, by their numbers: one after the other in one buffer, so that many of them are one object. */
import { Integers } from './arrays.ts'

const FIRST_BYTES = 16_384
/** Of a key, read at once. One that reaches over the last key ends in spare bytes. */
export const WORD_BYTES = 4

export class KeyRoster {
  #bytes = Buffer.alloc(FIRST_BYTES)
  /** Where each key ends, and the next one begins. */
  readonly #ends = new Integers()

  get length(): number {
    return this.#ends.length
  }

  /** The next number's key. @param bytes undefined: no request can ask for it */
  add(bytes: Buffer | undefined): void {
    const from = this.#from(this.length)
    const end = from + (bytes?.length ?? 0)
    if (end + WORD_BYTES > this.#bytes.length) this.#grow(end + WORD_BYTES)
    if (bytes !== undefined) this.#bytes.set(bytes, from)
    this.#ends.push(end)
  }

  /** The bytes of a key. Undefined: no request can ask for it. */
  at(number: number): Buffer | undefined {
    const [from, end] = [this.#from(number), this.#ends.at(number)]
    return from === end ? undefined : this.#bytes.subarray(from, end)
  }

  lengthOf(number: number): number {
    return this.#ends.at(number) - this.#from(number)
  }

  /** {@link WORD_BYTES} of a key as a number that sorts as they do; zeros behind its end. */
  word(number: number, at: number): number {
    const from = this.#from(number) + at
    const bytes = this.#ends.at(number) - from
    if (bytes <= 0) return 0
    const word = this.#bytes.readUInt32BE(from)
    return bytes >= WORD_BYTES ? word : word - (word % 2 ** (8 * (WORD_BYTES - bytes)))
  }

  #from(number: number): number {
    return number === 0 ? 0 : this.#ends.at(number - 1)
  }

  #grow(least: number): void {
    const grown = Buffer.alloc(Math.max(least, 2 * this.#bytes.length))
    this.#bytes.copy(grown)
    this.#bytes = grown
  }
}
