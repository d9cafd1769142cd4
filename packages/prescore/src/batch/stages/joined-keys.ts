/** The distinct keys of one join, gathered from the rows of a population. */
import { type Column, takeRows } from '../../expressions/index.ts'
import { columnBuffer, KeyIndex, keyColumns } from '../../history/index.ts'
import type { JoinDefinition, KeyColumns } from '../../project/index.ts'

export interface JoinedKeys {
  /** Adds some rows. @param columns of the joined key, in its entity's order */
  add(columns: readonly Column[], rows: Int32Array): void
  readonly size: number
  /** In the entity's order. */
  columns(): readonly Column[]
}

/** @param population the columns of its key, of which each row has another one */
export function joinedKeysOf(join: JoinDefinition, population: KeyColumns): JoinedKeys {
  return isOwnKey(join, population) ? new OwnKeys(join.entity) : new NumberedKeys(join.entity)
}

/** Whether the joined key is the row's own. */
export function isOwnKey({ key }: JoinDefinition, population: KeyColumns): boolean {
  const refs = new Set(Object.values(key).map(node => ('ref' in node ? node.ref : undefined)))
  const names = Object.keys(population)
  return Object.keys(key).length === names.length && names.every(name => refs.has(`key.${name}`))
}

/** No key comes twice: there is nothing to be numbered. */
class OwnKeys implements JoinedKeys {
  readonly #buffers
  size = 0

  constructor(entity: KeyColumns) {
    this.#buffers = Object.values(entity).map(kind => columnBuffer({ kind }))
  }

  add(columns: readonly Column[], rows: Int32Array): void {
    this.#buffers.forEach((buffer, i) => buffer.append(columns[i] as Column, rows))
    this.size += rows.length
  }

  columns(): readonly Column[] {
    return this.#buffers.map(buffer => buffer.column())
  }
}

class NumberedKeys implements JoinedKeys {
  readonly #index: KeyIndex

  constructor(entity: KeyColumns) {
    this.#index = new KeyIndex(entity)
  }

  get size(): number {
    return this.#index.size
  }

  add(columns: readonly Column[], rows: Int32Array): void {
    const some = columns.map(column => takeRows(column, rows))
    this.#index.add(some, rows.length)
  }

  columns(): readonly Column[] {
    const all = Int32Array.from({ length: this.size }, (_, number) => number)
    return keyColumns(this.#index, this.#index.columns, all).map(([, column]) => column)
  }
}
