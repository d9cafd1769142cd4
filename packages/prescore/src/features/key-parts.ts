/**
 * The keys that are asked for, in parts of so few that what is noted of them stays in the processor's caches. Keys are doubles: safe
 * integers, whatever they number. An event of any key is dealt to its part without a look at a table of all keys.
 */

/** Keys of a part, where that does not make too many parts: each is written to as events are dealt. */
const KEYS_OF_PART = 1024
const PARTS_MAX = 256
/** Bits that a key has in the filter, and the bits of the largest. */
const FILTER_BITS = 8
const FILTER_KEYS_MIN = 128
const FILTER_BITS_MAX = 1 << 26
const SLOTS_MIN = 16

export const NO_PART = -1

export class KeyParts {
  readonly parts: number
  /** Key of each row that asks; NaN: none. */
  readonly #keys: Float64Array
  readonly #shift: number
  /** A bit for the hash of each key: most of the others' events are told by it. */
  readonly #filter: Int32Array
  readonly #filterMask: number
  /** The rows by part. */
  readonly #rows: Int32Array
  readonly #starts: Int32Array
  /** The keys of the part at hand: open addressing. */
  #slotKeys = new Float64Array(SLOTS_MIN)
  #slotNumbers = new Int32Array(SLOTS_MIN)
  #slotMask = SLOTS_MIN - 1

  constructor(keys: Float64Array) {
    this.#keys = keys
    let bits = 0
    while (1 << bits < PARTS_MAX && keys.length > KEYS_OF_PART << bits) bits++
    this.parts = 1 << bits
    this.#shift = 8 - bits
    this.#filterMask = powerAbove(Math.min(FILTER_BITS * Math.max(keys.length, FILTER_KEYS_MIN), FILTER_BITS_MAX)) - 1
    this.#filter = new Int32Array((this.#filterMask + 1) >>> 5)
    this.#starts = new Int32Array(this.parts + 1)
    this.#rows = this.#rowsByPart()
  }

  /** The part of each key; {@link NO_PART}: nobody asks for it. */
  deal(keys: Float64Array, rows: number, partOf: Int32Array): void {
    const [filter, mask, shift] = [this.#filter, this.#filterMask, this.#shift]
    for (let row = 0; row < rows; row++) {
      const key = keys[row]!
      let part = NO_PART
      if (key === key) {
        const hash = hashOf(key)
        const bit = hash & mask
        if (((filter[bit >>> 5]! >>> (bit & 31)) & 1) === 1) part = (hash >>> 24) >> shift
      }
      partOf[row] = part
    }
  }

  /** The rows whose key is of a part. */
  rowsOf(part: number): Int32Array {
    return this.#rows.subarray(this.#starts[part], this.#starts[part + 1])
  }

  /** Numbers the keys of these rows, which are of one part, from 0. @returns how many they are */
  number(rows: Int32Array, numbers: Int32Array): number {
    this.#clear(rows.length)
    let size = 0
    for (let i = 0; i < rows.length; i++) {
      const key = this.#keys[rows[i]!]!
      const slot = this.#slot(key)
      if (this.#slotNumbers[slot] === -1) {
        this.#slotKeys[slot] = key
        this.#slotNumbers[slot] = size++
      }
      numbers[i] = this.#slotNumbers[slot]!
    }
    return size
  }

  /**
   * Writes the numbers of keys of the part that was numbered last; -1: nobody asks for it.
   * @param records that begin with a key, each of so many doubles. @param from where the numbers go
   */
  numbersOf(records: Float64Array, width: number, numbers: Int32Array, from: number): void {
    const [slotKeys, slotNumbers, mask] = [this.#slotKeys, this.#slotNumbers, this.#slotMask]
    let to = from
    for (let at = 0; at < records.length; at += width) {
      const key = records[at]!
      let slot = hashOf(key) & mask
      while (slotNumbers[slot] !== -1 && slotKeys[slot] !== key) slot = (slot + 1) & mask
      numbers[to++] = slotNumbers[slot]!
    }
  }

  /** Whether anybody asks for the key, without doubt. It takes a look at all keys of its part. */
  has(key: number): boolean {
    return key === key && this.rowsOf((hashOf(key) >>> 24) >> this.#shift).some(row => this.#keys[row] === key)
  }

  #slot(key: number): number {
    const [keys, numbers, mask] = [this.#slotKeys, this.#slotNumbers, this.#slotMask]
    let slot = hashOf(key) & mask
    while (numbers[slot] !== -1 && keys[slot] !== key) slot = (slot + 1) & mask
    return slot
  }

  #clear(keys: number): void {
    const slots = Math.max(SLOTS_MIN, powerAbove(2 * keys))
    if (slots > this.#slotKeys.length) {
      this.#slotKeys = new Float64Array(slots)
      this.#slotNumbers = new Int32Array(slots)
    }
    this.#slotMask = slots - 1
    this.#slotNumbers.fill(-1, 0, slots)
  }

  #rowsByPart(): Int32Array {
    const keys = this.#keys
    const starts = this.#starts
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row]!
      if (key !== key) continue
      const hash = hashOf(key)
      const bit = hash & this.#filterMask
      this.#filter[bit >>> 5] = this.#filter[bit >>> 5]! | (1 << (bit & 31))
      const after = ((hash >>> 24) >> this.#shift) + 1
      starts[after] = starts[after]! + 1
    }
    for (let part = 0; part < this.parts; part++) starts[part + 1] = starts[part + 1]! + starts[part]!
    const next = starts.slice()
    const rows = new Int32Array(starts[this.parts]!)
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row]!
      if (key !== key) continue
      const part = (hashOf(key) >>> 24) >> this.#shift
      rows[next[part]!] = row
      next[part] = next[part]! + 1
    }
    return rows
  }
}

/** The upper 8 bits tell the part, the lower ones a slot. */
function hashOf(key: number): number {
  let hash = Math.imul((key | 0) ^ Math.imul((key / 4294967296) | 0, 0x85ebca6b), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The least power of two that is not less. */
function powerAbove(size: number): number {
  return 1 << (32 - Math.clz32(size - 1))
}
