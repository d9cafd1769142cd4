/** The first or the last of the events that are offered: by event time, then by id, then by value, as the kernel has it. */
import { isAfter } from '../features/index.ts'
import type { EventBlock } from './event-block.ts'
import type { Layout } from './layout.ts'

export class EndEvent {
  isThere = false
  timeUs = 0
  value = 0
  /** Of a text value. */
  text: string | undefined
  readonly #layout: Layout
  readonly #isText: boolean
  readonly #isLast: boolean
  readonly #ties = new Float64Array(2)
  #tieText = ''

  constructor(layout: Layout, isText: boolean, end: 'first' | 'last') {
    this.#layout = layout
    this.#isText = isText
    this.#isLast = end === 'last'
  }

  clear(): void {
    this.isThere = false
    this.text = undefined
  }

  /** The event at `index`, which counts with this value. @returns whether it is the one from now on */
  offer(block: EventBlock, index: number, value: number): boolean {
    if (!this.isTakenBy(block, index, value)) return false
    this.isThere = true
    this.timeUs = block.timesUs[index]!
    this.value = value
    if (this.#isText) this.text = value === value ? block.text(value) : undefined
    if (this.#layout.tie === 'text') this.#tieText = tieText(block, index)
    for (let i = 0; i < this.#layout.tieFields; i++) this.#ties[i] = tieAt(block, i, index)
    return true
  }

  /** Whether the event at `index` takes the place of the one that is held. */
  isTakenBy(block: EventBlock, index: number, value: number): boolean {
    return !this.isThere || this.#isBeyond(block.timesUs[index]!, block, index, value) === this.#isLast
  }

  /** Whether it comes after the one that is held. Two that nothing tells apart are one and the same. */
  #isBeyond(timeUs: number, block: EventBlock, index: number, value: number): boolean {
    return timeUs === this.timeUs ? this.#isAfter(block, index, value) : timeUs > this.timeUs
  }

  /** Of two events of the same time. A missing value comes before all others. */
  #isAfter(block: EventBlock, index: number, value: number): boolean {
    if (this.#layout.tie === 'text') {
      const text = tieText(block, index)
      if (text !== this.#tieText) return isAfter(text, this.#tieText)
    } else {
      for (let i = 0; i < this.#layout.tieFields; i++) {
        const tie = tieAt(block, i, index)
        if (tie !== this.#ties[i]) return tie > this.#ties[i]!
      }
    }
    if (value !== value || this.value !== this.value) return value === value
    return this.#isText ? isAfter(block.text(value), this.text as string) : value > this.value
  }
}

function tieAt(block: EventBlock, field: number, index: number): number {
  return block.fields[field]![index]!
}

function tieText(block: EventBlock, index: number): string {
  return block.text(tieAt(block, 0, index))
}
