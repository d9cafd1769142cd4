/** Which rows a sample takes: decided by what identifies a row, so that it is the same rows however and whenever they are read. */
import { type Column, isStringColumn, type NumberColumn } from '../expressions/index.ts'

/** A number in [0, 1) for each row, spread evenly over rows that differ in these columns. */
export function spread(columns: readonly Column[], rows: number): Float64Array {
  const hashes = new Uint32Array(rows)
  for (const column of columns) {
    if (isStringColumn(column)) mixTexts(hashes, column.codes, column.dictionary)
    else mixNumbers(hashes, column)
  }
  const places = new Float64Array(rows)
  for (let i = 0; i < rows; i++) places[i] = finish(hashes[i] as number) / 4294967296
  return places
}

function mixTexts(hashes: Uint32Array, codes: Int32Array, dictionary: readonly string[]): void {
  for (let i = 0; i < hashes.length; i++) {
    const text = dictionary[codes[i] as number] ?? ''
    let hash = mixed(hashes[i] as number, text.length)
    for (let at = 0; at < text.length; at++) hash = mixed(hash, text.charCodeAt(at))
    hashes[i] = hash
  }
}

/** By their lower and upper 32 bits; conversion to integers takes the rest modulo 2^32, and missing as 0. */
function mixNumbers(hashes: Uint32Array, { values, exact }: NumberColumn): void {
  for (let i = 0; i < hashes.length; i++) {
    const value = values[i] as number
    const isExact = exact !== undefined && !Number.isNaN(value) && !Number.isSafeInteger(value)
    const low = isExact ? Number(BigInt.asIntN(32, exact[i] as bigint)) : value | 0
    const high = isExact ? Number((exact[i] as bigint) >> 32n) : Math.floor(value / 4294967296)
    hashes[i] = mixed(mixed(hashes[i] as number, low), high)
  }
}

/** One step and the end of MurmurHash3, 32 bits. */
function mixed(hash: number, word: number): number {
  const scrambled = Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593)
  return Math.imul(rotated(hash ^ scrambled, 13), 5) + 0xe6546b64
}

function finish(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35)
  return (twice ^ (twice >>> 16)) >>> 0
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
