/**
 * Texts by their bytes: the code of a text that was seen before is found without making a string of it.
 * Open addressing over an arena that holds the bytes of each text once.
 */
export class TextCodes {
  /** The dictionary: the text of each code. */
  readonly texts: string[] = []
  #slots = new Int32Array(1024).fill(-1)
  #hashes = new Int32Array(512)
  /** Where each text begins in the arena; the next one's start is its end. */
  #starts = new Uint32Array(513)
  #arena: Buffer = Buffer.allocUnsafe(4096)

  /** The code of the UTF-8 bytes at a place. */
  code(bytes: Buffer, from: number, length: number): number {
    let hash = length
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[from + i] as number), 0x01000193)
    hash ^= hash >>> 15
    const mask = this.#slots.length - 1
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const code = this.#slots[slot] as number
      if (code === -1) return this.#add(slot, hash, bytes, from, length)
      if (this.#hashes[code] === hash && this.#equals(code, bytes, from, length)) return code
    }
  }

  #equals(code: number, bytes: Buffer, from: number, length: number): boolean {
    const start = this.#starts[code] as number
    if ((this.#starts[code + 1] as number) - start !== length) return false
    for (let i = 0; i < length; i++) if (this.#arena[start + i] !== bytes[from + i]) return false
    return true
  }

  #add(slot: number, hash: number, bytes: Buffer, from: number, length: number): number {
    const code = this.texts.push(bytes.toString('utf8', from, from + length)) - 1
    this.#slots[slot] = code
    this.#hashes[code] = hash
    const start = this.#starts[code] as number
    if (start + length > this.#arena.length) this.#arena = grown(this.#arena, start + length)
    bytes.copy(this.#arena, start, from, from + length)
    this.#starts[code + 1] = start + length
    if (2 * this.texts.length === this.#slots.length) this.#grow()
    return code
  }

  #grow(): void {
    const count = this.texts.length
    const [hashes, starts] = [this.#hashes, this.#starts]
    this.#hashes = new Int32Array(2 * count)
    this.#hashes.set(hashes)
    this.#starts = new Uint32Array(2 * count + 1)
    this.#starts.set(starts)
    this.#slots = new Int32Array(4 * count).fill(-1)
    const mask = this.#slots.length - 1
    for (let code = 0; code < count; code++) {
      let slot = (this.#hashes[code] as number) & mask
      while (this.#slots[slot] !== -1) slot = (slot + 1) & mask
      this.#slots[slot] = code
    }
  }
}

function grown(arena: Buffer, atLeast: number): Buffer {
  const larger = Buffer.allocUnsafe(Math.max(atLeast, 2 * arena.length))
  arena.copy(larger)
  return larger
}
