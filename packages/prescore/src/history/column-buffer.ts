/** Columns that grow: the wanted rows of chunk after chunk, in arrays that are doubled when full. */
import {
  type Column,
  Dictionary,
  integerOf,
  isStringColumn,
  type NumberColumn,
  type StringColumn,
  type ValueType,
} from '../expressions/index.ts'

const FIRST_ROWS = 4096

/** Gives an array of so many numbers; it may hold anything, and what it held under a smaller number. */
export type Take<T> = (length: number) => T

const newDoubles: Take<Float64Array> = length => new Float64Array(length)
const newIntegers: Take<Int32Array> = length => new Int32Array(length)

export interface ColumnBuffer {
  /** Adds some rows of a column, in ascending order; string columns may come with another dictionary each time. */
  append(column: Column, rows: Int32Array): void
  /** Makes room for so many rows in all. */
  reserve(rows: number): void
  column(): Column
}

/** @param rows that there is room for before it grows. */
export function columnBuffer(type: ValueType, rows = FIRST_ROWS, doubles = newDoubles, integers = newIntegers): ColumnBuffer {
  return type.kind === 'string' ? new TextBuffer(type, rows, integers) : new NumberBuffer(type, rows, doubles)
}

/** A growing array of doubles. */
export class Doubles {
  readonly #take: Take<Float64Array>
  #values: Float64Array
  #length = 0

  constructor(rows = FIRST_ROWS, take = newDoubles) {
    this.#take = take
    this.#values = take(rows)
  }

  append(values: Float64Array, rows: Int32Array): void {
    this.reserve(this.#length + rows.length)
    const to = this.#values
    const from = this.#length
    this.#length += rows.length
    // All of them.
    if (rows.length === values.length) to.set(values, from)
    else for (let i = 0; i < rows.length; i++) to[from + i] = values[rows[i] as number] as number
  }

  copy(take = newDoubles): Doubles {
    const copy = new Doubles(this.#values.length, take)
    copy.#values.set(this.values())
    copy.#length = this.#length
    return copy
  }

  /** Makes room for so many in all. */
  reserve(rows: number): void {
    if (rows <= this.#values.length) return
    const grown = this.#take(Math.max(rows, 2 * this.#values.length))
    grown.set(this.#values.subarray(0, this.#length))
    this.#values = grown
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.#length)
  }
}

/** A growing array of key numbers or codes. */
export class Integers {
  readonly #take: Take<Int32Array>
  #values: Int32Array
  #length = 0

  constructor(rows = FIRST_ROWS, take = newIntegers) {
    this.#take = take
    this.#values = take(rows)
  }

  append(values: Int32Array, rows: Int32Array, translate?: readonly number[]): void {
    this.reserve(this.#length + rows.length)
    const to = this.#values
    const from = this.#length
    this.#length += rows.length
    if (translate === undefined && rows.length === values.length) to.set(values, from)
    else if (translate === undefined) for (let i = 0; i < rows.length; i++) to[from + i] = values[rows[i] as number] as number
    else {
      for (let i = 0; i < rows.length; i++) {
        const value = values[rows[i] as number] as number
        to[from + i] = value < 0 ? value : (translate[value] as number)
      }
    }
  }

  /** Makes room for so many in all. */
  reserve(rows: number): void {
    if (rows <= this.#values.length) return
    const grown = this.#take(Math.max(rows, 2 * this.#values.length))
    grown.set(this.#values.subarray(0, this.#length))
    this.#values = grown
  }

  values(): Int32Array {
    return this.#values.subarray(0, this.#length)
  }
}

class NumberBuffer implements ColumnBuffer {
  readonly #type: ValueType
  readonly #doubles: Doubles
  /** Exact values of all rows, from the first chunk on that has some beyond ±2^53. */
  #exact: bigint[] | undefined

  constructor(type: ValueType, rows: number, take: Take<Float64Array>) {
    this.#type = type
    this.#doubles = new Doubles(rows, take)
  }

  append(column: Column, rows: Int32Array): void {
    const { values, exact } = column as NumberColumn
    if (exact !== undefined) this.#exact ??= Array.from(this.#doubles.values(), integerOf)
    this.#doubles.append(values, rows)
    if (this.#exact === undefined) return
    for (const row of rows) this.#exact.push(exact?.[row] ?? integerOf(values[row] as number))
  }

  reserve(rows: number): void {
    this.#doubles.reserve(rows)
  }

  column(): NumberColumn {
    const column = { type: this.#type, values: this.#doubles.values() }
    return this.#exact === undefined ? column : { ...column, exact: BigInt64Array.from(this.#exact) }
  }
}

class TextBuffer implements ColumnBuffer {
  readonly #type: ValueType
  readonly #codes: Integers
  readonly #dictionary = new Dictionary()

  constructor(type: ValueType, rows: number, take: Take<Int32Array>) {
    this.#type = type
    this.#codes = new Integers(rows, take)
  }

  append(column: Column, rows: Int32Array): void {
    if (!isStringColumn(column)) throw new TypeError('a string column was expected')
    this.#codes.append(column.codes, rows, this.#dictionary.translation(column.dictionary))
  }

  reserve(rows: number): void {
    this.#codes.reserve(rows)
  }

  column(): StringColumn {
    return { type: this.#type, codes: this.#codes.values(), dictionary: this.#dictionary.texts }
  }
}
