/** Whole numbers as decimal digits, put where bytes are: a text for each would be made only to be copied. */

/** The greatest power of ten below which integers of 32 bits can be divided. */
const WORD = 1e9
const PLACES = 9
const ZERO = 0x30

/** @param value from 0 to 2^53 − 1. @returns where the digits end; there must be room for 16 */
export function writeDigits(value: number, to: Uint8Array, at: number): number {
  if (value >= WORD) {
    const upper = Math.floor(value / WORD)
    return writePadded(value - upper * WORD, PLACES, to, writeDigits(upper, to, at))
  }
  let places = 1
  for (let power = 10; value >= power; power *= 10) places++
  return writePadded(value, places, to, at)
}

/** With zeros before it, where it has fewer digits. @param value below 10^9. @returns where the digits end */
export function writePadded(value: number, places: number, to: Uint8Array, at: number): number {
  let rest = value | 0
  for (let i = at + places - 1; i >= at; i--) {
    const tens = (rest / 10) | 0
    to[i] = ZERO + rest - tens * 10
    rest = tens
  }
  return at + places
}
