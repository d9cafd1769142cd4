/** A column whose values come in any order, each with its place. */
import { type Column, Dictionary, integerOf, type NumberColumn, type StringColumn, type ValueType } from '../../expressions/index.ts'

export interface PlacedColumn {
  /** @param places by row; below 0: the row is not wanted */
  put(column: Column, places: Int32Array, rows: number): void
  /** Places that were given no value mean nothing. */
  column(): Column
}

export function placedColumn(type: ValueType, size: number): PlacedColumn {
  return type.kind === 'string' ? new PlacedTexts(type, size) : new PlacedNumbers(type, size)
}

class PlacedNumbers implements PlacedColumn {
  readonly #type: ValueType
  readonly #values: Float64Array
  /** From the first rows on of which some are beyond ±2^53. */
  #exact: BigInt64Array | undefined

  constructor(type: ValueType, size: number) {
    this.#type = type
    this.#values = new Float64Array(size)
  }

  put(column: Column, places: Int32Array, rows: number): void {
    const { values, exact } = column as NumberColumn
    const to = this.#values
    if (exact !== undefined) this.#exact ??= BigInt64Array.from(to, integerOf)
    for (let i = 0; i < rows; i++) {
      const place = places[i] as number
      if (place >= 0) to[place] = values[i] as number
    }
    if (this.#exact !== undefined) this.#putExact(this.#exact, values, exact, places, rows)
  }

  column(): NumberColumn {
    const column = { type: this.#type, values: this.#values }
    return this.#exact === undefined ? column : { ...column, exact: this.#exact }
  }

  #putExact(to: BigInt64Array, values: Float64Array, exact: BigInt64Array | undefined, places: Int32Array, rows: number): void {
    for (let i = 0; i < rows; i++) {
      const place = places[i] as number
      if (place >= 0) to[place] = exact?.[i] ?? integerOf(values[i] as number)
    }
  }
}

class PlacedTexts implements PlacedColumn {
  readonly #type: ValueType
  readonly #codes: Int32Array
  readonly #dictionary = new Dictionary()

  constructor(type: ValueType, size: number) {
    this.#type = type
    this.#codes = new Int32Array(size)
  }

  put(column: Column, places: Int32Array, rows: number): void {
    const { codes, dictionary } = column as StringColumn
    const own = this.#dictionary.translation(dictionary)
    for (let i = 0; i < rows; i++) {
      const [place, code] = [places[i] as number, codes[i] as number]
      if (place >= 0) this.#codes[place] = code < 0 ? code : (own[code] as number)
    }
  }

  column(): StringColumn {
    return { type: this.#type, codes: this.#codes, dictionary: this.#dictionary.texts }
  }
}
