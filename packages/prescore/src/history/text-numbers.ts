/**
 * Numbers texts, in the order in which they are met: an open-addressing table over typed arrays. The hash stands in the slot, so that a
 * text that is not known, as most are that are asked for once, is known as such by one place of memory.
 */
const FIRST_TEXTS = 1024
/** Integers of a slot: one more than the number of the text (0: free), and the hash of the text. */
const SLOT = 2
/** Another one in each process: nobody can choose texts that lie in one place. */
const SEED = Math.floor(Math.random() * 2 ** 32) | 0

export class TextNumbers {
  /** By number. */
  readonly texts: string[] = []
  /** At least half of them are free. */
  #slots = new Int32Array(2 * FIRST_TEXTS * SLOT)
  #mask = 2 * FIRST_TEXTS - 1

  /** The text's number; -1 when it has none. */
  find(text: string): number {
    return this.#slots[this.#slot(text, hashOf(text))]! - 1
  }

  /** The text's number; a new text gets the next. */
  add(text: string): number {
    const hash = hashOf(text)
    const at = this.#slot(text, hash)
    const known = this.#slots[at]! - 1
    if (known !== -1) return known
    this.#slots[at] = this.texts.push(text)
    this.#slots[at + 1] = hash
    if (4 * this.texts.length > this.#slots.length) this.#grow()
    return this.texts.length - 1
  }

  /** Where the text is, or where it belongs. */
  #slot(text: string, hash: number): number {
    const slots = this.#slots
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const at = slot * SLOT
      if (slots[at] === 0 || (slots[at + 1] === hash && this.texts[slots[at]! - 1] === text)) return at
    }
  }

  #grow(): void {
    const before = this.#slots
    this.#slots = new Int32Array(2 * before.length)
    this.#mask = 2 * this.#mask + 1
    for (let from = 0; from < before.length; from += SLOT) {
      if (before[from] === 0) continue
      let slot = before[from + 1]! & this.#mask
      while (this.#slots[slot * SLOT] !== 0) slot = (slot + 1) & this.#mask
      this.#slots[slot * SLOT] = before[from]!
      this.#slots[slot * SLOT + 1] = before[from + 1]!
    }
  }
}

/** Of its UTF-16 code units: the mixing of MurmurHash3. */
function hashOf(text: string): number {
  let hash = SEED
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0xcc9e2d51)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return hash ^ (hash >>> 13)
}
