/** How a block grows: by rows at its end, until it is cut. */
import type { EventBatch, EventBlock } from './event-block.ts'
import type { RecordCodec } from './record.ts'

/** A block with more events than this is cut. */
export const BLOCK_EVENTS_MAX = 128
/** Events of a block after a cut: there is room for late ones. */
const CUT_EVENTS = 112
/** More rows are put into a block that was taken apart. */
const APPENDED_MAX = 4

/** The rows of a batch that belong to one key, in order of their event times: `rows[from]` to before `rows[end]`. */
export interface RowsOfKey {
  readonly batch: EventBatch
  readonly rows: Int32Array
  readonly from: number
  readonly end: number
}

/** Which events are kept one by one. */
export interface Retention {
  /** Events before it count for no as-of that is answered. */
  readonly fromUs: number
  /** Events before it and known by then count alike for every as-of that is answered. −Infinity: there are none. */
  readonly settledBeforeUs: number
  readonly knownByUs: number
}

/** The bytes of a block with rows behind its events, valid until the next call, which must be given others. Undefined: it must be taken apart for them. */
export function appended(
  bytes: Uint8Array,
  { batch, rows, from, end }: RowsOfKey,
  { fromUs }: Retention,
  codec: RecordCodec,
): Buffer | undefined {
  if (end - from > APPENDED_MAX) return undefined
  let longer: Buffer | undefined
  for (let next = from; next < end; next++) {
    longer = codec.append(longer ?? bytes, batch, rows[next]!, BLOCK_EVENTS_MAX, fromUs)
    if (longer === undefined) return undefined
  }
  return longer
}

/** Where to cut a block: 0, …, its size. Events of one time stay together, so that a moment tells the block. */
export function cutsOf({ size, timesUs }: EventBlock, isTail: boolean): number[] {
  const cuts = [0]
  if (size > BLOCK_EVENTS_MAX) {
    // What comes next comes mostly into the tail, so that the others are left full; late events may come anywhere.
    const events = isTail ? CUT_EVENTS : Math.ceil(size / Math.ceil(size / CUT_EVENTS))
    for (let at = events; at < size; at += events) {
      while (at < size && timesUs[at] === timesUs[at - 1]) at++
      if (at < size) cuts.push(at)
    }
  }
  cuts.push(size)
  return cuts
}
