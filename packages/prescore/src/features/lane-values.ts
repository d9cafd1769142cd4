/** What the events of a lane are worth, in any order of theirs. */
import { type Column, isStringColumn, numberValues } from '../expressions/index.ts'
import type { LanePlan } from './plan.ts'
import type { Room } from './room.ts'
import type { Segments } from './segments.ts'

/** By event, in some order; see `Lane`. */
export interface LaneValues {
  readonly values: Float64Array
  readonly presence: Float64Array
  readonly texts: readonly string[] | undefined
}

/** Which rows, in which order. */
export type RowOrder = Pick<Segments, 'rows' | 'places'>

/** In the room. @param columns of the plan's expressions. @throws PrescoreError `lossy_cast` */
export function valuesOf(lane: LanePlan, columns: readonly Column[], order: RowOrder, where: string, room: Room): LaneValues {
  const { keepsMissing, cells } = lane
  const [value, filter] = [columnAt(lane.value, columns), columnAt(lane.filter, columns)]
  const countsOnly = cells.every(({ statistic }) => statistic === 'count')
  const { length } = order.rows
  const values = laneValues(value, keepsMissing ? undefined : filter, order, countsOnly, where, room.doubles('values', length))
  const presence = keepsMissing ? laneValues(undefined, filter, order, true, where, room.doubles('presence', length)) : values
  return { values, presence, texts: textsOf(lane, columns) }
}

/** Of the codes, where the values of a lane are codes. */
export function textsOf({ value }: LanePlan, columns: readonly Column[]): readonly string[] | undefined {
  const column = columnAt(value, columns)
  return column !== undefined && isStringColumn(column) ? column.dictionary : undefined
}

function columnAt(expression: number | undefined, columns: readonly Column[]): Column | undefined {
  return expression === undefined ? undefined : columns[expression]
}

/**
 * The values of a lane, for these rows: 1 where there is no value column, codes of texts, NaN where the event does not count.
 * @param values written to.
 * @param presenceOnly it does not matter which value an event has, only that it has one.
 * @throws PrescoreError `lossy_cast`
 */
export function laneValues(
  value: Column | undefined,
  filter: Column | undefined,
  order: RowOrder,
  presenceOnly: boolean,
  where: string,
  values: Float64Array = new Float64Array(order.rows.length),
): Float64Array {
  if (value === undefined) values.fill(1)
  else if (isStringColumn(value)) fillCodes(values, value.codes, order.rows)
  else fillNumbers(values, presenceOnly ? value.values : numberValues(value, where), order)
  if (filter !== undefined) drop(values, numberValues(filter, where), order)
  return values
}

function fillCodes(values: Float64Array, codes: Int32Array, rows: Int32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const code = codes[rows[i]!]!
    values[i] = code < 0 ? Number.NaN : code
  }
}

/** Adding 0 makes +0 of -0. */
function fillNumbers(values: Float64Array, numbers: Float64Array, { rows, places }: RowOrder): void {
  if (places === undefined) for (let i = 0; i < rows.length; i++) values[i] = numbers[rows[i]!]! + 0
  else {
    for (let row = 0; row < places.length; row++) {
      const at = places[row]!
      if (at >= 0) values[at] = numbers[row]! + 0
    }
  }
}

function drop(values: Float64Array, condition: Float64Array, { rows, places }: RowOrder): void {
  if (places === undefined) {
    for (let i = 0; i < rows.length; i++) if (condition[rows[i]!] !== 1) values[i] = Number.NaN
  } else {
    for (let row = 0; row < places.length; row++) {
      const at = places[row]!
      if (at >= 0 && condition[row] !== 1) values[at] = Number.NaN
    }
  }
}
