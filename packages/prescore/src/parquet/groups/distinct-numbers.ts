/** The distinct values of a column of numbers, while they are few: counts, hours and prices are told by short codes then. */

/** Codes of 12 bits; more values save little. */
const DISTINCT_MAX = 4096
const SLOTS = 4 * DISTINCT_MAX
const WORDS_OF_NUMBER = 2

export interface DistinctNumbers {
  readonly codes: Int32Array
  /** By code: two words each. */
  readonly words: Uint32Array
}

/** What is found out of columns, one after the other. */
const slots = new Int32Array(SLOTS)
const known = new Uint32Array(WORDS_OF_NUMBER * DISTINCT_MAX)
let room = new Int32Array(0)

/** Valid until the next call. @param words of numbers of 64 bits. @returns undefined: there are too many, or hardly a number is met twice. */
export function distinctNumbers(words: Uint32Array): DistinctNumbers | undefined {
  const count = words.length / WORDS_OF_NUMBER
  const most = Math.min(DISTINCT_MAX, count >>> 2)
  if (room.length < count) room = new Int32Array(count)
  const codes = room.subarray(0, count)
  slots.fill(-1)
  let size = 0
  for (let i = 0; i < count; i++) {
    const low = words[2 * i] as number
    const high = words[2 * i + 1] as number
    const hash = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b)
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    let code = slots[slot] as number
    while (code !== -1 && (known[2 * code] !== low || known[2 * code + 1] !== high)) {
      slot = (slot + 1) & (SLOTS - 1)
      code = slots[slot] as number
    }
    if (code === -1) {
      if (size === most) return undefined
      code = size++
      slots[slot] = code
      known[2 * code] = low
      known[2 * code + 1] = high
    }
    codes[i] = code
  }
  return { codes, words: known.subarray(0, WORDS_OF_NUMBER * size) }
}
