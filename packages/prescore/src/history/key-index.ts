/** Numbers keys as they are met: composite keys of columns become small integers that index typed arrays. */
import type { Column } from '../expressions/index.ts'
import { encodeKey, type Key, type KeyColumns, type KeyValue } from '../project/index.ts'
import { type ColumnCoder, columnCoder, NO_KEY } from './coders.ts'
import { PairNumbers } from './pair-numbers.ts'

export class KeyIndex {
  readonly columns: KeyColumns
  readonly #names: readonly string[]
  readonly #coders: readonly ColumnCoder[]
  /** For the second and each further column: the number of (number so far, code). */
  readonly #pairs: readonly PairNumbers[]

  constructor(columns: KeyColumns) {
    this.columns = columns
    this.#names = Object.keys(columns)
    const kinds = Object.values(columns)
    this.#coders = kinds.map(columnCoder)
    this.#pairs = kinds.slice(1).map(() => new PairNumbers())
  }

  get size(): number {
    return this.#pairs.at(-1)?.size ?? (this.#coders[0] as ColumnCoder).size
  }

  /** The key number of each row; keys that are new get the next numbers. @param columns in the entity's order. */
  add(columns: readonly Column[], rows: number): Int32Array {
    return this.#number(columns, rows, true)
  }

  /** The key number of each row, {@link NO_KEY} where the key is not in the index. */
  find(columns: readonly Column[], rows: number): Int32Array {
    return this.#number(columns, rows, false)
  }

  /** The number of one key, {@link NO_KEY} where it is not in the index. @param key valid for its columns */
  numberOf(key: Key): number {
    let number = NO_KEY
    for (let i = 0; i < this.#coders.length; i++) {
      const code = (this.#coders[i] as ColumnCoder).codeOf(key[this.#names[i] as string] as KeyValue)
      number = i === 0 || code === NO_KEY ? code : (this.#pairs[i - 1] as PairNumbers).find(number, code)
      if (number === NO_KEY) return NO_KEY
    }
    return number
  }

  #number(columns: readonly Column[], rows: number, add: boolean): Int32Array {
    let numbers = (this.#coders[0] as ColumnCoder).codes(columns[0] as Column, rows, add)
    this.#pairs.forEach((pairs, i) => {
      const codes = (this.#coders[i + 1] as ColumnCoder).codes(columns[i + 1] as Column, rows, add)
      numbers = combined(pairs, numbers, codes, add)
    })
    return numbers
  }

  /** The values of a key. */
  values(number: number): Record<string, KeyValue> {
    const values: Record<string, KeyValue> = {}
    const names = this.#names
    // In the columns' order, which is that of the members.
    for (const name of names) values[name] = 0
    let rest = number
    for (let i = this.#pairs.length - 1; i >= 0; i--) {
      const [prefix, code] = (this.#pairs[i] as PairNumbers).pair(rest)
      values[names[i + 1] as string] = (this.#coders[i + 1] as ColumnCoder).value(code)
      rest = prefix
    }
    values[names[0] as string] = (this.#coders[0] as ColumnCoder).value(rest)
    return values
  }

  /** The columns of these keys, in the entity's order. */
  columnsOf(numbers: Int32Array): readonly Column[] {
    const columns: Column[] = []
    let rest = numbers
    for (let i = this.#pairs.length - 1; i >= 0; i--) {
      const pairs = this.#pairs[i] as PairNumbers
      const [prefixes, codes] = [new Int32Array(rest.length), new Int32Array(rest.length)]
      for (let at = 0; at < rest.length; at++) [prefixes[at], codes[at]] = pairs.pair(rest[at] as number) as [number, number]
      columns.unshift((this.#coders[i + 1] as ColumnCoder).column(codes))
      rest = prefixes
    }
    return [(this.#coders[0] as ColumnCoder).column(rest), ...columns]
  }

  /** The encoded key. @throws PrescoreError `invalid_key` */
  bytes(number: number): Buffer {
    return encodeKey(this.columns, this.values(number))
  }
}

/** The number of each row's pair of (number so far, code of the next column). */
function combined(pairs: PairNumbers, numbers: Int32Array, codes: Int32Array, add: boolean): Int32Array {
  const out = new Int32Array(numbers.length)
  for (let i = 0; i < out.length; i++) {
    const [number, code] = [numbers[i] as number, codes[i] as number]
    if (number === NO_KEY || code === NO_KEY) out[i] = NO_KEY
    else out[i] = add ? pairs.add(number, code) : pairs.find(number, code)
  }
  return out
}
