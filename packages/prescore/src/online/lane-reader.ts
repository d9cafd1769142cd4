/**
 * The windows of one lane as of a moment. Events come in from the latest to the earliest; as all windows end together, what
 * was seen when the start of a window is reached is its content.
 */
import type { Statistic } from '../features/index.ts'
import { DistinctCodes } from './distinct-codes.ts'
import type { EventBlock } from './event-block.ts'
import { LaneEnds, type Stored } from './lane-ends.ts'
import { LaneRanked } from './lane-ranked.ts'
import { type WindowResults, windowsOf, writeEnd } from './lane-windows.ts'
import type { LaneLayout, Layout } from './layout.ts'
import type { Settled } from './settled.ts'
import type { KeyCodes, Summary } from './summary.ts'
import { SumForms, type WindowSums } from './window-sums.ts'

export class LaneReader {
  /** Index of the lane's value in the layout. */
  readonly value: number
  readonly forms: SumForms
  /** Some window reaches back to the first event. */
  readonly reachesAll: boolean
  /** By cell of the lane; NaN is missing. */
  readonly results: readonly Float64Array[]
  /** Of the same cells, where the value is a text and not missing. */
  readonly texts: (string | undefined)[]
  /** Those that begin last come first. */
  readonly #windows: WindowResults[]
  /** Whether the order of the windows depends on the moment. */
  readonly #isCalendar: boolean
  readonly #delayUs: number
  /** Of the events' values: those that tell whether an event counts. */
  readonly #field: number
  readonly #isText: boolean
  readonly #usesSums: boolean
  readonly #usesRange: boolean
  readonly #usesEnds: boolean
  readonly #usesDistinct: boolean
  readonly #ends: LaneEnds
  readonly #ranked: LaneRanked | undefined
  readonly #distinct = new DistinctCodes()
  /** Those that have no codes. */
  readonly #numbers = new Set<number>()
  #sums: WindowSums
  #asOfUs = 0
  #endUs = 0
  /** The window that is being filled, and its start. */
  #next = 0
  #startUs = 0
  #count = 0
  #least = 0
  #greatest = 0

  constructor(lane: LaneLayout, layout: Layout, decode: (block: Stored) => EventBlock) {
    const { plan, value } = lane
    const field = layout.values[value]!
    this.value = value
    this.forms = new SumForms(field)
    this.results = plan.cells.map(() => new Float64Array(1))
    this.texts = plan.cells.map(() => undefined)
    this.#windows = windowsOf(plan.cells, this.results)
    this.reachesAll = this.#windows.some(({ window }) => window.lengthUs === Number.POSITIVE_INFINITY)
    this.#isCalendar = this.#windows.some(({ window }) => window.lengthUs === undefined)
    this.#delayUs = plan.delayUs
    this.#field = layout.tieFields + value
    this.#isText = field.isText
    const uses = (...some: readonly Statistic[]) => plan.cells.some(({ statistic }) => some.includes(statistic))
    this.#usesSums = uses('sum', 'mean', 'std')
    this.#usesRange = uses('min', 'max')
    this.#usesEnds = uses('first', 'last', 'timeSinceLast')
    this.#usesDistinct = uses('distinct')
    this.#ends = new LaneEnds(lane, layout, decode)
    this.#ranked = LaneRanked.of(lane, layout)
    this.#sums = this.forms.of({ lowest: 0, highest: 0 }, 0)
  }

  /** All windows are filled. */
  get isDone(): boolean {
    return this.#next === this.#windows.length
  }

