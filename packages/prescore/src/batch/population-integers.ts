/** Populations whose keys are one whole number each, as most are: they are sorted, and not numbered. */
import type { NumberColumn } from '../expressions/index.ts'
import type { KeyColumns, PredictionDefinition } from '../project/index.ts'
import { repeatedKey, withoutKey } from './refused-keys.ts'

const FIRST_KEYS = 4096

export class IntegerPopulation {
  readonly #entity: KeyColumns
  /** Each row of a table must have a key of its own: where they are told. */
  readonly #table: string | undefined
  #keys: Float64Array<ArrayBuffer>
  #size = 0

  /** Whether the keys of a prediction are such, and nothing is told with them. */
  static fits({ entity = {}, inputs }: Pick<PredictionDefinition, 'entity' | 'inputs'>): boolean {
    const kinds = Object.values(entity)
    return kinds.length === 1 && kinds[0] === 'int64' && Object.keys(inputs).length === 0
  }

  /** @param expected rows: more may come */
  constructor(entity: KeyColumns, table: string | undefined, expected = FIRST_KEYS) {
    this.#entity = entity
    this.#table = table
    this.#keys = new Float64Array(expected)
  }

  /** @returns false, and nothing is added: there are keys that no double holds. @throws PrescoreError `invalid_key` */
  add(column: NumberColumn, rows: number): boolean {
    if (column.exact !== undefined) return false
    this.#reserve(this.#size + rows)
    const { values } = column
    for (let i = 0; i < rows; i++) {
      const key = values[i] as number
      if (key === key) this.#keys[this.#size++] = key
      else if (this.#table !== undefined) throw withoutKey(this.#table)
    }
    return true
  }

  /** Each key once, in the order of their bytes. @throws PrescoreError `duplicate_keys` */
  sorted(): NumberColumn {
    const keys = this.#keys.subarray(0, this.#size).sort()
    let size = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number
      if (size === 0 || keys[size - 1] !== key) keys[size++] = key
      else if (this.#table !== undefined) throw repeatedKey(this.#table, this.#entity, { [Object.keys(this.#entity)[0] as string]: key })
    }
    return { type: { kind: 'int64' }, values: keys.subarray(0, size) }
  }

  #reserve(rows: number): void {
    if (rows <= this.#keys.length) return
    const grown = new Float64Array(Math.max(rows, 2 * this.#keys.length))
    grown.set(this.#keys.subarray(0, this.#size))
    this.#keys = grown
  }
}
