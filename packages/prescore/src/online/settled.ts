/**
 * What the events come to that nothing can tell apart any more: known to every as-of that is answered, and out of the reach of
 * every window but those that reach back to the first event. Of constant size, however many they were.
 */
import { ByteReader, ByteWriter } from './bytes.ts'
import { EndEvent } from './end-event.ts'
import { EventBlock } from './event-block.ts'
import type { LaneLayout, Layout } from './layout.ts'
import type { RecordCodec } from './record.ts'
import { readState, writeState } from './wide-state.ts'
import { type WideState, WideWindowSums } from './window-sums.ts'

export interface SettledValue {
  readonly count: number
  readonly lastUs: number
  readonly least: number
  readonly greatest: number
  readonly sums: WideState | undefined
}

export class Settled {
  /** By value of the layout. */
  readonly values: readonly SettledValue[]
  /** Those events that are the first or the last of a lane. */
  readonly ends: EventBlock

  private constructor(values: readonly SettledValue[], ends: EventBlock) {
    this.values = values
    this.ends = ends
  }

  /** With the events at these indexes of a block, after those before. */
  static with(before: Settled | undefined, block: EventBlock, indexes: readonly number[], layout: Layout): Settled {
    const values = layout.values.map((field, i) => {
      const values = block.fields[layout.tieFields + i]!
      const counting = indexes.filter(index => values[index] === values[index])
      return valueWith(
        before?.values[i],
        field,
        counting.map(index => values[index]!),
        lastOf(block, counting),
      )
    })
    const all = new EventBlock(layout.isText)
    if (before !== undefined) for (let i = 0; i < before.ends.size; i++) all.insert(before.ends, i)
    for (const index of indexes) all.insert(block, index)
    return new Settled(values, endsOf(all, layout))
  }

  static decode(bytes: Buffer, codec: RecordCodec, layout: Layout): Settled {
    const from = new ByteReader()
    from.open(bytes)
    const values = layout.values.map(({ withSums, withSquares }): SettledValue => {
      const [count, lastUs, least, greatest] = [from.double(), from.double(), from.double(), from.double()]
      const sums = withSums
        ? { sum: readState(from, SUM_LIMBS), squares: withSquares ? readState(from, SQUARES_LIMBS) : undefined }
        : undefined
      return { count, lastUs, least, greatest, sums }
    })
    const ends = new EventBlock(layout.isText)
    codec.decode(bytes.subarray(from.at - bytes.byteOffset), ends)
    return new Settled(values, ends)
  }

  encode(codec: RecordCodec): Buffer {
    const to = new ByteWriter()
    for (const { count, lastUs, least, greatest, sums } of this.values) {
      for (const number of [count, lastUs, least, greatest]) to.double(number)
      if (sums !== undefined) writeState(to, sums.sum)
      if (sums?.squares !== undefined) writeState(to, sums.squares)
    }
    return Buffer.concat([to.take(), codec.encode(this.ends, 0, this.ends.size, 0)])
  }
}

const EMPTY = new WideWindowSums({ withSums: true, withSquares: true }).state()
const SUM_LIMBS = EMPTY.sum.length
const SQUARES_LIMBS = EMPTY.squares!.length

function valueWith(
  before: SettledValue | undefined,
  needs: { readonly withSums: boolean; readonly withSquares: boolean },
  added: readonly number[],
  lastUs: number,
): SettledValue {
  return {
    count: (before?.count ?? 0) + added.length,
    lastUs: Math.max(before?.lastUs ?? Number.NEGATIVE_INFINITY, lastUs),
    least: added.reduce((least, value) => Math.min(least, value), before?.least ?? Number.POSITIVE_INFINITY),
    greatest: added.reduce((greatest, value) => Math.max(greatest, value), before?.greatest ?? Number.NEGATIVE_INFINITY),
    sums: needs.withSums ? sumsWith(before?.sums, needs, added) : undefined,
  }
}

function sumsWith(before: WideState | undefined, needs: { withSums: boolean; withSquares: boolean }, added: readonly number[]): WideState {
  const sums = new WideWindowSums(needs)
  if (before !== undefined) sums.mergeWide(before)
  for (const value of added) sums.add(value)
  return sums.state()
}

function lastOf({ timesUs }: EventBlock, indexes: readonly number[]): number {
  return indexes.reduce((last, index) => Math.max(last, timesUs[index]!), Number.NEGATIVE_INFINITY)
}

/** The events of a block that are the first or the last of some lane. */
function endsOf(block: EventBlock, layout: Layout): EventBlock {
  const wanted = new Set(layout.lanes.flatMap(lane => [...endsOfLane(block, lane, layout)]))
  const ends = new EventBlock(layout.isText)
  for (const index of [...wanted].sort((a, b) => a - b)) ends.insert(block, index)
  return ends
}

function* endsOfLane(block: EventBlock, { plan, value, picked }: LaneLayout, layout: Layout): Iterable<number> {
  for (const end of ['first', 'last'] as const) {
    const wanted = plan.cells.filter(({ statistic, window }) => statistic === end && window.lengthUs === Number.POSITIVE_INFINITY)
    const most = Math.max(0, ...wanted.map(({ rank }) => rank))
    const found = new Set<number>()
    for (let rank = 1; rank <= most; rank++) {
      const best = new EndEvent(layout, layout.values[picked]!.isText, end)
      let index = -1
      for (let i = 0; i < block.size; i++) {
        const counting = block.fields[layout.tieFields + value]![i]!
        if (counting !== counting || found.has(i)) continue
        if (best.offer(block, i, block.fields[layout.tieFields + picked]![i]!)) index = i
      }
      if (index >= 0) found.add(index)
    }
    yield* found
  }
}
