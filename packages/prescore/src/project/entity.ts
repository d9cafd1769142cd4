import type { KeyColumns } from './types.ts'

/** The kind of thing predicted about: the columns of its key, in the order in which keys sort. */
export class Entity<E extends KeyColumns> {
  readonly columns: E

  constructor(columns: E) {
    this.columns = Object.freeze({ ...columns })
    Object.freeze(this)
  }
}

/**
 * `entity({ origin: 'string', hour: 'int64' })`: key columns are strings or int64, never coerced ("1" is not 1). Keys sort by the
 * columns in this order.
 * @error invalid_value, invalid_name, invalid_key
 */
export function entity<const E extends KeyColumns>(columns: E): Entity<E> {
  return new Entity(columns)
}
