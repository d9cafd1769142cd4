/**
 * One request as a chunk of one row, so that expressions give the bits that they give in a batch. Its columns are used again for
 * each request: nothing is made but for an int64 beyond ±2^53.
 */
import type { Chunk, Column, NumberColumn, Scope, ValueType } from '../expressions/index.ts'
import type { InputValue } from '../project/index.ts'

/** Undefined and null are missing. */
type RowValue = InputValue | undefined

export interface Slot {
  readonly type: ValueType
  /** Where its number stands in {@link RequestRow.numbers}; −1: it is a text. */
  readonly at: number
  set(value: RowValue): void
}

export class RequestRow {
  readonly chunk: Chunk
  /** Those of all slots, NaN where one is missing. */
  readonly numbers: Float64Array
  readonly #columns = new Map<string, Column>()
  readonly #slots = new Map<string, Slot>()

  /** @param refs names of the scope that any expression reads. */
  constructor(scope: Scope, refs: Iterable<string>) {
    const types = [...refs].map(ref => [ref, scope.get(ref) as ValueType] as const)
    this.numbers = new Float64Array(types.length)
    types.forEach(([ref, type], at) => {
      this.#slots.set(ref, type.kind === 'string' ? this.#textSlot(ref, type) : new NumberSlot(ref, type, at, this.numbers, this.#columns))
    })
    this.chunk = { rows: 1, columns: this.#columns }
  }

  /** Where the value of a reference is put; undefined: nothing reads it. */
  slot(ref: string): Slot | undefined {
    return this.#slots.get(ref)
  }

  #textSlot(ref: string, type: ValueType): Slot {
    const codes = new Int32Array(1)
    const dictionary = ['']
    this.#columns.set(ref, { type, codes, dictionary })
    return {
      type,
      at: -1,
      set: value => {
        codes[0] = typeof value === 'string' ? 0 : -1
        dictionary[0] = typeof value === 'string' ? value : ''
      },
    }
  }
}

class NumberSlot implements Slot {
  readonly type: ValueType
  readonly at: number
  readonly #ref: string
  readonly #numbers: Float64Array
  readonly #columns: Map<string, Column>
  readonly #column: NumberColumn
  #isExact = false

  constructor(ref: string, type: ValueType, at: number, numbers: Float64Array, columns: Map<string, Column>) {
    this.type = type
    this.at = at
    this.#ref = ref
    this.#numbers = numbers
    this.#columns = columns
    this.#column = { type, values: numbers.subarray(at, at + 1) }
    columns.set(ref, this.#column)
  }

  set(value: RowValue): void {
    this.#numbers[this.at] = value === null || value === undefined ? Number.NaN : Number(value)
    if (!this.#isExact && typeof value !== 'bigint') return
    this.#isExact = typeof value === 'bigint'
    const exact = typeof value === 'bigint' ? { ...this.#column, exact: BigInt64Array.of(value) } : this.#column
    this.#columns.set(this.#ref, exact)
  }
}
