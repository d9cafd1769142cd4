/** Scored rows as the bytes that are digested and stored: the same as `values.ts` tells as texts, and no object for any of them. */
import { writeDigits } from '../base/index.ts'
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import { VALUE_BYTES_MAX, writeValueText } from '../models/index.ts'
import { KEY_BYTES_MAX, type KeyColumns, type KeyValue, keyValueJson, writeKey } from '../project/index.ts'
import type { ValueShape } from './values.ts'

const FIRST_ROWS = 4_096
/** So many rows tell what others will take, or a little more. */
const ROWS_TELLING = 1_024
const MARGIN = 1.05
/** Of the digits of a key's number, and of what stands between the parts of a line. */
const NUMBER_BYTES = 24
const BYTE = { open: 0x7b, close: 0x7d, comma: 0x2c, tab: 0x09, end: 0x0a, minus: 0x2d, refused: 0x21, list: 0x5b, listEnd: 0x5d } as const

export interface CanonicalBytesOptions {
  /** About how many rows there will be. */
  readonly rows?: number
  /** Whether the bytes of the keys are wanted, and where the parts of a line lie. */
  readonly withKeys?: boolean
}

export class CanonicalBytes {
  readonly #entity: KeyColumns
  readonly #shape: ValueShape
  readonly #withKeys: boolean
  readonly #expected: number
  /** `"name":` of each column of the key. */
  readonly #members: readonly Uint8Array[]
  /** What a row takes, without its texts. */
  readonly #rowBytes: number
  #lines: Uint8Array<ArrayBuffer>
  #size = 0
  #keys = new Uint8Array(0)
  #keySize = 0
  rows = 0
  /** By row, where its key ends among the bytes of all keys. */
  keyEnds = new Int32Array(0)
  /** By row, where its value lies in the lines; of a rejected row there is none, and it ends where it starts. */
  valueStarts = new Int32Array(0)
  valueEnds = new Int32Array(0)
  /** By row, where its inputs lie in the lines. */
  inputsStarts = new Int32Array(0)
  inputsEnds = new Int32Array(0)

  constructor(entity: KeyColumns, shape: ValueShape, { rows = FIRST_ROWS, withKeys = false }: CanonicalBytesOptions = {}) {
    this.#entity = entity
    this.#shape = shape
    this.#withKeys = withKeys
    this.#members = Object.keys(entity).map(name => Buffer.from(`${JSON.stringify(name)}:`))
    const memberBytes = this.#members.reduce((sum, { length }) => sum + length + NUMBER_BYTES, 0)
    this.#rowBytes = memberBytes + NUMBER_BYTES + shape.width * (VALUE_BYTES_MAX + 1)
    this.#expected = rows
    this.#lines = new Uint8Array(Math.min(rows, FIRST_ROWS) * this.#rowBytes)
    if (withKeys) this.#roomForRows(rows)
  }

  /** Valid until more is added. */
  get lines(): Uint8Array<ArrayBuffer> {
    return this.#lines.subarray(0, this.#size)
  }

  /** The keys' bytes one after the other, where they are wanted. Valid until more is added. */
  get keys(): Uint8Array<ArrayBuffer> {
    return this.#keys.subarray(0, this.#keySize)
  }

  /** What was added is forgotten, and its room used again. */
  clear(): void {
    this.rows = 0
    this.#size = 0
    this.#keySize = 0
  }

