/**
 * A set of ids in a few bits each: it knows for sure that an id is not in it, and nearly for sure that one is (a Bloom filter).
 * So that what history may count is asked of its files only for the few events for which it is likely.
 */
export type Id = string | number | bigint

const BITS_AN_ID = 12
/** 64 MiB: beyond some 45 million ids it errs more often. */
const BITS_MAX = 2 ** 29
const PROBES = 5
const LOW = 0xffff_ffffn

export class IdFilter {
  readonly #words: Uint32Array
  readonly #mask: number

  /** @param ids how many there will be, about. */
  constructor(ids: number) {
    const bits = Math.min(BITS_MAX, 2 ** Math.ceil(Math.log2(Math.max(1024, ids * BITS_AN_ID))))
    this.#words = new Uint32Array(bits / 32)
    this.#mask = bits - 1
  }

  add(id: Id): void {
    const [first, step] = hashesOf(id)
    for (let i = 0; i < PROBES; i++) {
      const bit = this.#bit(first, step, i)
      this.#words[bit >>> 5]! |= 1 << (bit & 31)
    }
  }

  mayHave(id: Id): boolean {
    const [first, step] = hashesOf(id)
    for (let i = 0; i < PROBES; i++) {
      const bit = this.#bit(first, step, i)
      if ((this.#words[bit >>> 5]! & (1 << (bit & 31))) === 0) return false
    }
    return true
  }

  #bit(first: number, step: number, i: number): number {
    return (first + Math.imul(step, i)) & this.#mask
  }
}

/** Two numbers of 32 bits; the second is odd. */
function hashesOf(id: Id): readonly [number, number] {
  let [a, b] = [0x9747b28c, 0x85ebca6b]
  const take = (word: number) => {
    a = mixed(a ^ word)
    b = mixed(Math.imul(b, 31) + word)
  }
  if (typeof id === 'string') for (let i = 0; i < id.length; i++) take(id.charCodeAt(i))
  else if (typeof id === 'number') {
    take(id | 0)
    take(Math.floor(id / 2 ** 32) | 0)
  } else {
    take(Number(id & LOW) | 0)
    take(Number((id >> 32n) & LOW) | 0)
  }
  return [a, b | 1]
}

/** The last steps of MurmurHash3. */
function mixed(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}
