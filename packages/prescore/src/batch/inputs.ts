/** Request inputs of the rows of a run: from columns to values and back, and their canonical text. */
import { TIME_US_MAX } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type Kind, stringColumn } from '../expressions/index.ts'
import { type InputKinds, type Inputs, type InputValue, inputsJson } from '../project/index.ts'

/** The value of each row of a column, as a request would give it: -0 is 0. */
export function inputReader(column: Column, kind: Kind): (row: number) => InputValue {
  if (isStringColumn(column)) return row => column.dictionary[column.codes[row] as number] ?? null
  const { values, exact } = column
  return row => {
    const value = values[row] as number
    if (Number.isNaN(value)) return null
    if (kind === 'boolean') return value === 1
    return exact === undefined || Number.isSafeInteger(value) ? value + 0 : (exact[row] as bigint)
  }
}

/** A column of values of one kind. */
export function inputColumnOf(kind: Kind, values: readonly InputValue[]): Column {
  if (kind === 'string') return stringColumn(values.map(value => (value === null ? undefined : (value as string))))
  const column = { type: { kind }, values: Float64Array.from(values, value => (value === null ? Number.NaN : Number(value))) }
  const hasBig = values.some(value => typeof value === 'bigint')
  return hasBig ? { ...column, exact: BigInt64Array.from(values, value => BigInt(value ?? 0)) } : column
}

/** The canonical text of each row's inputs, of rows with `input.*`; undefined for a row with a value that no request could give. */
export function inputTexts(rows: Chunk, kinds: InputKinds): readonly (string | undefined)[] | undefined {
  const names = Object.keys(kinds)
  if (names.length === 0) return undefined
  const readers = names.map(
    name => [name, kinds[name] as Kind, inputReader(rows.columns.get(`input.${name}`) as Column, kinds[name] as Kind)] as const,
  )
  return Array.from({ length: rows.rows }, (_, row) => {
    const inputs: Record<string, InputValue> = {}
    for (const [name, kind, read] of readers) {
      const value = read(row)
      if (!isSayable(kind, value)) return undefined
      inputs[name] = value
    }
    return inputsJson(kinds, inputs as Inputs)
  })
}

/** What JSON has no number for, and times beyond what is exact, never come with a request. */
function isSayable(kind: Kind, value: InputValue): boolean {
  if (typeof value !== 'number') return true
  return Number.isFinite(value) && (kind !== 'timestamp' && kind !== 'duration' ? true : Math.abs(value) <= TIME_US_MAX)
}
