/** `postgres`: a table or a statement of a database as the rows of a source. */
import { checkSettings, type DurationText, type Settings } from '../base/index.ts'
import { refuseText } from './output.ts'
import type { PerRequestDefinition, PostgresRowsDefinition } from './postgres-rows.ts'
import { durationUs } from './window.ts'

/** For one portion of rows: the first may need a sort of everything. */
const TIMEOUT: DurationText = '5m'

export interface PerRequestOptions {
  /**
   * How many connections are open at most.
   * @default 4
   * @error invalid_value
   */
  readonly connections?: number
  /**
   * How long a request waits for its rows, with the wait for a connection; the deadline counts as well.
   * @default '100ms'
   * @error invalid_window, source_unavailable
   */
  readonly timeout?: DurationText
  /**
   * For how long the rows of a key are given again without asking: so old they may be.
   * @default none: each request asks
   * @error invalid_window
   */
  readonly cache?: DurationText
  /**
   * Of so many keys rows are remembered; those that were read first go first.
   * @default 10000
   * @error invalid_value
   */
  readonly cacheKeys?: number
}

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
  /**
   * Of a table: live features read the rows of a key with each request, in the place of a snapshot of the start.
   * @default a snapshot
   * @error not_supported, index_missing, source_unavailable, overloaded
   */
  readonly perRequest?: PerRequestOptions
}

const PER_REQUEST: Settings<PerRequestOptions> = { connections: 'optional', timeout: 'optional', cache: 'optional', cacheKeys: 'optional' }
const POSTGRES: Settings<PostgresOptions> = {
  url: 'required',
  table: 'optional',
  query: 'optional',
  timeout: 'optional',
  perRequest: 'optional',
}

type OneOfThem = { readonly table: string; readonly query?: never } | { readonly query: string; readonly table?: never }

/**
 * The rows of a table, or of a statement, in PostgreSQL: what `from` of a source takes. They are read once, by whoever pins the source;
 * live features read them by key instead where `perRequest` says so.
 */
export function postgres(options: PostgresOptions & OneOfThem): PostgresRowsDefinition {
  checkSettings(options, POSTGRES, 'postgres')
  const { url, table, query, timeout = TIMEOUT, perRequest } = options
  refuseText(url, 'postgres, url')
  const rows = { ...(table === undefined ? {} : { table }), ...(query === undefined ? {} : { query }) }
  const byKey = perRequest === undefined ? {} : { perRequest: perRequestOf(perRequest) }
  return Object.freeze({ type: 'postgres', url, ...rows, timeoutMs: durationUs(timeout, 'timeout') / 1000, ...byKey })
}

function perRequestOf(options: PerRequestOptions): PerRequestDefinition {
  checkSettings(options, PER_REQUEST, 'postgres, perRequest')
  const { connections = 4, timeout = '100ms', cache, cacheKeys = 10_000 } = options
  const timeoutMs = durationUs(timeout, 'perRequest.timeout') / 1000
  return Object.freeze({
    connections,
    timeoutMs,
    cacheMs: cache === undefined ? 0 : durationUs(cache, 'perRequest.cache') / 1000,
    cacheKeys,
  })
}
