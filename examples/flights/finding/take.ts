/** Some of the flights, and of what was answered for them. */
import { type Flights, numbersOf } from './flights.ts'
import type { Outcomes } from './measures.ts'

/**
 * - **live**: at departure.
 * - **stored**: by the same model, at the last 03:00 before.
 * - **fitted**: at that moment too, by a model that was trained for it.
 * - **history**: the share late of the slot over the training days.
 * - **constant**: the share late of all flights over the training days.
 */
export type Name = 'live' | 'stored' | 'fitted' | 'history' | 'constant'

/** Answers by name, all of the same rows, with what came. */
export interface Answers extends Outcomes {
  /** Of departure. */
  readonly hour: Float64Array
  readonly scores: Readonly<Record<Name, Float64Array>>
}

/** Half the share of flights that are late: answers further apart differ materially. */
const APART = 0.1

export function answersOf({ late, day, days, slot }: Flights, scores: Answers['scores']): Answers {
  return { late, day, days, hour: numbersOf(slot.get('hour')), scores }
}

/** The rows for which the condition holds. */
export function take(all: Answers, wanted: (row: number) => boolean): Answers {
  const of = <A extends Uint8Array | Uint16Array | Float64Array>(values: A): A => values.filter((_, row) => wanted(row)) as A
  const { live, stored, fitted, history, constant } = all.scores
  const scores = { live: of(live), stored: of(stored), fitted: of(fitted), history: of(history), constant: of(constant) }
  return { late: of(all.late), day: of(all.day), days: all.days, hour: of(all.hour), scores }
}

/** The share of rows whose two answers differ materially. */
export function shareApart(a: Float64Array, b: Float64Array): number {
  return a.reduce((count, answer, row) => count + (Math.abs(answer - b[row]!) > APART ? 1 : 0), 0) / a.length
}
