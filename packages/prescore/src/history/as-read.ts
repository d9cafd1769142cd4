/**
 * Rows that had read a log only up to some position. Where an event of the row's key lies behind it, and would count otherwise,
 * the row gets a key of its own with the events that it had read; all others share their keys as ever.
 */
import { type Column, takeRows } from '../expressions/index.ts'
import { type ClockName, type EventColumns, groupRows, type QueryColumns, type Segments } from '../features/index.ts'

/** Events and questions of a group, as the kernel takes them. */
export interface Question {
  readonly events: EventColumns
  readonly keyOf: Int32Array
  readonly keys: number
  readonly queries: QueryColumns
}

/**
 * @param positions of the events; 0: in no log, and so read by all.
 * @param read up to which position each query has read.
 */
export function asRead(asked: Question, positions: Float64Array, read: Float64Array, clock: ClockName): Question {
  const { events, keyOf, keys, queries } = asked
  const [segments, logged] = [
    groupRows(keyOf, keys),
    groupRows(
      keyOf.map((key, row) => (positions[row]! > 0 ? key : -1)),
      keys,
    ),
  ]
  const behind = (row: number, query: number) =>
    positions[row]! > read[query]! && (clock === 'corrected' || events.knownAtUs[row]! <= queries.asOfUs[query]!)
  const apart = [...queries.keyOf.keys()].filter(query => rowsOf(logged, queries.keyOf[query]!).some(row => behind(row, query)))
  if (apart.length === 0) return asked
  const added = apart.map(query => rowsOf(segments, queries.keyOf[query]!).filter(row => positions[row]! <= read[query]!))
  const queryKeys = queries.keyOf.slice()
  apart.forEach((query, i) => {
    queryKeys[query] = keys + i
  })
  return {
    events: repeated(
      events,
      added.flatMap(rows => [...rows]),
    ),
    keyOf: Int32Array.from([...keyOf, ...added.flatMap((rows, i) => Array.from(rows, () => keys + i))]),
    keys: keys + apart.length,
    queries: { ...queries, keyOf: queryKeys },
  }
}

function rowsOf({ starts, rows }: Segments, key: number): Int32Array {
  return key < 0 ? rows.subarray(0, 0) : rows.subarray(starts[key], starts[key + 1])
}

/** All events, and some of them once more. */
function repeated({ rows, timeUs, knownAtUs, tie, columns }: EventColumns, again: readonly number[]): EventColumns {
  const order = Int32Array.from([...Array(rows).keys(), ...again])
  const pick = (values: Float64Array) => Float64Array.from(order, row => values[row]!)
  return {
    rows: order.length,
    timeUs: pick(timeUs),
    knownAtUs: pick(knownAtUs),
    ...(tie === undefined ? {} : { tie: pick(tie) }),
    columns: new Map([...columns].map(([name, column]): [string, Column] => [name, takeRows(column, order)])),
  }
}
