/**
 * One request as a chunk of one row, so that expressions give the bits that they give in a batch. Its columns are used again for
 * each request: nothing is made but for an int64 beyond ±2^53.
 */
import type { Chunk, Column, Scope, ValueType } from '../expressions/index.ts'
import type { InputValue } from '../project/index.ts'

/** Undefined and null are missing. */
type RowValue = InputValue | undefined

export interface Slot {
  readonly type: ValueType
  /** The number, NaN where it is missing; of texts nothing. */
  readonly values: Float64Array
  set(value: RowValue): void
}

export class RequestRow {
  readonly chunk: Chunk
  readonly #columns = new Map<string, Column>()
  readonly #slots = new Map<string, Slot>()

  /** @param refs names of the scope that any expression reads. */
  constructor(scope: Scope, refs: Iterable<string>) {
    for (const ref of refs) {
      const type = scope.get(ref) as ValueType
      this.#slots.set(ref, type.kind === 'string' ? this.#textSlot(ref, type) : this.#numberSlot(ref, type))
    }
    this.chunk = { rows: 1, columns: this.#columns }
  }

  /** Where the value of a reference is put; undefined: nothing reads it. */
  slot(ref: string): Slot | undefined {
    return this.#slots.get(ref)
  }

  #numberSlot(ref: string, type: ValueType): Slot {
    const values = new Float64Array(1)
    const column = { type, values }
    this.#columns.set(ref, column)
    let isExact = false
    return {
      type,
      values,
      set: value => {
        values[0] = value === null || value === undefined ? Number.NaN : Number(value)
        if (!isExact && typeof value !== 'bigint') return
        isExact = typeof value === 'bigint'
        this.#columns.set(ref, isExact ? { ...column, exact: BigInt64Array.of(value as bigint) } : column)
      },
    }
  }

  #textSlot(ref: string, type: ValueType): Slot {
    const codes = new Int32Array(1)
    const dictionary = ['']
    this.#columns.set(ref, { type, codes, dictionary })
    return {
      type,
      values: new Float64Array(0),
      set: value => {
        codes[0] = typeof value === 'string' ? 0 : -1
        dictionary[0] = typeof value === 'string' ? value : ''
      },
    }
  }
}
