/**
 * Numbers pairs of 32-bit integers, in the order in which they are met: an open-addressing table over typed arrays. The pair
 * stands in its slot, so that finding it looks at one place of memory.
 */
const FIRST_PAIRS = 1024
/** Integers of a slot: one more than the number of the pair (0: free), the pair, and nothing, so that no slot lies across two cache lines. */
const SLOT = 4

export class PairNumbers {
  #size = 0
  /** By number. */
  #firsts = new Int32Array(FIRST_PAIRS)
  #seconds = new Int32Array(FIRST_PAIRS)
  /** At least half of them are free. */
  #slots = new Int32Array(2 * FIRST_PAIRS * SLOT)
  #mask = 2 * FIRST_PAIRS - 1

  get size(): number {
    return this.#size
  }

  /** The pair's number; -1 when it has none. */
  find(first: number, second: number): number {
    return (this.#slots[this.#slot(first, second)] as number) - 1
  }

  /** The pair's number; a new pair gets the next. */
  add(first: number, second: number): number {
    const known = this.find(first, second)
    if (known !== -1) return known
    if (this.#size === this.#firsts.length) this.#grow()
    this.#firsts[this.#size] = first
    this.#seconds[this.#size] = second
    this.#put(first, second, this.#size)
    return this.#size++
  }

  /** The pair of a number. */
  pair(number: number): readonly [first: number, second: number] {
    return [this.#firsts[number] as number, this.#seconds[number] as number]
  }

  first(number: number): number {
    return this.#firsts[number] as number
  }

  second(number: number): number {
    return this.#seconds[number] as number
  }

  #put(first: number, second: number, number: number): void {
    const at = this.#slot(first, second)
    this.#slots[at] = number + 1
    this.#slots[at + 1] = first
    this.#slots[at + 2] = second
  }

  /** Where the pair is, or where it belongs. */
  #slot(first: number, second: number): number {
    const slots = this.#slots
    const mask = this.#mask
    let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * SLOT
      if (slots[at] === 0 || (slots[at + 1] === first && slots[at + 2] === second)) return at
    }
  }

  #grow(): void {
    this.#firsts = doubled(this.#firsts)
    this.#seconds = doubled(this.#seconds)
    this.#slots = new Int32Array(2 * this.#slots.length)
    this.#mask = 2 * this.#mask + 1
    for (let number = 0; number < this.#size; number++) this.#put(this.#firsts[number] as number, this.#seconds[number] as number, number)
  }
}

function doubled(values: Int32Array): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(2 * values.length)
  grown.set(values)
  return grown
}
