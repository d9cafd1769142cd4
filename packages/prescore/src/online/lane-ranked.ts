/** Values of a lane's windows that one event alone does not give: the last but some, and the most frequent. */
import { isAfter, ModeOrder, type Statistic } from '../features/index.ts'
import { EndEvent } from './end-event.ts'
import type { EventBlock } from './event-block.ts'
import { type RankedCell, type Written, writeEnd } from './lane-windows.ts'
import type { LaneLayout, Layout } from './layout.ts'

export class LaneRanked {
  /** Fields that tell whether an event counts, and of which one is picked. */
  readonly #field: number
  readonly #picked: number
  readonly #isText: boolean
  readonly #last: LastEvents | undefined
  readonly #order: ModeOrder<number | string> | undefined
  /** The number of events by value, a text itself or a number. */
  readonly #counts = new Map<number | string, number>()

  private constructor({ value, picked }: LaneLayout, layout: Layout, lastMost: number, modeMost: number) {
    this.#field = layout.tieFields + value
    this.#picked = layout.tieFields + picked
    this.#isText = layout.values[picked]!.isText
    this.#last = lastMost > 1 ? new LastEvents(layout, this.#isText, lastMost) : undefined
    this.#order = modeMost > 0 ? new ModeOrder(modeMost, isLess) : undefined
  }

  /** Undefined: the lane has no such values. */
  static of(lane: LaneLayout, layout: Layout): LaneRanked | undefined {
    const [last, mode] = [mostOf(lane, 'last'), mostOf(lane, 'mode')]
    return last > 1 || mode > 0 ? new LaneRanked(lane, layout, last, mode) : undefined
  }

  begin(): void {
    this.#last?.clear()
    this.#counts.clear()
  }

  /** Whether events that are earlier than all that were seen change nothing. */
  get isFull(): boolean {
    return this.#order === undefined && this.#last!.isFull
  }

  /** An event counts, at this index of a block. */
  count(block: EventBlock, index: number): void {
    const picked = block.fields[this.#picked]![index]!
    this.#last?.offer(block, index, picked)
    if (this.#order === undefined) return
    const value = this.#isText ? block.text(picked) : picked
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  /** Modes have no window that reaches back to the first event. */
  countSettled(ends: EventBlock): void {
    const counting = ends.fields[this.#field]!
    for (let i = 0; i < ends.size; i++) if (counting[i] === counting[i]) this.#last?.offer(ends, i, ends.fields[this.#picked]![i]!)
  }

  write(cells: readonly RankedCell[], to: Written): void {
    if (cells.some(({ statistic }) => statistic === 'mode')) this.#putInOrder()
    for (const { cell, statistic, rank } of cells) {
      if (statistic === 'last') writeEnd(to, cell, this.#last!.at(rank))
      else writeValue(to, cell, this.#order!.at(rank))
    }
  }

  #putInOrder(): void {
    this.#order!.clear()
    for (const [value, count] of this.#counts) this.#order!.offer(value, count)
  }
}

/** The last so many of the events that are offered, the last first. */
class LastEvents {
  readonly #events: EndEvent[]

  constructor(layout: Layout, isText: boolean, most: number) {
    this.#events = Array.from({ length: most }, () => new EndEvent(layout, isText, 'last'))
  }

  get isFull(): boolean {
    return this.#events.at(-1)!.isThere
  }

  clear(): void {
    for (const each of this.#events) each.clear()
  }

  /** The last but some: rank 1 is the last. */
  at(rank: number): EndEvent {
    return this.#events[rank - 1]!
  }

  offer(block: EventBlock, index: number, value: number): void {
    let at = this.#events.length
    while (at > 0 && this.#events[at - 1]!.isTakenBy(block, index, value)) at--
    if (at === this.#events.length) return
    const [last] = this.#events.splice(-1) as [EndEvent]
    last.clear()
    last.offer(block, index, value)
    this.#events.splice(at, 0, last)
  }
}

/** The greatest rank of a statistic; 0: there is none. */
function mostOf({ plan }: LaneLayout, statistic: Statistic): number {
  return Math.max(0, ...plan.cells.filter(cell => cell.statistic === statistic).map(({ rank }) => rank))
}

/** Of a text any number says that it is there. */
function writeValue({ results, texts }: Written, cell: number, value: number | string | undefined): void {
  results[cell]![0] = typeof value === 'string' ? 0 : (value ?? Number.NaN)
  texts[cell] = typeof value === 'string' ? value : undefined
}

function isLess(a: number | string, b: number | string): boolean {
  return typeof a === 'string' ? isAfter(b as string, a) : a < (b as number)
}
