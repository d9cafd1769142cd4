/** Noted answers as the rows of a batch: what their requests said, as columns. */
import { formatInstant } from '../base/index.ts'
import { inputColumnOf } from '../batch/index.ts'
import { type Chunk, type Column, isStringColumn, type Kind, type ValueType } from '../expressions/index.ts'
import { defaultInputs, type Inputs, type InputValue, type PredictionDefinition, requestScope } from '../project/index.ts'
import type { LoggedAnswer } from './log/record.ts'

const SECOND_US = 1_000_000

/** What was asked for. */
export type AskedRow = Pick<LoggedAnswer, 'key' | 'inputs' | 'asOfUs'>

/** Columns `key.*`, `input.*` and `asOf`. What a request did not give takes its default. */
export function requestRows(prediction: PredictionDefinition, answers: readonly AskedRow[]): Chunk {
  const scope = requestScope(prediction)
  const defaults = defaultInputs(prediction)
  const columns = [...scope].map(([ref, type]): [string, Column] => {
    if (ref === 'asOf') return [ref, { type, values: Float64Array.from(answers, ({ asOfUs }) => asOfUs) }]
    const name = ref.slice(ref.indexOf('.') + 1)
    const valueOf = ref.startsWith('key.')
      ? ({ key }: AskedRow) => key?.[name] ?? null
      : ({ inputs }: AskedRow) => (inputs[name] === undefined ? (defaults[name] ?? null) : inputs[name])
    return [ref, columnOf(type, answers.map(valueOf))]
  })
  return { rows: answers.length, columns: new Map(columns) }
}

/** The features of a join, with the attributes that requests set in their place. */
export function withAttributes(
  join: string,
  names: readonly string[],
  columns: readonly Column[],
  answers: readonly LoggedAnswer[],
): readonly Column[] {
  return columns.map((column, i) => {
    const set = answers.map(({ attributes }) => attributes?.[join]?.[names[i] as string])
    if (set.every(value => value === undefined)) return column
    const found = valuesOf(column, answers.length)
    return columnOf(
      column.type,
      set.map((value, row) => (value === undefined ? (found[row] as InputValue) : value)),
    )
  })
}

export function missingColumn(type: ValueType, rows: number): Column {
  return columnOf(type, new Array<InputValue>(rows).fill(null))
}

/** The values of a column's first rows; null is missing, an int64 beyond ±2^53 a bigint. */
function valuesOf(column: Column, rows: number): InputValue[] {
  return Array.from({ length: rows }, (_, row) => valueAt(column, row))
}

export function valueAt(column: Column, row: number): InputValue {
  if (isStringColumn(column)) return column.dictionary[column.codes[row] as number] ?? null
  const value = column.values[row] as number
  if (value !== value) return null
  if (column.type.kind === 'boolean') return value === 1
  return column.exact === undefined || Number.isSafeInteger(value) ? value : (column.exact[row] as bigint)
}

/** A value of {@link valueAt} for whoever reads it. */
export function shownValue(column: Column, row: number): InputValue {
  return toldValue(column.type.kind, valueAt(column, row))
}

/** Inputs as a request gives them. */
export function toldInputs({ inputs: kinds }: PredictionDefinition, inputs: Inputs): Inputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, toldValue(kinds[name], value)] as const))
}

/** As everywhere outside: times are texts, durations seconds. */
function toldValue(kind: Kind | undefined, value: InputValue): InputValue {
  if (typeof value !== 'number') return value
  return kind === 'timestamp' ? formatInstant(value) : kind === 'duration' ? value / SECOND_US : value
}

function columnOf(type: ValueType, values: readonly InputValue[]): Column {
  return { ...inputColumnOf(type.kind, values), type }
}
