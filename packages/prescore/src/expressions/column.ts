/** Columns of values as the engines pass them: typed arrays, never an object a row. */
import { PrescoreError } from '../base/index.ts'
import type { ValueType } from './value-type.ts'

/** Numbers, booleans (1, 0), times and durations (integer µs). NaN is missing. */
export interface NumberColumn {
  readonly type: ValueType
  readonly values: Float64Array
  /**
   * The exact values of an int64 column that holds some beyond ±2^53. `values` then holds each rounded to a double, and
   * NaN where it is missing.
   */
  readonly exact?: BigInt64Array
}

/** What `exact` holds of a double. A missing value has no exact one: the doubles tell that it is missing. */
export function integerOf(value: number): bigint {
  return Number.isNaN(value) ? 0n : BigInt(value)
}

/** Texts by code: row i is `dictionary[codes[i]]`; code -1 is missing. The dictionary may be shared and only grows. */
export interface StringColumn {
  readonly type: ValueType
  readonly codes: Int32Array
  readonly dictionary: readonly string[]
}

export type Column = NumberColumn | StringColumn

/** Some rows of named columns. The arrays may be longer than `rows`; what lies beyond is not read. */
export interface Chunk {
  readonly rows: number
  readonly columns: ReadonlyMap<string, Column>
}

export function isStringColumn(column: Column): column is StringColumn {
  return 'codes' in column
}

/** The column of a name. A chunk without it is a defect of who made it. */
export function columnOf({ columns }: Chunk, ref: string, where: string): Column {
  const column = columns.get(ref)
  if (column !== undefined) return column
  throw new PrescoreError('internal', { where, found: `rows without \`${ref}\``, expected: 'a column for each name that is read' })
}

/** The texts of a dictionary column that is being built; one for each text, in order of first sight. */
export class Dictionary {
  readonly texts: string[] = []
  readonly #codes = new Map<string, number>()
  readonly #translations = new WeakMap<readonly string[], number[]>()

  code(text: string): number {
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    this.#codes.set(text, this.texts.length)
    return this.texts.push(text) - 1
  }

  /** For each code of another dictionary the code here. That one may grow, and stays the same array. */
  translation(texts: readonly string[]): readonly number[] {
    let own = this.#translations.get(texts)
    if (own === undefined) {
      own = []
      this.#translations.set(texts, own)
    }
    while (own.length < texts.length) own.push(this.code(texts[own.length]!))
    return own
  }
}

/** A string column made of values; undefined is missing. */
export function stringColumn(values: readonly (string | undefined)[], dictionary = new Dictionary()): StringColumn {
  const codes = new Int32Array(values.length)
  for (let i = 0; i < codes.length; i++) {
    const value = values[i]
    codes[i] = value === undefined ? -1 : dictionary.code(value)
  }
  return { type: { kind: 'string' }, codes, dictionary: dictionary.texts }
}

/** The numbers of a column's first rows. @throws PrescoreError `lossy_cast` where an int64 among them would lose digits. */
export function numberValues(column: Column, where: string, rows?: number): Float64Array {
  const { values, exact } = numberColumn(column, where)
  const unsafe = exact?.subarray(0, rows).find((value, i) => !Number.isNaN(values[i]) && !isSafe(value))
  if (unsafe === undefined) return values
  throw new PrescoreError('lossy_cast', { where, found: String(unsafe), expected: 'integers within ±(2^53 − 1)' })
}

/** @throws PrescoreError `wrong_type` for texts. */
export function numberColumn(column: Column, where: string): NumberColumn {
  if (!isStringColumn(column)) return column
  throw new PrescoreError('wrong_type', { where, found: 'string', expected: 'a number' })
}

/** @throws PrescoreError `wrong_type` for numbers. */
export function textColumn(column: Column, where: string): StringColumn {
  if (isStringColumn(column)) return column
  throw new PrescoreError('wrong_type', { where, found: column.type.kind, expected: 'a string' })
}

const isSafe = (value: bigint) => value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER

/** Some rows of a column, in the given order. */
export function takeRows(column: Column, rows: ArrayLike<number>): Column {
  const { length } = rows
  if (isStringColumn(column)) {
    const codes = new Int32Array(length)
    for (let i = 0; i < length; i++) codes[i] = column.codes[rows[i] as number] as number
    return { ...column, codes }
  }
  const { type, values, exact } = column
  const taken = new Float64Array(length)
  for (let i = 0; i < length; i++) taken[i] = values[rows[i] as number] as number
  if (exact === undefined) return { type, values: taken }
  return { type, values: taken, exact: BigInt64Array.from({ length }, (_, i) => exact[rows[i] as number] as bigint) }
}

/** The rows [from, to) of a column, on the same memory. */
export function sliceRows(column: Column, from: number, to: number): Column {
  if (isStringColumn(column)) return { ...column, codes: column.codes.subarray(from, to) }
  const { exact } = column
  const slice = { ...column, values: column.values.subarray(from, to) }
  return exact === undefined ? slice : { ...slice, exact: exact.subarray(from, to) }
}
