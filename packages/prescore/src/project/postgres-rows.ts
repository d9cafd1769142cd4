/** Rows of a PostgreSQL database: of a table, or of a statement. */
export interface PostgresRowsDefinition {
  readonly type: 'postgres'
  /** The variable of the environment that holds the connection's URL. */
  readonly url: { readonly env: string }
  /** `name` or `schema.name`. */
  readonly table?: string
  readonly query?: string
  /** For one portion of rows. */
  readonly timeoutMs: number
  /** Live features read the rows of a key with each request; absent: they come from a snapshot. */
  readonly perRequest?: PerRequestDefinition
}

/** How rows of a table are read by key, for one request. */
export interface PerRequestDefinition {
  /** At most so many are open at once. */
  readonly connections: number
  /** For the rows of one request, with the wait for a connection. */
  readonly timeoutMs: number
  /** For how long the rows of a key are given again; 0: not at all. */
  readonly cacheMs: number
  /** So many keys are remembered. */
  readonly cacheKeys: number
}
