/** Columns from plain rows, and back: so that tests can say what they mean. */
import { type Chunk, type Column, isStringColumn, type Kind, stringColumn, type ValueType } from '../../src/expressions/index.ts'

/** undefined is missing. */
export type Plain = number | bigint | string | boolean | undefined

/** A column of the values. Behind them, `spare` rows that nobody may read. */
export function columnFrom(type: ValueType, values: readonly Plain[], spare = 0): Column {
  const unread = type.kind === 'string' ? 'spare' : type.kind === 'int64' ? 2n ** 60n + 1n : 1
  const all = [...values, ...Array<Plain>(spare).fill(unread)]
  if (type.kind === 'string') return { ...stringColumn(all as (string | undefined)[]), type }
  const numbers = Float64Array.from(all, value => (value === undefined ? Number.NaN : Number(value)))
  if (!all.some(value => typeof value === 'bigint')) return { type, values: numbers }
  return { type, values: numbers, exact: BigInt64Array.from(all, value => (value === undefined ? 0n : BigInt(value))) }
}

export function chunkFrom(types: ReadonlyMap<string, ValueType>, rows: readonly Readonly<Record<string, Plain>>[], spare = 0): Chunk {
  const columns = [...types].map(
    ([name, type]) =>
      [
        name,
        columnFrom(
          type,
          rows.map(row => row[name]),
          spare,
        ),
      ] as const,
  )
  return { rows: rows.length, columns: new Map(columns) }
}

/** The values of the first rows: NaN as undefined, booleans as true and false. */
export function plainValues(column: Column, rows: number): Plain[] {
  return Array.from({ length: rows }, (_, i) => {
    if (isStringColumn(column)) return (column.codes[i] as number) < 0 ? undefined : column.dictionary[column.codes[i] as number]
    const value = column.values[i] as number
    if (Number.isNaN(value)) return undefined
    if (column.exact !== undefined && !Number.isSafeInteger(value)) return column.exact[i]
    return column.type.kind === 'boolean' ? value === 1 : value
  })
}

/** A value with its kind, as an operand of a test; without a value: missing. */
export interface Operand {
  readonly kind: Kind
  readonly value: Plain
}

const operand =
  (kind: Kind) =>
  (value?: Plain): Operand => ({ kind, value })
export const int64 = operand('int64')
export const float64 = operand('float64')
export const boolean = operand('boolean')
export const string = operand('string')
export const timestamp = (iso?: string): Operand => ({ kind: 'timestamp', value: iso === undefined ? undefined : Date.parse(iso) * 1000 })
export const duration = operand('duration')
