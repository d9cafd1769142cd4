/** Distinct whole numbers that lie close together, as keys mostly do: a bit for each that there might be. */

/** From the least to the greatest, at most so many: 16 MB. */
const SPAN_MAX = 2 ** 27
const WORD = 32

export class CloseIntegers {
  /** The number of the first bit. */
  #first = 0
  #bits = new Int32Array(0)

  /**
   * Adds those of some rows, of which NaN is none.
   * @param until rows at later moments are left out; by row, when it was
   * @returns false: some lie too far from others
   */
  add(numbers: Float64Array, rows: number, atUs: Float64Array, until: number): boolean {
    let least = Number.POSITIVE_INFINITY
    let greatest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < rows; i++) {
      const number = numbers[i]!
      if (number < least) least = number
      if (number > greatest) greatest = number
    }
    if (least > greatest) return true
    if (!this.#covers(least, greatest)) return false
    const [bits, first] = [this.#bits, this.#first]
    for (let i = 0; i < rows; i++) {
      const number = numbers[i]!
      if (!(atUs[i]! <= until) || number !== number) continue
      const at = number - first
      bits[at >>> 5]! |= 1 << (at & 31)
    }
    return true
  }

  /** In their order. */
  sorted(): Float64Array<ArrayBuffer> {
    let count = 0
    for (let at = 0; at < this.#bits.length; at++) for (let word = this.#bits[at]!; word !== 0; word &= word - 1) count++
    const numbers = new Float64Array(count)
    let next = 0
    for (let at = 0; at < this.#bits.length; at++)
      for (let word = this.#bits[at]!; word !== 0; word &= word - 1)
        numbers[next++] = this.#first + WORD * at + (WORD - 1 - Math.clz32(word & -word))
    return numbers
  }

  /** Makes room for all between these two. */
  #covers(least: number, greatest: number): boolean {
    const [first, span] = [this.#first, WORD * this.#bits.length]
    if (span > 0 && least >= first && greatest < first + span) return true
    const from = WORD * Math.floor((span === 0 ? least : Math.min(least, first)) / WORD)
    const to = Math.max(greatest + 1, span === 0 ? greatest + 1 : first + span)
    if (!(to - from <= SPAN_MAX)) return false
    // Twice as much, so that it seldom grows.
    const words = Math.min(SPAN_MAX / WORD, Math.max(Math.ceil((to - from) / WORD), 2 * this.#bits.length))
    const grown = new Int32Array(words)
    if (span > 0) grown.set(this.#bits, (first - from) / WORD)
    this.#first = from
    this.#bits = grown
    return true
  }
}

/** Two ascending lists as one, each number once. */
export function union(a: Float64Array, b: Float64Array): Float64Array {
  const numbers = new Float64Array(a.length + b.length)
  let [count, i, j] = [0, 0, 0]
  while (i < a.length && j < b.length) {
    const [left, right] = [a[i]!, b[j]!]
    numbers[count++] = left < right ? left : right
    if (left <= right) i++
    if (right <= left) j++
  }
  while (i < a.length) numbers[count++] = a[i++]!
  while (j < b.length) numbers[count++] = b[j++]!
  return numbers.subarray(0, count)
}
