/** Numbers the values of one key column, in the order in which they are met. */
import type { Column, NumberColumn, StringColumn } from '../expressions/index.ts'
import type { KeyKind, KeyValue } from '../project/index.ts'
import { PairNumbers } from './pair-numbers.ts'
import { TextNumbers } from './text-numbers.ts'

/** The number of a value that is missing or not known: that of `PairNumbers` and `TextNumbers` too. */
export const NO_KEY = -1

export interface ColumnCoder {
  readonly size: number
  /** @param add gives new values the next numbers; otherwise they get {@link NO_KEY}. */
  codes(column: Column, rows: number, add: boolean): Int32Array
  /** The number of one value, {@link NO_KEY} where it has none. */
  codeOf(value: KeyValue): number
  value(code: number): KeyValue
  /** The values of these codes. */
  column(codes: Int32Array): Column
}

export function columnCoder(kind: KeyKind): ColumnCoder {
  return kind === 'string' ? new TextCoder() : new IntegerCoder()
}

class TextCoder implements ColumnCoder {
  readonly #numbers = new TextNumbers()
  readonly #translations = new WeakMap<readonly string[], Translation>()

  get size(): number {
    return this.#numbers.texts.length
  }

  codes(column: Column, rows: number, add: boolean): Int32Array {
    const { codes, dictionary } = column as StringColumn
    const { own } = this.#translation(dictionary, add)
    const out = new Int32Array(rows)
    for (let i = 0; i < rows; i++) {
      const code = codes[i] as number
      out[i] = code < 0 ? NO_KEY : (own[code] as number)
    }
    if (add) this.#addNew(dictionary, codes, own, out)
    return out
  }

  codeOf(value: KeyValue): number {
    return this.#numbers.find(value as string)
  }

  value(code: number): string {
    return this.#numbers.texts[code] as string
  }

  column(codes: Int32Array): StringColumn {
    return { type: { kind: 'string' }, codes, dictionary: this.#numbers.texts }
  }

  #addNew(dictionary: readonly string[], codes: Int32Array, own: Int32Array, out: Int32Array): void {
    for (let i = 0; i < out.length; i++) {
      if (out[i] !== NO_KEY) continue
      const code = codes[i] as number
      if (code < 0) continue
      if (own[code] === NO_KEY) own[code] = this.#numbers.add(dictionary[code] as string)
      out[i] = own[code] as number
    }
  }

  /** Brought up to date: dictionaries grow, and so does what is known. Adding looks for each text itself, when it meets the first. */
  #translation(dictionary: readonly string[], add: boolean): Translation {
    const made: Translation = this.#translations.get(dictionary) ?? { own: new Int32Array(0), texts: 0, known: 0 }
    this.#translations.set(dictionary, made)
    const { texts } = made
    if (texts < dictionary.length) grow(made, dictionary.length)
    if (add) {
      if (texts < dictionary.length) made.known = NOT_LOOKED
      return made
    }
    const { own } = made
    for (let code = made.known === this.size ? texts : 0; code < dictionary.length; code++) {
      if (own[code] === NO_KEY) own[code] = this.#numbers.find(dictionary[code] as string)
    }
    made.known = this.size
    return made
  }
}

/** Some texts were not looked for. */
const NOT_LOOKED = -1

/** For a foreign dictionary our code of each of its texts; what is missing there was looked for when so many texts were known. */
interface Translation {
  /** May be longer than the dictionary. */
  own: Int32Array
  texts: number
  known: number
}

function grow(translation: Translation, texts: number): void {
  if (texts > translation.own.length) {
    const grown = new Int32Array(Math.max(texts, 2 * translation.own.length)).fill(NO_KEY)
    grown.set(translation.own)
    translation.own = grown
  }
  translation.texts = texts
}

/** By their upper and lower 32 bits. */
class IntegerCoder implements ColumnCoder {
  readonly #numbers = new PairNumbers()

  get size(): number {
    return this.#numbers.size
  }

  codes(column: Column, rows: number, add: boolean): Int32Array {
    const { values, exact } = column as NumberColumn
    const out = new Int32Array(rows)
    for (let i = 0; i < rows; i++) {
      const value = values[i] as number
      if (Number.isNaN(value)) out[i] = NO_KEY
      else if (exact === undefined || Number.isSafeInteger(value)) out[i] = this.#number(value, add)
      else out[i] = this.#number(exact[i] as bigint, add)
    }
    return out
  }

  codeOf(value: KeyValue): number {
    return this.#number(value as number | bigint, false)
  }

  value(code: number): number | bigint {
    const [upper, lower] = this.#numbers.pair(code)
    const value = upper * 4294967296 + (lower >>> 0)
    return Number.isSafeInteger(value) ? value : (BigInt(upper) << 32n) + BigInt(lower >>> 0)
  }

  column(codes: Int32Array): NumberColumn {
    const values = new Float64Array(codes.length)
    let isExact = true
    for (let i = 0; i < values.length; i++) {
      const value = this.#numbers.first(codes[i] as number) * 4294967296 + (this.#numbers.second(codes[i] as number) >>> 0)
      values[i] = value
      if (!Number.isSafeInteger(value)) isExact = false
    }
    const column = { type: { kind: 'int64' }, values } as const
    return isExact ? column : { ...column, exact: BigInt64Array.from(codes, code => BigInt(this.value(code))) }
  }

  /** @param value a safe integer, or a bigint */
  #number(value: number | bigint, add: boolean): number {
    const isNumber = typeof value === 'number'
    const upper = isNumber ? Math.floor(value / 4294967296) : Number(value >> 32n)
    const lower = isNumber ? value | 0 : Number(BigInt.asIntN(32, value))
    return add ? this.#numbers.add(upper, lower) : this.#numbers.find(upper, lower)
  }
}