  /** Adds rows [from, to) of a chunk with `key_*`, `value` (or `value_0` …), `rejected`, and `inputs` where there are some. @throws PrescoreError `invalid_key` */
  add({ columns }: Chunk, from: number, to: number): void {
    const { width, outputType } = this.#shape
    const keys = Object.keys(this.#entity).map(name => (columns.get(`key_${name}`) ?? columns.get(`key.${name}`)) as Column)
    const values = valueNames(width).map(name => (columns.get(name) as NumberColumn).values)
    const rejected = columns.get('rejected') as StringColumn
    const inputs = columns.get('inputs') as StringColumn | undefined
    const key = keyReader(this.#entity, keys)
    this.#roomForRows(this.rows + to - from)
    for (let row = from; row < to; row++) {
      this.#reserve(this.#rowBytes)
      this.#key(keys, row)
      this.#lines[this.#size++] = BYTE.tab
      if (inputs !== undefined) this.#inputs(inputs.dictionary[inputs.codes[row] as number])
      const code = rejected.codes[row] as number
      const start = this.#size
      if (code < 0) this.#value(values, row, outputType)
      const end = this.#size
      if (code >= 0) {
        this.#lines[this.#size++] = BYTE.refused
        this.#text(rejected.dictionary[code] as string)
      }
      this.#lines[this.#size++] = BYTE.end
      if (this.#withKeys) {
        this.#keySize = writeKey(this.#entity, key(row), this.#roomForKey(), this.#keySize)
        this.keyEnds[this.rows] = this.#keySize
        this.valueStarts[this.rows] = start
        this.valueEnds[this.rows] = end
      }
      this.rows++
    }
  }

  #key(columns: readonly Column[], row: number): void {
    this.#lines[this.#size++] = BYTE.open
    for (let i = 0; i < columns.length; i++) {
      if (i > 0) this.#lines[this.#size++] = BYTE.comma
      const member = this.#members[i] as Uint8Array
      for (let at = 0; at < member.length; at++) this.#lines[this.#size++] = member[at] as number
      this.#keyValue(columns[i] as Column, row)
    }
    this.#lines[this.#size++] = BYTE.close
  }

  #keyValue(column: Column, row: number): void {
    const value = isStringColumn(column) ? Number.NaN : (column.values[row] as number)
    if (Number.isSafeInteger(value)) {
      if (value < 0) this.#lines[this.#size++] = BYTE.minus
      this.#size = writeDigits(Math.abs(value), this.#lines, this.#size)
    } else this.#text(keyValueJson(keyValueOf(column, row)))
  }

  #value(columns: readonly Float64Array[], row: number, type: ValueShape['outputType']): void {
    if (this.#shape.width !== 1) this.#lines[this.#size++] = BYTE.list
    for (let i = 0; i < columns.length; i++) {
      if (i > 0) this.#lines[this.#size++] = BYTE.comma
      this.#size = writeValueText((columns[i] as Float64Array)[row] as number, type, this.#lines, this.#size)
    }
    if (this.#shape.width !== 1) this.#lines[this.#size++] = BYTE.listEnd
  }

  #inputs(text: string | undefined): void {
    if (this.#withKeys) this.inputsStarts[this.rows] = this.#size
    if (text !== undefined) this.#text(text)
    if (this.#withKeys) this.inputsEnds[this.rows] = this.#size
    if (text !== undefined) this.#lines[this.#size++] = BYTE.tab
  }

  /** Of texts, in UTF-8, and then still what a row takes. */
  #text(text: string): void {
    this.#reserve(3 * text.length + this.#rowBytes)
    const [to, at] = [this.#lines, this.#size]
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (code > 0x7f) {
        this.#size = at + Buffer.from(to.buffer).write(text, at)
        return
      }
      to[at + i] = code
    }
    this.#size = at + text.length
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes > this.#lines.length) this.#lines = grown(this.#lines, new Uint8Array(this.#more(this.#size, bytes)))
  }

  #roomForKey(): Uint8Array {
    if (this.#keySize + KEY_BYTES_MAX > this.#keys.length)
      this.#keys = grown(this.#keys, new Uint8Array(this.#more(this.#keySize, KEY_BYTES_MAX)))
    return this.#keys
  }

  /** Room for all rows, where the others take about what those so far took; for half as much again, where these are few, or all. */
  #more(size: number, bytes: number): number {
    const isTold = this.rows >= ROWS_TELLING && this.rows < this.#expected
    return bytes + (isTold ? Math.ceil((size / this.rows) * this.#expected * MARGIN) : size + (size >> 1))
  }

  #roomForRows(rows: number): void {
    if (!this.#withKeys || rows <= this.keyEnds.length) return
    for (const name of ['keyEnds', 'valueStarts', 'valueEnds', 'inputsStarts', 'inputsEnds'] as const)
      this[name] = grown(this[name], new Int32Array(Math.max(rows, 2 * this[name].length)))
  }
}

function grown<T extends Int32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(from: T, to: T): T {
  to.set(from.subarray(0, to.length))
  return to
}

/** The key at hand: one for all rows, so that none needs an object of its own. */
function keyReader(entity: KeyColumns, columns: readonly Column[]): (row: number) => Readonly<Record<string, KeyValue>> {
  const key: Record<string, KeyValue> = Object.fromEntries(Object.keys(entity).map(name => [name, 0]))
  const names = Object.keys(entity)
  return row => {
    for (let i = 0; i < names.length; i++) key[names[i] as string] = keyValueOf(columns[i] as Column, row)
    return key
  }
}

function keyValueOf(column: Column, row: number): KeyValue {
  if (isStringColumn(column)) return column.dictionary[column.codes[row] as number] as string
  const { values, exact } = column
  return exact === undefined || Number.isSafeInteger(values[row]) ? (values[row] as number) : (exact[row] as bigint)
}
