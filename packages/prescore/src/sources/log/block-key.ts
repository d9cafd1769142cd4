/**
 * Blocks are kept by the position of their last event, so that the block of a position is the first one at or after it.
 * Behind it the key holds the earliest and latest event time, so that blocks out of range are passed over unread.
 */
export interface BlockTimes {
  readonly lastPosition: number
  readonly minTimeUs: number
  readonly maxTimeUs: number
}

const POSITION_BYTES = 8
const KEY_BYTES = 24

export function blockKey({ lastPosition, minTimeUs, maxTimeUs }: BlockTimes): Buffer {
  const key = Buffer.alloc(KEY_BYTES)
  key.writeBigUInt64BE(BigInt(lastPosition))
  key.writeDoubleBE(minTimeUs, POSITION_BYTES)
  key.writeDoubleBE(maxTimeUs, POSITION_BYTES + 8)
  return key
}

/** At or before the key of the block that holds the position, and after those before it. */
export function firstKeyFrom(position: number): Buffer {
  const key = Buffer.alloc(POSITION_BYTES)
  key.writeBigUInt64BE(BigInt(position))
  return key
}

export function blockTimes(key: Buffer): BlockTimes {
  return {
    lastPosition: Number(key.readBigUInt64BE()),
    minTimeUs: key.readDoubleBE(POSITION_BYTES),
    maxTimeUs: key.readDoubleBE(POSITION_BYTES + 8),
  }
}
