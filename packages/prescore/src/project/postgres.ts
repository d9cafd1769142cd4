/** `postgres`: a table or a statement of a database as the rows of a source. */
import type { DurationText } from '../base/index.ts'
import { refuseText } from './output.ts'
import type { PostgresRowsDefinition } from './postgres-rows.ts'
import { durationUs } from './window.ts'

/** For one portion of rows: the first may need a sort of everything. */
const TIMEOUT: DurationText = '5m'

interface PostgresOptions {
  /**
   * `env('DATABASE_URL')`: never the text itself.
   * @error invalid_value, source_unreadable
   */
  readonly url: { readonly env: string }
  /**
   * `name` or `schema.name`, as they stand in the database.
   * @default `query` is given
   * @error invalid_value, source_unreadable
   */
  readonly table?: string
  /**
   * One SELECT, in place of a table.
   * @default `table` is given
   * @error invalid_value, source_unreadable
   */
  readonly query?: string
  /**
   * How long the server may take for one portion of the rows.
   * @default '5m'
   * @error invalid_window, source_unavailable
   */
  readonly timeout?: DurationText
}

type OneOfThem = { readonly table: string; readonly query?: never } | { readonly query: string; readonly table?: never }

/** The rows of a table, or of a statement, in PostgreSQL: what `from` of a source takes. They are read once, by whoever pins the source. */
export function postgres(options: PostgresOptions & OneOfThem): PostgresRowsDefinition {
  const { url, table, query, timeout = TIMEOUT } = options
  refuseText(url, 'postgres, url')
  const rows = { ...(table === undefined ? {} : { table }), ...(query === undefined ? {} : { query }) }
  return Object.freeze({ type: 'postgres', url, ...rows, timeoutMs: durationUs(timeout, 'timeout') / 1000 })
}
