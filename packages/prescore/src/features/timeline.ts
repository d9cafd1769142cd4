/** The events of every key in the order of their event times, and its queries in the order of their as-ofs. */
import { PrescoreError, TIME_US_MAX } from '../base/index.ts'
import type { Column } from '../expressions/index.ts'
import type { Room } from './room.ts'
import { gather, groupRows, type Segments, sortRows } from './segments.ts'

/** `as-served`: only what was known at the as-of counts. `corrected`: whatever is known now. */
export type ClockName = 'as-served' | 'corrected'

/** Events of one source as columns, all of the same length, in any order. Times are integer µs. */
export interface EventColumns {
  readonly rows: number
  readonly timeUs: Float64Array
  readonly knownAtUs: Float64Array
  /** Among events of equal time the greater is the later. Without it, and where it is equal, the value decides. */
  readonly tie?: Float64Array
  /** By the names that expressions use: `row.<column>`. */
  readonly columns: ReadonlyMap<string, Column>
}

/** Moments to be answered for, each of a key. */
export interface QueryColumns {
  /** The key number of each query; -1: none, as if the key had no events. */
  readonly keyOf: Int32Array
  readonly asOfUs: Float64Array
}

/** The events by key, those of one key by time; `rows` are their places in the source's columns. */
export interface Timeline extends Segments {
  readonly timesUs: Float64Array
  /** Absent: none is known later than at its event time, or it does not matter. */
  readonly knownAtUs: Float64Array | undefined
  readonly ties: Float64Array | undefined
}

/** The queries by key, those of one key by as-of; `rows` are their places in the result. */
export interface Questions extends Segments {
  readonly asOfUs: Float64Array
  readonly total: number
}

/** @throws PrescoreError `missing_time`, `time_out_of_range` */
export function checkAllTimes({ timeUs, knownAtUs }: EventColumns, { asOfUs }: QueryColumns, clock: ClockName): void {
  checkTimes(timeUs, 'event time')
  if (clock === 'as-served' && knownAtUs !== timeUs) checkTimes(knownAtUs, 'known at')
  checkTimes(asOfUs, 'as-of')
}

/** In the room. */
export function timelineOf(events: EventColumns, keyOf: Int32Array, keys: number, clock: ClockName, room: Room): Timeline {
  const { timeUs, knownAtUs, tie } = events
  const segments = groupRows(keyOf, keys, length => room.integers('events', length), room.integers('places', keyOf.length))
  const timesUs = sortRows(segments, timeUs, length => room.doubles('times', length))
  return {
    ...segments,
    timesUs,
    knownAtUs:
      clock === 'as-served' && isAnyLate(timeUs, knownAtUs)
        ? gather(knownAtUs, segments, length => room.doubles('known at', length))
        : undefined,
    ties: tie === undefined ? undefined : gather(tie, segments),
  }
}

function isAnyLate(timesUs: Float64Array, knownAtUs: Float64Array): boolean {
  if (timesUs === knownAtUs) return false
  for (let i = 0; i < timesUs.length; i++) if (knownAtUs[i]! > timesUs[i]!) return true
  return false
}

/** In the room. */
export function questionsOf({ keyOf, asOfUs }: QueryColumns, keys: number, room: Room): Questions {
  const segments = groupRows(keyOf, keys, length => room.integers('questions', length))
  return { ...segments, asOfUs: sortRows(segments, asOfUs, length => room.doubles('as-ofs', length)), total: keyOf.length }
}

/**
 * A time that is no integer would be sorted and compared wrongly, in silence.
 * @param partOf below 0: the time does not matter.
 * @throws PrescoreError `missing_time`, `time_out_of_range`
 */
export function checkTimes(timesUs: Float64Array, where: string, partOf?: Int32Array): void {
  const length = partOf?.length ?? timesUs.length
  for (let i = 0; i < length; i++) {
    if (partOf !== undefined && partOf[i]! < 0) continue
    const timeUs = timesUs[i]!
    if (Math.floor(timeUs) !== timeUs || Math.abs(timeUs) > TIME_US_MAX) refuseTime(timeUs, where)
  }
}

function refuseTime(timeUs: number, where: string): never {
  const code = timeUs === timeUs ? 'time_out_of_range' : 'missing_time'
  throw new PrescoreError(code, { where, found: String(timeUs), expected: 'integer microseconds' })
}
