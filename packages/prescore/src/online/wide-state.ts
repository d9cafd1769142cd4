/**
 * The state of an exact sum in few bytes: of its limbs only those between the zeros below and what the sign fills above.
 *
 *     1  flags: negative, infinities or NaN
 *     1  the first limb, 1 how many, 4 each
 *     …  where the flag says so, 8 each: how many +∞, −∞ and NaN
 */
import type { ByteReader, ByteWriter } from './bytes.ts'

const NEGATIVE = 1
const NOT_FINITE = 2
const COUNTS = 3
const FILL = 0xffffffff

/** @param state of an exact sum. */
export function writeState(to: ByteWriter, state: Float64Array): void {
  const limbs = state.length - COUNTS
  const isNegative = state[limbs - 1]! < 0
  const isFinite = state.subarray(limbs).every(count => count === 0)
  const limb = (i: number) => state[i]! >>> 0
  let first = 0
  while (first < limbs && limb(first) === 0) first++
  let end = limbs
  while (end > first && limb(end - 1) === (isNegative ? FILL : 0)) end--
  to.byte((isNegative ? NEGATIVE : 0) | (isFinite ? 0 : NOT_FINITE))
  to.byte(first)
  to.byte(end - first)
  for (let i = first; i < end; i++) to.uint32(limb(i))
  if (!isFinite) for (let i = limbs; i < state.length; i++) to.double(state[i]!)
}

/** @param length of the state. */
export function readState(from: ByteReader, length: number): Float64Array {
  const state = new Float64Array(length)
  const limbs = length - COUNTS
  const flags = from.byte()
  const first = from.byte()
  const end = first + from.byte()
  for (let i = first; i < end; i++) state[i] = from.uint32()
  if ((flags & NEGATIVE) !== 0) {
    state.fill(FILL, end, limbs)
    state[limbs - 1] = state[limbs - 1]! - (FILL + 1)
  }
  if ((flags & NOT_FINITE) !== 0) for (let i = limbs; i < length; i++) state[i] = from.double()
  return state
}
