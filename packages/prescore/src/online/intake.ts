/** Events on their way into a group's state: rows of its source that can count, gathered by key. */
import { PrescoreError } from '../base/index.ts'
import { type Column, Dictionary, isStringColumn, type NumberColumn } from '../expressions/index.ts'
import { type GroupPlan, groupRows, laneValues, sortRows } from '../features/index.ts'
import { KeyIndex } from '../history/index.ts'
import type { FeatureGroupDefinition, Key } from '../project/index.ts'
import type { ScannedChunk } from '../sources/index.ts'
import { Doubles, Integers } from './arrays.ts'
import type { EventBatch } from './event-block.ts'
import { keyOrder } from './key-order.ts'
import type { Layout, ValueField } from './layout.ts'

const WORD = 2 ** 32

/** Of which group the events are. */
export interface IntakeGroup {
  readonly definition: FeatureGroupDefinition
  readonly plan: GroupPlan
  readonly layout: Layout
  /** The source's id column, where it decides which event is the first or the last. */
  readonly id: string | undefined
  /** Names the source in messages. */
  readonly where: string
}

/** The events of one key, which follow each other. */
export interface OrderedKey {
  /** The key's bytes, as latin1. */
  readonly name: string
  readonly from: number
  readonly end: number
}

/** What a chunk's rows come to: nothing of it can fail any more. */
export interface Prepared {
  readonly chunk: ScannedChunk
  readonly fields: readonly Float64Array[]
  /** The number of each row's key. */
  readonly keys: Int32Array
}

export class Intake {
  readonly #group: IntakeGroup
  readonly #index: KeyIndex
  readonly #keyOf: Integers
  readonly #timesUs: Doubles
  readonly #knownAtUs: Doubles
  readonly #fields: readonly Doubles[]
  readonly #dictionary = new Dictionary()
  #batch: EventBatch | undefined

  /** @param rows about how many are to come. */
  constructor(group: IntakeGroup, rows?: number) {
    this.#group = group
    this.#keyOf = new Integers(rows)
    this.#timesUs = new Doubles(rows)
    this.#knownAtUs = new Doubles(rows)
    this.#index = new KeyIndex(group.definition.entity)
    this.#fields = group.layout.isText.map(() => new Doubles(rows))
  }

  get size(): number {
    return this.#timesUs.length
  }

