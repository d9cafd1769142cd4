/** Which of many keys that lie sorted a row has: the way back from rows in any order. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import type { KeyColumns } from '../project/index.ts'
import { NO_KEY } from './coders.ts'
import { KeyIndex } from './key-index.ts'

export interface KeyPlaces {
  /** The place of each row's key, {@link NO_KEY} where it is none of them. Valid until the next call. */
  of(columns: readonly Column[], rows: number): Int32Array
}

/** Keys that rows ask for, each numbered once. */
export interface AskedKeys {
  readonly size: number
  /** The number of each row's key, {@link NO_KEY} where it is missing; undefined: that of the row itself. */
  readonly keyOf: Int32Array | undefined
  /** The numbers of keys that are met. */
  readonly numbers: KeyPlaces
}

/** @param keys of the rows, columns in the entity's order */
export function askedKeys(entity: KeyColumns, keys: readonly Column[], rows: number): AskedKeys {
  const [first] = keys as [NumberColumn]
  const isSorted = isOneInteger(entity, first) && ascend(first.values, rows)
  if (isSorted) return { size: rows, keyOf: undefined, numbers: new SortedIntegers(first.values.subarray(0, rows)) }
  const index = new KeyIndex(entity)
  const keyOf = index.add(keys, rows)
  return { size: index.size, keyOf, numbers: { of: (columns, count) => index.find(columns, count) } }
}

function ascend(values: Float64Array, rows: number): boolean {
  for (let i = 1; i < rows; i++) if (!((values[i - 1] as number) < (values[i] as number))) return false
  return rows === 0 || !Number.isNaN(values[0])
}

/** @param keys distinct and in the order of their bytes; columns in the entity's order */
export function keyPlaces(entity: KeyColumns, keys: readonly Column[], rows: number): KeyPlaces {
  const [first] = keys as [NumberColumn]
  if (isOneInteger(entity, first)) return new SortedIntegers(first.values.subarray(0, rows))
  const index = new KeyIndex(entity)
  index.add(keys, rows)
  return { of: (columns, count) => index.find(columns, count) }
}

/** Whether keys are one whole number each that a double holds. */
function isOneInteger(entity: KeyColumns, { exact }: NumberColumn): boolean {
  const [kind, ...others] = Object.values(entity)
  return kind === 'int64' && others.length === 0 && exact === undefined
}

/** Keys for each bucket, if they were spread evenly. */
const KEYS_OF_BUCKET = 4
/** So many keys of a bucket are looked at one after the other. */
const KEYS_IN_TURN = 16

/** Whole numbers that ascend: a bucket tells where to look, and few numbers are in one, unless they crowd. */
class SortedIntegers implements KeyPlaces {
  readonly #keys: Float64Array
  /** By bucket, the place of its first key; one more at the end. */
  readonly #starts: Int32Array
  readonly #least: number
  readonly #greatest: number
  readonly #perKey: number
  #places = new Int32Array(0)
  #ends = new Int32Array(0)
  /** Nobody asks for it: it keeps what is touched from being left out. */
  touched = 0

  constructor(keys: Float64Array) {
    const buckets = Math.max(1, Math.ceil(keys.length / KEYS_OF_BUCKET))
    this.#keys = keys
    this.#least = keys[0] ?? 0
    this.#greatest = keys.at(-1) ?? -1
    this.#perKey = buckets / (this.#greatest - this.#least + 1)
    this.#starts = new Int32Array(buckets + 1)
    let bucket = 0
    for (let i = 0; i < keys.length; i++) {
      const own = this.#bucketOf(keys[i] as number)
      while (bucket < own) this.#starts[++bucket] = i
    }
    this.#starts.fill(keys.length, bucket + 1)
  }

  of([column]: readonly Column[], rows: number): Int32Array {
    const { values } = column as NumberColumn
    if (this.#places.length < rows) {
      this.#places = new Int32Array(rows)
      this.#ends = new Int32Array(rows)
    }
    const [places, ends, starts, keys] = [this.#places, this.#ends, this.#starts, this.#keys]
    // Where to look is far from what was looked at last: of all rows at first, so that the processor waits for many at once.
    for (let i = 0; i < rows; i++) {
      const key = values[i] as number
      const isWithin = key >= this.#least && key <= this.#greatest
      const bucket = isWithin ? this.#bucketOf(key) : 0
      places[i] = starts[bucket] as number
      ends[i] = isWithin ? (starts[bucket + 1] as number) : 0
    }
    let touched = 0
    for (let i = 0; i < rows; i++) touched += keys[places[i] as number] as number
    this.touched = touched
    // What is no safe integer is rounded to none of them: their exact values are beyond all keys.
    for (let i = 0; i < rows; i++) places[i] = placeAmong(keys, places[i] as number, ends[i] as number, values[i] as number)
    return places
  }

  #bucketOf(key: number): number {
    return Math.min(this.#starts.length - 2, Math.floor((key - this.#least) * this.#perKey))
  }
}

/** The place of a key among those from the first to before the last, {@link NO_KEY} where it is none of them. */
function placeAmong(keys: Float64Array, first: number, last: number, key: number): number {
  let from = first
  if (last - first <= KEYS_IN_TURN) while (from < last && (keys[from] as number) < key) from++
  else {
    let to = last
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((keys[middle] as number) < key) from = middle + 1
      else to = middle
    }
  }
  return from < last && keys[from] === key ? from : NO_KEY
}
