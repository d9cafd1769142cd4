/**
 * Texts of a result column as codes. Texts of at most twelve bytes lie inline in DuckDB's 16-byte string words, so their
 * code is found by the words; only longer texts and first sights become JavaScript strings.
 */
import { Dictionary, type StringColumn } from '../expressions/index.ts'
import { isMissing, type Vector, validBits } from './vector.ts'

const INLINE_BYTES_MAX = 12

/** The reader of one column of one stream: its dictionary goes on from chunk to chunk. */
export function textReader(): (vector: Vector, rows: number) => StringColumn {
  const dictionary = new Dictionary()
  const known = new WordCodes()
  return (vector, rows) => {
    const { buffer, byteOffset } = vector.dataView
    const words = new Uint32Array(buffer, byteOffset, 4 * rows)
    const bits = validBits(vector)
    const codes = new Int32Array(rows)
    for (let i = 0; i < rows; i++) {
      if (bits !== undefined && isMissing(bits, i)) codes[i] = -1
      else if ((words[4 * i] as number) > INLINE_BYTES_MAX) codes[i] = dictionary.code(textAt(vector, words, i))
      else codes[i] = known.find(words, 4 * i) ?? known.add(words, 4 * i, dictionary.code(textAt(vector, words, i)))
    }
    return { type: { kind: 'string' }, codes, dictionary: dictionary.texts }
  }
}

/** DuckDB's decoder takes a leading U+FEFF for a byte order mark and drops it. The text's first bytes lie in its second word. */
function textAt(vector: Vector, words: Uint32Array, row: number): string {
  const text = vector.getItem(row) as string
  const isMarked = ((words[4 * row + 1] as number) & 0xffffff) === 0xbfbbef && (words[4 * row] as number) >= 3
  return isMarked ? `\ufeff${text}` : text
}

/** An open-addressing table from four 32-bit words to a code. */
class WordCodes {
  #words = new Uint32Array(4 * 1024)
  #codes = new Int32Array(1024).fill(-1)
  #size = 0

  /** The code of the words at a place. */
  find(words: Uint32Array, at: number): number | undefined {
    const code = this.#codes[this.#slot(words, at)] as number
    return code === -1 ? undefined : code
  }

  /** Words that are not in the table yet. */
  add(words: Uint32Array, at: number, code: number): number {
    if (++this.#size * 2 > this.#codes.length) this.#grow()
    this.#put(words, at, code)
    return code
  }

  #put(words: Uint32Array, at: number, code: number): void {
    const slot = this.#slot(words, at)
    for (let i = 0; i < 4; i++) this.#words[4 * slot + i] = words[at + i] as number
    this.#codes[slot] = code
  }

  /** Where the words are, or where they belong. */
  #slot(words: Uint32Array, at: number): number {
    const [a, b, c, d] = [words[at] as number, words[at + 1] as number, words[at + 2] as number, words[at + 3] as number]
    const mask = this.#codes.length - 1
    let hash = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f)
    hash ^= hash >>> 15
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      if (this.#codes[slot] === -1) return slot
      const own = 4 * slot
      if (this.#words[own] === a && this.#words[own + 1] === b && this.#words[own + 2] === c && this.#words[own + 3] === d) return slot
    }
  }

  #grow(): void {
    const [words, codes] = [this.#words, this.#codes]
    this.#words = new Uint32Array(words.length * 2)
    this.#codes = new Int32Array(codes.length * 2).fill(-1)
    codes.forEach((code, slot) => {
      if (code !== -1) this.#put(words, 4 * slot, code)
    })
  }
}
