/** When the events of a key come into windows, and when they go out again: two orders, since one can be known late. */
import type { Room } from './room.ts'
import { sortRows } from './segments.ts'
import type { Questions, Timeline } from './timeline.ts'
import type { Window } from './windows.ts'

/** All events crossing a border of windows: coming in, or going out. */
export interface Crossings {
  /** The events of each key by the moment of their crossing. Absent: that is the order of the timeline. */
  readonly order: Int32Array | undefined
  /** For each question, the place in that order of the first event of its key that has not crossed at its as-of. */
  readonly passed: Int32Array
}

/** The crossings by delay and window, each made once, in the room. */
export type CrossingsOf = (delayUs: number) => { readonly entries: Crossings; readonly exits: (window: Window) => Crossings }

export function crossingsOf(timeline: Timeline, questions: Questions, room: Room): CrossingsOf {
  let made = 0
  const crossing = (border: Border) => pass(timeline, questions, border, room.integers(`passed ${made++}`, questions.rows.length))
  return remember((delayUs: number) => {
    const entry = entryBorder(timeline, delayUs)
    const exits = remember((window: Window) => crossing(exitBorder(timeline, entry, delayUs, window)))
    return { entries: crossing(entry), exits }
  })
}

/** The event that crosses as number `place` of all. */
export function indexAt({ order }: Crossings, place: number): number {
  return order === undefined ? place : order[place]!
}

/** Event i crosses at the first as-of after `momentsUs[i] + delayUs + lengthUs`. */
interface Border {
  readonly momentsUs: Float64Array
  readonly delayUs: number
  readonly lengthUs: number
  readonly order: Int32Array | undefined
}

/** An event comes in once its time lies before as-of − delay, and it is known. */
function entryBorder({ starts, timesUs, knownAtUs }: Timeline, delayUs: number): Border {
  const onTime = { momentsUs: timesUs, delayUs, lengthUs: 0, order: undefined }
  return knownAtUs === undefined ? onTime : noEarlier(onTime, knownAtUs, -1, starts)
}

/** It goes out once as-of − delay lies after the last end of a window that it belongs to. One that is known only then goes out as it comes in. */
function exitBorder({ starts, timesUs }: Timeline, entry: Border, delayUs: number, window: Window): Border {
  const { lengthUs } = window
  const onTime =
    lengthUs === undefined
      ? { momentsUs: timesUs.map(timeUs => window.lastEndUs(timeUs)), delayUs, lengthUs: 0, order: undefined }
      : { momentsUs: timesUs, delayUs, lengthUs, order: undefined }
  return entry.momentsUs === timesUs ? onTime : noEarlier(onTime, entry.momentsUs, 0, starts)
}

/** The same border, crossed not before `leastUs` + `shiftUs`. */
function noEarlier(border: Border, leastUs: Float64Array, shiftUs: number, starts: Int32Array): Border {
  const momentsUs = new Float64Array(border.momentsUs.length)
  let isMoved = false
  for (let i = 0; i < momentsUs.length; i++) {
    const onTimeUs = momentOf(border, i)
    const earliestUs = leastUs[i]! + shiftUs
    if (earliestUs > onTimeUs) isMoved = true
    momentsUs[i] = Math.max(onTimeUs, earliestUs)
  }
  if (!isMoved) return border
  const order = new Int32Array(momentsUs.length)
  for (let i = 0; i < order.length; i++) order[i] = i
  sortRows({ starts, rows: order }, momentsUs)
  return { momentsUs, delayUs: 0, lengthUs: 0, order }
}

/** Added one by one: a sum beyond ±2^53 may then be rounded, but only to what lies beyond any as-of as well. */
function momentOf({ momentsUs, delayUs, lengthUs }: Border, event: number): number {
  return momentsUs[event]! + delayUs + lengthUs
}

function pass({ starts }: Timeline, questions: Questions, border: Border, passed: Int32Array): Crossings {
  for (let key = 0; key + 1 < starts.length; key++) passKey(starts, questions, border, key, passed)
  return { order: border.order, passed }
}

function passKey(starts: Int32Array, questions: Questions, border: Border, key: number, passed: Int32Array): void {
  const { momentsUs, delayUs, lengthUs, order } = border
  const lastQuery = questions.starts[key + 1]!
  const end = starts[key + 1]!
  let place = starts[key]!
  for (let query = questions.starts[key]!; query < lastQuery; query++) {
    const asOfUs = questions.asOfUs[query]!
    while (place < end && momentsUs[order === undefined ? place : order[place]!]! + delayUs + lengthUs < asOfUs) place++
    passed[query] = place
  }
}

function remember<K, T>(make: (key: K) => T): (key: K) => T {
  const made = new Map<K, T>()
  return key => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}
