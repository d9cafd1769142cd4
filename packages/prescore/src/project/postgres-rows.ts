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
}
