/** Which of a key's values were seen: a bit for each code, so that sets of thousands are united in a few steps. */

export class DistinctCodes {
  /** How many different codes were seen. */
  size = 0
  #words = new Uint32Array(8)
  /** No word from here on has a bit. */
  #end = 0

  clear(): void {
    this.#words.fill(0, 0, this.#end)
    this.#end = 0
    this.size = 0
  }

  add(code: number): void {
    const at = code >>> 5
    if (at >= this.#end) this.#reach(at + 1)
    const word = this.#words[at]!
    const bit = 1 << (code & 31)
    if ((word & bit) !== 0) return
    this.#words[at] = word | bit
    this.size++
  }

  /** Adds all of a set. */
  addAll({ codes, bits }: CodeSet): void {
    if (codes !== undefined) for (let i = 0; i < codes.length; i++) this.add(codes[i]!)
    if (bits === undefined) return
    if (bits.length > this.#end) this.#reach(bits.length)
    for (let i = 0; i < bits.length; i++) {
      const word = this.#words[i]!
      const added = bits[i]! & ~word
      if (added === 0) continue
      this.#words[i] = word | added
      this.size += bitCount(added)
    }
  }

  /** What was seen, in the form that takes less room. */
  take(): CodeSet {
    if (this.size >= this.#end) return { codes: undefined, bits: this.#words.slice(0, this.#end) }
    const codes = new Int32Array(this.size)
    let next = 0
    for (let i = 0; i < this.#end; i++) {
      for (let word = this.#words[i]!; word !== 0; word &= word - 1) codes[next++] = 32 * i + 31 - Math.clz32(word & -word)
    }
    return { codes, bits: undefined }
  }

  #reach(words: number): void {
    this.#end = words
    if (words <= this.#words.length) return
    const longer = new Uint32Array(2 * words)
    longer.set(this.#words)
    this.#words = longer
  }
}

/** Codes one by one, or a bit for each. */
export interface CodeSet {
  readonly codes: Int32Array | undefined
  readonly bits: Uint32Array | undefined
}

function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555)
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333)
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
