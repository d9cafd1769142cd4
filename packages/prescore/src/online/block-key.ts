/** Under which bytes a block lies: a tail under its key's, an earlier block under those followed by its moment, so that a key's blocks lie in order. */
const MOMENT_BYTES = 8
/** Greater than any moment. No key begins with another one, so nothing of another key lies between. */
const AFTER_ALL = Buffer.alloc(MOMENT_BYTES + 1, 0xff)

/** @param fromUs −Infinity: of what is settled, which comes before all blocks. */
export function blockKey(keyBytes: Buffer, fromUs: number): Buffer {
  const bytes = Buffer.alloc(keyBytes.length + MOMENT_BYTES)
  keyBytes.copy(bytes)
  if (fromUs === Number.NEGATIVE_INFINITY) return bytes
  // An int64 with its sign flipped sorts by its bytes.
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(fromUs)) ^ (1n << 63n), keyBytes.length)
  return bytes
}

/** Whether what lies under the key of some block is settled: no block has a moment so early. */
export function isSettledKey(blockKey: Buffer): boolean {
  return blockKey.readBigUInt64BE(blockKey.length - MOMENT_BYTES) === 0n
}

/** All blocks of a key, the tail first. */
export function blockRange(keyBytes: Buffer): { start: Buffer; end: Buffer } {
  return { start: keyBytes, end: Buffer.concat([keyBytes, AFTER_ALL]) }
}
