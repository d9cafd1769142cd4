/** Walks the events and queries of each key forward in time, so that every event is met once, not once a query. */
import { type Crossings, indexAt } from './crossings.ts'
import type { Questions, Timeline } from './timeline.ts'
import type { Window } from './windows.ts'

/** What some features share: which events count, with which value and delay. */
export interface Lane {
  readonly timeline: Timeline
  readonly entries: Crossings
  readonly exits: (window: Window) => Crossings
  readonly delayUs: number
  /** In the timeline's order. NaN is missing. Never -0. */
  readonly values: Float64Array
  /** The same but where missing values are kept: NaN where the event does not count. */
  readonly presence: Float64Array
  /** Of the codes, where the values are codes. */
  readonly texts: readonly string[] | undefined
}

/** What is remembered of all values that have come in; windows are cut out when it is asked. */
export interface Memory {
  clear(): void
  /** The event at `index` of the timeline comes in. */
  enter(index: number): void
  /** Writes the results for the query at `row`, whose windows end at `endUs`. */
  answer(row: number, asOfUs: number, endUs: number): void
}

/** What is known of the values that are in one window at the moment. */
export interface Running {
  clear(): void
  add(value: number): void
  remove(value: number): void
  answer(row: number): void
}

/** All windows of a lane at once, for what can be cut out of a memory. */
export function sweepEntries(lane: Lane, questions: Questions, memory: Memory): void {
  const keys = lane.timeline.starts.length - 1
  for (let key = 0; key < keys; key++) if (isAsked(questions, key)) remember(lane, questions, key, memory)
}

/** One window of a lane: events come in and go out in two orders. */
export function sweepWindow(lane: Lane, questions: Questions, exits: Crossings, content: Running): void {
  const keys = lane.timeline.starts.length - 1
  for (let key = 0; key < keys; key++) if (isAsked(questions, key)) run(lane, questions, key, exits, content)
}

/** Most keys may have no query: nothing of them is looked at. */
export function isAsked({ starts }: Questions, key: number): boolean {
  return starts[key] !== starts[key + 1]
}

function remember({ timeline, entries, delayUs, presence }: Lane, { starts, asOfUs, rows }: Questions, key: number, memory: Memory): void {
  const end = starts[key + 1]!
  let entered = timeline.starts[key]!
  memory.clear()
  for (let query = starts[key]!; query < end; query++) {
    for (; entered < entries.passed[query]!; entered++) {
      const i = indexAt(entries, entered)
      const present = presence[i]!
      if (present === present) memory.enter(i)
    }
    const nowUs = asOfUs[query]!
    memory.answer(rows[query]!, nowUs, nowUs - delayUs)
  }
}

function run({ timeline, entries, values }: Lane, { starts, rows }: Questions, key: number, exits: Crossings, content: Running): void {
  const end = starts[key + 1]!
  let entered = timeline.starts[key]!
  let left = entered
  content.clear()
  for (let query = starts[key]!; query < end; query++) {
    for (; entered < entries.passed[query]!; entered++) {
      const value = values[indexAt(entries, entered)]!
      if (value === value) content.add(value)
    }
    for (; left < exits.passed[query]!; left++) {
      const value = values[indexAt(exits, left)]!
      if (value === value) content.remove(value)
    }
    content.answer(rows[query]!)
  }
}