  /** @throws PrescoreError `lossy_cast`, `function_failed` */
  prepare(chunk: ScannedChunk): Prepared {
    const fields = this.#fieldsOf(chunk)
    return { chunk, fields, keys: this.#index.add(this.#keyColumns(chunk), chunk.rows) }
  }

  /** Takes the rows that `wants` and that can ever count: known some day, and with some value. */
  add({ chunk, fields, keys }: Prepared, wants: (row: number) => boolean): void {
    const { tieFields } = this.#group.layout
    for (let row = 0; row < chunk.rows; row++) {
      if (chunk.knownAtUs[row] === Number.POSITIVE_INFINITY || !wants(row)) continue
      if (!hasValue(fields, tieFields, row)) continue
      this.#keyOf.push(keys[row]!)
      this.#timesUs.push(chunk.timeUs[row]!)
      this.#knownAtUs.push(chunk.knownAtUs[row]!)
      for (let i = 0; i < fields.length; i++) this.#fields[i]!.push(fields[i]![row]!)
    }
  }

  /** How many keys have been met. */
  get keys(): number {
    return this.#index.size
  }

  /** The number of a row's key; {@link NO_KEY}: it has none. */
  keyOf(row: number): number {
    return this.#keyOf.at(row)
  }

  /** The number of a key, {@link NO_KEY} where it has not been met. @param key a valid one */
  numberOf(key: Key): number {
    return this.#index.numberOf(key)
  }

  /** The rows that were taken so far. It is the same object while there is room for more. */
  get batch(): EventBatch {
    if (this.#batch?.timesUs !== this.#timesUs.backing) {
      const fields = this.#fields.map(({ backing }) => backing)
      this.#batch = { timesUs: this.#timesUs.backing, knownAtUs: this.#knownAtUs.backing, fields, texts: this.#dictionary.texts }
    }
    return this.#batch
  }

  /** The bytes of the key of each row that has one. */
  keysOf(chunk: ScannedChunk): Buffer[] {
    const numbers = this.#index.add(this.#keyColumns(chunk), chunk.rows)
    return [...new Set(numbers)].flatMap(number => (number < 0 ? [] : (this.bytesOf(number) ?? [])))
  }

  /** What was taken, in the order of the keys' bytes and, within a key, of time. */
  ordered(): { readonly batch: EventBatch; readonly keys: Iterable<OrderedKey> } {
    const { names, rankOf } = this.#ranked()
    const segments = groupRows(
      this.#keyOf.values().map(key => (key < 0 ? key : rankOf[key]!)),
      names.length,
    )
    const timesUs = sortRows(segments, this.#timesUs.values())
    const { starts, rows } = segments
    const inOrder = (values: Float64Array) => {
      const ordered = new Float64Array(rows.length)
      for (let i = 0; i < rows.length; i++) ordered[i] = values[rows[i]!]!
      return ordered
    }
    const batch = {
      timesUs,
      knownAtUs: inOrder(this.#knownAtUs.values()),
      fields: this.#fields.map(field => inOrder(field.values())),
      texts: this.#dictionary.texts,
    }
    return { batch, keys: orderedKeys(names, starts) }
  }

  /** The names of all keys in order, and the place of each key among them; -1: it has none. */
  #ranked(): { readonly names: readonly string[]; readonly rankOf: Int32Array } {
    const names: string[] = []
    const numbers: number[] = []
    for (let number = 0; number < this.#index.size; number++) {
      const bytes = this.bytesOf(number)
      if (bytes === undefined) continue
      names.push(bytes.toString('latin1'))
      numbers.push(number)
    }
    const rankOf = new Int32Array(this.#index.size).fill(-1)
    const order = keyOrder(names)
    order.forEach((at, rank) => {
      rankOf[numbers[at]!] = rank
    })
    return { names: Array.from(order, at => names[at]!), rankOf }
  }

  /** Undefined where the values make no valid key: one that is too long, or a text with a lone surrogate. */
  bytesOf(key: number): Buffer | undefined {
    try {
      return this.#index.bytes(key)
    } catch (error) {
      if (error instanceof PrescoreError && error.code === 'invalid_key') return undefined
      throw error
    }
  }

  #keyColumns({ columns }: ScannedChunk): Column[] {
    const { entity, by } = this.#group.definition
    return Object.keys(entity).map(name => columns.get(`row.${by[name] ?? name}`) as Column)
  }

  #fieldsOf(chunk: ScannedChunk): Float64Array[] {
    const { plan, layout, id } = this.#group
    const evaluated = plan.expressions.map(expression => expression(chunk))
    const all = Int32Array.from({ length: chunk.rows }, (_, row) => row)
    const ties = layout.tie === 'none' ? [] : tieFields(chunk.columns.get(`row.${id}`) as Column, chunk.rows, this.#dictionary)
    return [...ties, ...layout.values.map(field => this.#valuesOf(field, evaluated, all))]
  }

  #valuesOf(field: ValueField, evaluated: readonly Column[], rows: Int32Array): Float64Array {
    const value = field.value === undefined ? undefined : evaluated[field.value]!
    const filter = field.filter === undefined ? undefined : evaluated[field.filter]
    const values = laneValues(value, filter, { rows }, field.presenceOnly, this.#group.where)
    if (field.presenceOnly) return values.map(each => (each === each ? 1 : each))
    if (value === undefined || !isStringColumn(value)) return values
    return values.map(code => (code === code ? this.#dictionary.code(value.dictionary[code]!) : code))
  }
}

function* orderedKeys(names: readonly string[], starts: Int32Array): Generator<OrderedKey> {
  for (let key = 0; key < names.length; key++) {
    const [from, end] = [starts[key]!, starts[key + 1]!]
    if (from < end) yield { name: names[key]!, from, end }
  }
}

function hasValue(fields: readonly Float64Array[], from: number, row: number): boolean {
  for (let i = from; i < fields.length; i++) if (!Number.isNaN(fields[i]![row])) return true
  return false
}

/** Ids so that they compare: texts as such, int64 by their high word, then by their low one. */
function tieFields(ids: Column, rows: number, dictionary: Dictionary): Float64Array[] {
  if (isStringColumn(ids)) {
    return [Float64Array.from({ length: rows }, (_, row) => dictionary.code(ids.dictionary[ids.codes[row]!]!))]
  }
  const words = [new Float64Array(rows), new Float64Array(rows)] as const
  for (let row = 0; row < rows; row++) setWords(ids, row, ...words)
  return [...words]
}

function setWords({ values, exact }: NumberColumn, row: number, high: Float64Array, low: Float64Array): void {
  if (exact === undefined) {
    const value = values[row]!
    high[row] = Math.floor(value / WORD)
    low[row] = value - high[row]! * WORD
  } else {
    const value = exact[row]!
    high[row] = Number(value >> 32n)
    low[row] = Number(BigInt.asUintN(32, value))
  }
}