  /** @param sums in a form of this lane that holds whatever will be seen. */
  begin(asOfUs: number, sums: WindowSums): void {
    this.#asOfUs = asOfUs
    this.#endUs = asOfUs - this.#delayUs
    for (const each of this.#windows) each.startUs = each.window.startUs(this.#endUs)
    if (this.#isCalendar && !isOrdered(this.#windows)) this.#windows.sort((a, b) => b.startUs - a.startUs || 0)
    this.#next = 0
    this.#startUs = this.#windows[0]!.startUs
    this.#count = 0
    this.#least = Number.POSITIVE_INFINITY
    this.#greatest = Number.NEGATIVE_INFINITY
    this.#ends.begin(asOfUs)
    this.#ranked?.begin()
    this.#distinct.clear()
    // To clear what is empty takes as long as to make it.
    if (this.#numbers.size > 0) this.#numbers.clear()
    this.#sums = sums
    sums.clear()
  }

  /**
   * A block before those seen so far, event by event.
   * @param codes of the key, and what the block comes to; absent: the key has no other block.
   */
  take(block: EventBlock, codes?: KeyCodes, summary?: Summary): void {
    const { timesUs, knownAtUs } = block
    const values = block.fields[this.#field]!
    const own = summary?.values[this.value]?.codes
    for (let i = block.size - 1; i >= 0; i--) {
      const timeUs = timesUs[i]!
      if (timeUs >= this.#endUs) continue
      while (timeUs < this.#startUs) if (this.#close()) return
      const value = values[i]!
      if (value !== value || knownAtUs[i]! > this.#asOfUs) continue
      this.#count++
      if (this.#usesSums) this.#sums.add(value)
      if (this.#usesRange) this.#widen(value)
      if (this.#usesEnds) this.#ends.count(block, i)
      this.#ranked?.count(block, i)
      if (this.#usesDistinct) this.#countDistinct(value, own, codes)
    }
    this.#ends.leave()
  }

  /** Blocks before those seen so far, at `from` to before `end`, by what they come to. @returns false where the blocks or events themselves are needed */
  takeWhole(summary: Summary, blocks: readonly Stored[], from: number, end: number): boolean {
    if (summary.firstUs >= this.#endUs) return true
    while (summary.lastUs < this.#startUs) if (this.#close()) return true
    if (summary.lastUs >= this.#endUs || summary.firstUs < this.#startUs || summary.knownThroughUs > this.#asOfUs) return false
    const value = summary.values[this.value]!
    if (value.count === 0) return true
    if (value.sums === undefined || !this.#sums.takes(value.sums.form) || this.#ranked?.isFull === false) return false
    this.#count += value.count
    this.#least = Math.min(this.#least, value.least)
    this.#greatest = Math.max(this.#greatest, value.greatest)
    this.#sums.merge(value.sums)
    this.#ends.countWhole(value.lastUs, blocks, from, end)
    if (this.#usesDistinct) this.#distinct.addAll(value.distinct!)
    return true
  }

  /** What lies before all that was seen and belongs to windows only that reach back to the first event. */
  takeSettled(settled: Settled): void {
    while (!this.isDone && this.#startUs > Number.NEGATIVE_INFINITY) this.#close()
    const { count, least, greatest, sums } = settled.values[this.value]!
    if (this.isDone || count === 0) return
    this.#count += count
    this.#least = Math.min(this.#least, least)
    this.#greatest = Math.max(this.#greatest, greatest)
    if (sums !== undefined) this.#sums.mergeWide(sums)
    this.#ends.countSettled(settled)
    this.#ranked?.countSettled(settled.ends)
  }

  /** Nothing lies before what was seen. */
  end(): void {
    while (!this.#close());
  }

  #widen(value: number): void {
    if (value < this.#least) this.#least = value
    if (value > this.#greatest) this.#greatest = value
  }

  #countDistinct(value: number, own: Int32Array | undefined, codes: KeyCodes | undefined): void {
    if (this.#isText) this.#distinct.add(own === undefined ? value : own[value]!)
    else if (codes === undefined) this.#numbers.add(value)
    else this.#distinct.add(codes.get(value)!)
  }

  /** Writes the results of the window and goes on to the one that begins next before it. @returns true when there is none */
  #close(): boolean {
    const window = this.#windows[this.#next]
    if (window === undefined) return true
    const isEmpty = this.#count === 0
    this.#sums.write(window.sums, this.#count)
    if (window.min !== undefined) window.min[0] = isEmpty ? Number.NaN : this.#least
    if (window.max !== undefined) window.max[0] = isEmpty ? Number.NaN : this.#greatest
    if (window.first >= 0) writeEnd(this, window.first, this.#ends.first())
    if (window.last >= 0) writeEnd(this, window.last, this.#ends.last())
    if (window.ranked.length > 0) this.#ranked!.write(window.ranked, this)
    if (window.distinct !== undefined) window.distinct[0] = this.#distinct.size + this.#numbers.size
    if (window.sinceLast !== undefined) window.sinceLast[0] = isEmpty ? Number.NaN : this.#asOfUs - this.#ends.lastUs
    const next = this.#windows[++this.#next]
    this.#startUs = next === undefined ? Number.POSITIVE_INFINITY : next.startUs
    return next === undefined
  }
}

function isOrdered(windows: readonly WindowResults[]): boolean {
  for (let i = 1; i < windows.length; i++) if (windows[i]!.startUs > windows[i - 1]!.startUs) return false
  return true
}
