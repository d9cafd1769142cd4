/** Texts of a column as codes, found by their bytes: only what is met for the first time becomes a text of JavaScript. */
import { isUtf8 } from 'node:buffer'
import { Dictionary } from '../../expressions/index.ts'

const LENGTH_BYTES = 4
const FIRST_SLOTS = 1024
const FIRST_BYTES = 16_384

export class TextCodes {
  readonly #dictionary = new Dictionary()
  /** One more than the code; 0: free. At least half of them are free. */
  #slots = new Int32Array(FIRST_SLOTS)
  /** The bytes of all texts, one after the other; and by code where they end. */
  #bytes = new Uint8Array(FIRST_BYTES)
  #ends = new Float64Array(FIRST_SLOTS)

  /** By code. It grows, and stays the same array. */
  get texts(): readonly string[] {
    return this.#dictionary.texts
  }

  /**
   * The codes of as many texts as there is room for, each of which stands behind its length.
   * @throws Error where there are fewer, or one is not UTF-8
   */
  read(bytes: Uint8Array, from: number, to: Float64Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = from
    for (let i = 0; i < to.length; i++) {
      if (at + LENGTH_BYTES > bytes.length) throw tooFew()
      const start = at + LENGTH_BYTES
      at = start + view.getUint32(at, true)
      if (at > bytes.length) throw tooFew()
      to[i] = this.#code(bytes, start, at)
    }
  }

  #code(bytes: Uint8Array, from: number, to: number): number {
    const mask = this.#slots.length - 1
    let slot = hashOf(bytes, from, to) & mask
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const code = this.#slots[slot]! - 1
      if (this.#isText(code, bytes, from, to)) return code
    }
    return this.#add(slot, bytes, from, to)
  }

  #isText(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const [own, start] = [this.#bytes, this.#startOf(code)]
    const length = to - from
    if (this.#ends[code]! - start !== length) return false
    for (let i = 0; i < length; i++) if (own[start + i] !== bytes[from + i]) return false
    return true
  }

  #add(slot: number, bytes: Uint8Array, from: number, to: number): number {
    const text = bytes.subarray(from, to)
    if (!isUtf8(text)) throw new Error('a text that is not UTF-8')
    const code = this.#dictionary.code(Buffer.from(text.buffer, text.byteOffset, text.length).toString())
    const start = this.#startOf(code)
    this.#makeRoom(code, start + text.length)
    this.#bytes.set(text, start)
    this.#ends[code] = start + text.length
    if (2 * (code + 1) > this.#slots.length) this.#spread()
    else this.#slots[slot] = code + 1
    return code
  }

  #startOf(code: number): number {
    return code === 0 ? 0 : this.#ends[code - 1]!
  }

  #makeRoom(code: number, end: number): void {
    if (end > this.#bytes.length) {
      const bytes = new Uint8Array(2 * end)
      bytes.set(this.#bytes)
      this.#bytes = bytes
    }
    if (code < this.#ends.length) return
    const ends = new Float64Array(2 * code)
    ends.set(this.#ends)
    this.#ends = ends
  }

  /** Twice as many slots for all that are known. */
  #spread(): void {
    const slots = new Int32Array(2 * this.#slots.length)
    const mask = slots.length - 1
    for (let code = 0; code < this.texts.length; code++) {
      let slot = hashOf(this.#bytes, this.#startOf(code), this.#ends[code]!) & mask
      while (slots[slot] !== 0) slot = (slot + 1) & mask
      slots[slot] = code + 1
    }
    this.#slots = slots
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}

function tooFew(): Error {
  return new Error('fewer texts than values')
}
