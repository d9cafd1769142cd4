/** The keys that are asked for, in parts of so few that what is noted of them stays in the processor's caches. */
import { hashOf, type KeyFilter, partOfKey, powerAbove } from './key-filter.ts'
import { keyOfPacked, type RecordLayout } from './record-layout.ts'

const SLOTS_MIN = 16

export class KeyParts {
  /** Key of each row that asks; NaN: none. */
  readonly #keys: Float64Array
  readonly #filter: KeyFilter
  /** The rows by part. */
  readonly #rows: Int32Array
  readonly #starts: Int32Array
  /** The keys of the part at hand: open addressing. */
  #slotKeys = new Float64Array(SLOTS_MIN)
  #slotNumbers = new Int32Array(SLOTS_MIN)
  #slotMask = SLOTS_MIN - 1

  /** @param filter of these keys */
  constructor(keys: Float64Array, filter: KeyFilter) {
    this.#keys = keys
    this.#filter = filter
    this.#starts = new Int32Array(filter.parts + 1)
    this.#rows = this.#rowsByPart()
  }

  /** The rows whose key is of a part. */
  rowsOf(part: number): Int32Array {
    return this.#rows.subarray(this.#starts[part], this.#starts[part + 1])
  }

  /** Whether anybody asks for the key, without doubt. It takes a look at all keys of its part. */
  has(key: number): boolean {
    return key === key && this.rowsOf(partOfKey(this.#filter, key)).some(row => this.#keys[row] === key)
  }

  /** Numbers the keys of these rows, which are of one part, from 0. @returns how many they are */
  number(rows: Int32Array, numbers: Int32Array): number {
    this.#clear(rows.length)
    const [slotKeys, slotNumbers, mask] = [this.#slotKeys, this.#slotNumbers, this.#slotMask]
    let size = 0
    for (let i = 0; i < rows.length; i++) {
      const key = this.#keys[rows[i]!]!
      let slot = hashOf(key) & mask
      while (slotNumbers[slot] !== -1 && slotKeys[slot] !== key) slot = (slot + 1) & mask
      if (slotNumbers[slot] === -1) {
        slotKeys[slot] = key
        slotNumbers[slot] = size++
      }
      numbers[i] = slotNumbers[slot]!
    }
    return size
  }

  /**
   * Writes the numbers of keys of the part that was numbered last; -1: nobody asks for it.
   * @param records as their layout says. @param from where the numbers go
   */
  numbersOf(records: Float64Array, { width, isPacked }: RecordLayout, numbers: Int32Array, from: number): void {
    const [slotKeys, slotNumbers, mask] = [this.#slotKeys, this.#slotNumbers, this.#slotMask]
    let to = from
    for (let at = 0; at < records.length; at += width) {
      const key = isPacked ? keyOfPacked(records[at]!) : records[at]!
      let slot = hashOf(key) & mask
      while (slotNumbers[slot] !== -1 && slotKeys[slot] !== key) slot = (slot + 1) & mask
      numbers[to++] = slotNumbers[slot]!
    }
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
      const after = partOfKey(this.#filter, key) + 1
      starts[after] = starts[after]! + 1
    }
    for (let part = 0; part + 1 < starts.length; part++) starts[part + 1] = starts[part + 1]! + starts[part]!
    const next = starts.slice()
    const rows = new Int32Array(starts.at(-1)!)
    for (let row = 0; row < keys.length; row++) {
      const key = keys[row]!
      if (key !== key) continue
      const part = partOfKey(this.#filter, key)
      rows[next[part]!] = row
      next[part] = next[part]! + 1
    }
    return rows
  }
}
