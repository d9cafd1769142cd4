/** Parquet's coding of small numbers: runs of the same one, and groups of eight that are packed bit by bit. */

/**
 * @param from where they begin in the bytes. @param bits of each, at most 32
 * @returns the first `numbers.length` of them, in `numbers`
 * @throws Error where there are fewer
 */
export function readHybrid(bytes: Uint8Array, from: number, bits: number, numbers: Int32Array): void {
  const width = (bits + 7) >> 3
  let at = from
  let count = 0
  while (count < numbers.length) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = byteAt(bytes, at++)
      header |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if ((header & 1) === 0) {
      let value = 0
      for (let i = 0; i < width; i++) value |= byteAt(bytes, at++) << (8 * i)
      const end = Math.min(numbers.length, count + (header >>> 1))
      if (end === count) throw new Error('a run of nothing')
      numbers.fill(value, count, end)
      count = end
    } else {
      const end = Math.min(numbers.length, count + (header >>> 1) * 8)
      if (at + (((end - count) * bits + 7) >> 3) > bytes.length) throw tooFew()
      unpack(bytes, at, bits, numbers, count, end)
      at += (header >>> 1) * bits
      count = end
    }
  }
}

/** Whether they are one run of a number of one byte, so often: nothing need be read then. */
export function isRunOf(value: number, times: number, bytes: Uint8Array, from: number): boolean {
  let header = 0
  let at = from
  for (let shift = 0; shift < 32; shift += 7) {
    const byte = byteAt(bytes, at++)
    header |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return (header & 1) === 0 && header >>> 1 === times && bytes[at] === value
}

/** Numbers of so many bits, the lowest first. */
function unpack(bytes: Uint8Array, from: number, bits: number, numbers: Int32Array, start: number, end: number): void {
  const mask = 2 ** bits - 1
  let at = from
  // A number has at most 32 bits and 7 may be held: beyond what integers of 32 bits take.
  let held = 0
  let size = 0
  for (let i = start; i < end; i++) {
    if (bits <= 24) {
      for (; size < bits; size += 8) held |= bytes[at++]! << size
      numbers[i] = held & mask
      held >>>= bits
    } else {
      for (; size < bits; size += 8) held += bytes[at++]! * 2 ** size
      numbers[i] = held % 2 ** bits
      held = Math.floor(held / 2 ** bits)
    }
    size -= bits
  }
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw tooFew()
  return byte
}

function tooFew(): Error {
  return new Error('fewer codes than values')
}
