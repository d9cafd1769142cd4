/**
 * Which keys somebody asks for, told by their hashes: nearly without mistake, and in so little memory that it stays in the processor's
 * caches. Keys are doubles: safe integers, whatever they number.
 */

/** Keys of a part, where that does not make too many parts: each is written to as events are dealt. */
const KEYS_OF_PART = 1024
const PART_BITS_MAX = 8
/** Bits that a key has in the filter; there are as many as for so many keys at least, and never more than so many. */
const BITS_OF_KEY = 8
const KEYS_MIN = 128
const BITS_MAX = 1 << 26

export const NO_PART = -1

/** Plain data. Its memory is shared with the threads that it is sent to. */
export interface KeyFilter {
  /** The keys are divided into so many parts: a power of two. */
  readonly parts: number
  /** As many bits as a power of two: one is set for the hash of each key. */
  readonly words: Int32Array
  /** Of the absolute values of the keys. */
  readonly greatest: number
}

export function keyFilter(keys: Float64Array): KeyFilter {
  let partBits = 0
  while (partBits < PART_BITS_MAX && keys.length > KEYS_OF_PART << partBits) partBits++
  const bits = powerAbove(Math.min(BITS_OF_KEY * Math.max(keys.length, KEYS_MIN), BITS_MAX))
  const words = new Int32Array(new SharedArrayBuffer(bits >>> 3))
  let greatest = 0
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!
    if (key !== key) continue
    greatest = Math.max(greatest, Math.abs(key))
    const bit = hashOf(key) & (bits - 1)
    words[bit >>> 5] = words[bit >>> 5]! | (1 << (bit & 31))
  }
  return { parts: 1 << partBits, words, greatest }
}

/** Of each key its part; {@link NO_PART}: nobody asks for it. */
export function dealKeys({ parts, words }: KeyFilter, keys: Float64Array, partOf: Int32Array): void {
  const mask = (words.length << 5) - 1
  const shift = shiftOf(parts)
  for (let row = 0; row < partOf.length; row++) {
    const key = keys[row]!
    let part = NO_PART
    if (key === key) {
      const hash = hashOf(key)
      const bit = hash & mask
      if (((words[bit >>> 5]! >>> (bit & 31)) & 1) === 1) part = (hash >>> 24) >> shift
    }
    partOf[row] = part
  }
}

/**
 * The same for keys that several ask for, each for his own: the parts of all are counted one after the other.
 * @param ownerOf who asks for the key, if anybody does; below 0: nobody
 */
export function dealKeysAmong(filters: readonly KeyFilter[], keys: Float64Array, ownerOf: Int32Array, partOf: Int32Array): void {
  const firsts = firstParts(filters)
  const masks = Int32Array.from(filters, ({ words }) => (words.length << 5) - 1)
  const shifts = Int32Array.from(filters, ({ parts }) => shiftOf(parts))
  const words = filters.map(each => each.words)
  for (let row = 0; row < partOf.length; row++) {
    const key = keys[row]!
    const owner = ownerOf[row]!
    let part = NO_PART
    if (key === key && owner >= 0) {
      const hash = hashOf(key)
      const bit = hash & masks[owner]!
      if (((words[owner]![bit >>> 5]! >>> (bit & 31)) & 1) === 1) part = firsts[owner]! + ((hash >>> 24) >> shifts[owner]!)
    }
    partOf[row] = part
  }
}

/** Where the parts of each begin, and where they all end. */
export function firstParts(filters: readonly KeyFilter[]): Int32Array {
  const firsts = new Int32Array(filters.length + 1)
  filters.forEach(({ parts }, i) => {
    firsts[i + 1] = firsts[i]! + parts
  })
  return firsts
}

export function partOfKey({ parts }: KeyFilter, key: number): number {
  return (hashOf(key) >>> 24) >> shiftOf(parts)
}

/** The upper 8 bits tell the part, the lower ones a slot. */
export function hashOf(key: number): number {
  let hash = Math.imul((key | 0) ^ Math.imul((key / 4294967296) | 0, 0x85ebca6b), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

function shiftOf(parts: number): number {
  return PART_BITS_MAX - (31 - Math.clz32(parts))
}

/** The least power of two that is not less. */
export function powerAbove(size: number): number {
  return 1 << (32 - Math.clz32(size - 1))
}
