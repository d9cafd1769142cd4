/** Features as of any moments: the events and questions of each key are put in order, and walked through together. */
import type { Column } from '../expressions/index.ts'
import { type CrossingsOf, crossingsOf } from './crossings.ts'
import { computeCells, emptyResults } from './lane.ts'
import { valuesOf } from './lane-values.ts'
import type { Cell, LanePlan } from './plan.ts'
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

interface InOrder {
  readonly timeline: Timeline
  /** Numbered in their own order. */
  readonly questions: Questions
  /** Of the questions: their places among all. */
  readonly rows: Int32Array
  readonly total: number
  readonly crossings: CrossingsOf
}

export class Sweeps {
  readonly #asked: Asked
  #order: InOrder | undefined
  /** Results of one lane in the order of the questions, so that they are written side by side. */
  readonly #room: Float64Array[] = []

  constructor(asked: Asked) {
    this.#asked = asked
  }

  /** A column by query row for each cell of the lane. @throws PrescoreError `lossy_cast` */
  compute(lane: LanePlan, columns: readonly Column[]): readonly Float64Array[] {
    const { timeline, questions, rows, total, crossings } = this.#inOrder()
    const values = valuesOf(lane, columns, timeline, this.#asked.where)
    const results = computeCells(
      { timeline, ...crossings(lane.delayUs), delayUs: lane.delayUs, ...values },
      questions,
      lane.cells,
      this.#room,
    )
    return results.map((result, i) => spread(result, rows, roomFor(lane.cells[i]!, rows.length, total)))
  }

  /** Made for the first lane that needs it. */
  #inOrder(): InOrder {
    if (this.#order !== undefined) return this.#order
    const { events, keyOf, keys, queries, clock } = this.#asked
    const timeline = timelineOf(events, keyOf, keys, clock)
    const { rows, total, ...asked } = questionsOf(queries, keys)
    const questions = { ...asked, rows: numbers(rows.length), total: rows.length }
    this.#order = { timeline, questions, rows, total, crossings: crossingsOf(timeline, questions) }
    return this.#order
  }
}

function numbers(length: number): Int32Array {
  const numbers = new Int32Array(length)
  for (let i = 0; i < length; i++) numbers[i] = i
  return numbers
}

/** Where each query has a key, all of it is written to. */
function roomFor({ statistic }: Cell, asked: number, total: number): Float64Array {
  return asked === total ? new Float64Array(total) : emptyResults(statistic, total)
}

/** Each to its row. All that are missing become the one NaN, since engines may give them different bits. */
function spread(results: Float64Array, rows: Int32Array, to: Float64Array): Float64Array {
  for (let i = 0; i < rows.length; i++) {
    const value = results[i]!
    to[rows[i]!] = value === value ? value : Number.NaN
  }
  return to
}
