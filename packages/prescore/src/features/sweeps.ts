/** Features as of any moments: the events and questions of each key are put in order, and walked through together. */
import type { Column } from '../expressions/index.ts'
import { type CrossingsOf, crossingsOf } from './crossings.ts'
import { computeCells } from './lane.ts'
import { valuesOf } from './lane-values.ts'
import type { LanePlan } from './plan.ts'
import type { Room } from './room.ts'
import { type ClockName, type EventColumns, type QueryColumns, type Questions, questionsOf, type Timeline, timelineOf } from './timeline.ts'

/** What a group is asked. */
export interface Asked {
  readonly events: EventColumns
  /** The key number of each event; -1: none. */
  readonly keyOf: Int32Array
  readonly keys: number
  readonly queries: QueryColumns
  readonly clock: ClockName
  /** Names the group in messages. */
  readonly where: string
}

/** Results of a lane, in the order of the questions. */
export interface SweptLane {
  /** A column for each cell. They are written over by the next lane. */
  readonly cells: readonly Float64Array[]
  /** Of each question its place among the queries. */
  readonly rows: Int32Array
}

interface InOrder {
  readonly timeline: Timeline
  /** Numbered in their own order. */
  readonly questions: Questions
  /** Of the questions: their places among all. */
  readonly rows: Int32Array
  readonly crossings: CrossingsOf
}

export class Sweeps {
  readonly #asked: Asked
  #order: InOrder | undefined
  readonly #room: Room

  /** @param room written to by one lane after the other. */
  constructor(asked: Asked, room: Room) {
    this.#asked = asked
    this.#room = room
  }

  /** @throws PrescoreError `lossy_cast` */
  compute(lane: LanePlan, columns: readonly Column[]): SweptLane {
    const { timeline, questions, rows, crossings } = this.#inOrder()
    const values = valuesOf(lane, columns, timeline, this.#asked.where, this.#room)
    const cells = computeCells(
      { timeline, ...crossings(lane.delayUs), delayUs: lane.delayUs, ...values },
      questions,
      lane.cells,
      this.#room,
    )
    return { cells, rows }
  }

  /** Made for the first lane that needs it. */
  #inOrder(): InOrder {
    if (this.#order !== undefined) return this.#order
    const { events, keyOf, keys, queries, clock } = this.#asked
    const timeline = timelineOf(events, keyOf, keys, clock, this.#room)
    const { rows, ...asked } = questionsOf(queries, keys, this.#room)
    const questions = { ...asked, rows: numbered(this.#room.integers('numbers', rows.length)), total: rows.length }
    this.#order = { timeline, questions, rows, crossings: crossingsOf(timeline, questions, this.#room) }
    return this.#order
  }
}

function numbered(numbers: Int32Array): Int32Array {
  for (let i = 0; i < numbers.length; i++) numbers[i] = i
  return numbers
}
