import { PrescoreError, shown } from '../base/index.ts'
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
  if (columns === null || typeof columns !== 'object' || Array.isArray(columns)) {
    throw new PrescoreError('invalid_value', {
      where: 'entity',
      found: shown(columns),
      expected: "the columns of its key, each 'string' or 'int64', such as { customer: 'int64' }",
    })
  }
  return new Entity(columns)
}
