/** A number for each value of one key after another: open addressing with linear probing. */

/** Slots of the smallest table. */
const SLOTS_MIN = 16
/** What is made room for unasked: beyond, many values may turn out to be one. */
const SLOTS_AT_ONCE = 1024

export class ValueTable {
  /** By slot; 0 for a value that is new. */
  numbers: Int32Array = new Int32Array(SLOTS_MIN)
  /** A slot is in use where its stamp is that of the key. */
  #stamps = new Int32Array(SLOTS_MIN)
  #stamp = 0
  #values = new Float64Array(SLOTS_MIN)
  /** Only the first `mask + 1` slots are used: a key of few values keeps to few, whatever others need. */
  #mask = SLOTS_MIN - 1
  #used = 0

  /** @param values how many there may be, so that room is made at once; more can come */
  clear(values = 0): void {
    let slots = SLOTS_MIN
    while (slots < SLOTS_AT_ONCE && slots <= 2 * values) slots *= 2
    this.#begin(slots)
  }

  /** Valid until the next call. */
  slotOf(value: number): number {
    const slot = this.#find(value)
    if (this.#stamps[slot] === this.#stamp) return slot
    if (2 * (this.#used + 1) <= this.#mask) return this.#take(slot, value, 0)
    this.#grow()
    return this.#take(this.#find(value), value, 0)
  }

  /** The values whose number is not 0, in no order. */
  each(found: (value: number, number: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++)
      if (this.#stamps[slot] === this.#stamp && this.numbers[slot] !== 0) found(this.#values[slot]!, this.numbers[slot]!)
  }

  /** The slot of the value, or the free one where it belongs. */
  #find(value: number): number {
    let slot = hashOf(value) & this.#mask
    while (this.#stamps[slot] === this.#stamp && this.#values[slot] !== value) slot = (slot + 1) & this.#mask
    return slot
  }

  #take(slot: number, value: number, number: number): number {
    this.#used++
    this.#stamps[slot] = this.#stamp
    this.#values[slot] = value
    this.numbers[slot] = number
    return slot
  }

  /** Twice the slots; values whose number is 0 have been forgotten. */
  #grow(): void {
    const slots = this.#mask + 1
    const values = this.#values.slice(0, slots)
    const numbers = this.numbers.slice(0, slots)
    for (let slot = 0; slot < slots; slot++) if (this.#stamps[slot] !== this.#stamp) numbers[slot] = 0
    this.#begin(2 * slots)
    for (let slot = 0; slot < slots; slot++) {
      if (numbers[slot] !== 0) this.#take(this.#find(values[slot]!), values[slot]!, numbers[slot]!)
    }
  }

  /** An empty table. */
  #begin(slots: number): void {
    if (slots > this.#values.length) {
      this.#values = new Float64Array(slots)
      this.numbers = new Int32Array(slots)
      this.#stamps = new Int32Array(slots)
      this.#stamp = 0
    }
    if (this.#stamp === 0x7fffffff) {
      this.#stamps.fill(0)
      this.#stamp = 0
    }
    this.#stamp++
    this.#mask = slots - 1
    this.#used = 0
  }
}

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)

/** Small integers and codes, and doubles that differ in a few bits, must not meet. */
function hashOf(value: number): number {
  double[0] = value
  let hash = Math.imul(words[0]! ^ Math.imul(words[1]!, 0x85ebca6b), 0x9e3779b1)
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
