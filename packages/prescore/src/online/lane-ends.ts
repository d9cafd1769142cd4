/**
 * The first and the last event of a lane's windows, while events come in from the latest to the earliest. Of blocks that are
 * taken as a whole only the time is known: which event it was is looked up when a window asks.
 */
import { EndEvent } from './end-event.ts'
import type { EventBlock } from './event-block.ts'
import type { LaneLayout, Layout } from './layout.ts'
import type { Settled } from './settled.ts'
import type { Summary } from './summary.ts'

/** A block as it is stored, with what it comes to. */
export interface Stored {
  readonly bytes: Buffer
  readonly summary: Summary | undefined
}

export class LaneEnds {
  /** When the last event was that counts. */
  lastUs = Number.NEGATIVE_INFINITY
  readonly #value: number
  /** Fields that tell whether an event counts, and of which one is picked. */
  readonly #field: number
  readonly #picked: number
  readonly #usesFirst: boolean
  readonly #usesLast: boolean
  readonly #decode: (block: Stored) => EventBlock
  readonly #earliest: EndEvent
  readonly #latest: EndEvent
  /** Blocks of which one has the first or the last event, where it was not looked up yet. */
  readonly #earliestIn = new Place()
  readonly #latestIn = new Place()
  #asOfUs = 0
  /** The earliest event of the block at hand. */
  #block: EventBlock | undefined
  #index = 0

  /** @param decode into a block that nothing else uses. */
  constructor({ plan, value, picked }: LaneLayout, layout: Layout, decode: (block: Stored) => EventBlock) {
    const uses = (...some: string[]) => plan.cells.some(({ statistic }) => some.includes(statistic))
    this.#value = value
    this.#field = layout.tieFields + value
    this.#picked = layout.tieFields + picked
    this.#usesFirst = uses('first')
    this.#usesLast = uses('last')
    this.#decode = decode
    this.#earliest = new EndEvent(layout, layout.values[picked]!.isText, 'first')
    this.#latest = new EndEvent(layout, layout.values[picked]!.isText, 'last')
  }

  begin(asOfUs: number): void {
    this.#asOfUs = asOfUs
    this.lastUs = Number.NEGATIVE_INFINITY
    this.#earliest.clear()
    this.#latest.clear()
    this.#earliestIn.blocks = undefined
    this.#latestIn.blocks = undefined
    this.#block = undefined
  }

  /** An event counts, at this index of a block. */
  count(block: EventBlock, index: number): void {
    const timeUs = block.timesUs[index]!
    if (timeUs >= this.lastUs) {
      this.lastUs = timeUs
      if (this.#usesLast) this.#latest.offer(block, index, block.fields[this.#picked]![index]!)
    }
    this.#block = block
    this.#index = index
  }

  /** The block at hand is left: what it holds will not be there any more. */
  leave(): void {
    if (this.#usesFirst && this.#block !== undefined) this.#offerFirst(this.#block, this.#index)
    this.#block = undefined
  }

  /** Blocks were taken as a whole, some of their events count, the last of them at this time. */
  countWhole(lastUs: number, blocks: readonly Stored[], from: number, end: number): void {
    this.#earliestIn.set(blocks, from, end)
    if (lastUs <= this.lastUs) return
    this.lastUs = lastUs
    this.#latestIn.set(blocks, from, end)
  }

  /** They may have happened after some of those that were seen. */
  countSettled({ ends, values }: Settled): void {
    if (this.#usesFirst) this.first()
    if (this.#usesLast) this.last()
    const counting = ends.fields[this.#field]!
    for (let i = 0; i < ends.size; i++) {
      if (counting[i] !== counting[i]) continue
      if (this.#usesFirst) this.#earliest.offer(ends, i, ends.fields[this.#picked]![i]!)
      if (this.#usesLast) this.#latest.offer(ends, i, ends.fields[this.#picked]![i]!)
    }
    this.lastUs = Math.max(values[this.#value]!.lastUs, this.lastUs)
  }

  first(): EndEvent {
    this.leave()
    const { blocks, from } = this.#earliestIn
    if (blocks !== undefined) {
      let at = from
      while (!this.#counts(blocks[at]!)) at++
      const block = this.#decode(blocks[at]!)
      const values = block.fields[this.#field]!
      let index = 0
      while (values[index] !== values[index]) index++
      this.#offerFirst(block, index)
    }
    return this.#earliest
  }

  last(): EndEvent {
    const { blocks, end } = this.#latestIn
    if (blocks !== undefined) {
      let at = end - 1
      while (!this.#counts(blocks[at]!)) at--
      const block = this.#decode(blocks[at]!)
      const values = block.fields[this.#field]!
      for (let i = block.size - 1; i >= 0 && block.timesUs[i]! >= this.lastUs; i--)
        if (values[i] === values[i]) this.#latest.offer(block, i, block.fields[this.#picked]![i]!)
      this.#latestIn.blocks = undefined
    }
    return this.#latest
  }

  #counts({ summary }: Stored): boolean {
    return summary!.values[this.#value]!.count > 0
  }

  /** All that count at the time of the event at this index, the first of its time. */
  #offerFirst(block: EventBlock, index: number): void {
    const values = block.fields[this.#field]!
    const timeUs = block.timesUs[index]!
    for (let i = index; i < block.size && block.timesUs[i] === timeUs; i++)
      if (values[i] === values[i] && block.knownAtUs[i]! <= this.#asOfUs) this.#earliest.offer(block, i, block.fields[this.#picked]![i]!)
    this.#earliestIn.blocks = undefined
  }
}

/** Some blocks of a tile. */
class Place {
  blocks: readonly Stored[] | undefined
  from = 0
  end = 0

  set(blocks: readonly Stored[], from: number, end: number): void {
    this.blocks = blocks
    this.from = from
    this.end = end
  }
}
