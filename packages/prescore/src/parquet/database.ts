/** One embedded DuckDB: it scans, joins and sorts; it never sums floats for us, because the order of its sums varies. */
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { PrescoreError } from '../base/index.ts'
import { duckdb } from './duckdb.ts'

export interface DatabaseOptions {
  /** How many threads a query may use. */
  readonly threads: number
  readonly memoryMb?: number
  /** The folder for what does not fit into memory. */
  readonly spillTo?: string
}

export class Database {
  readonly #options: DatabaseOptions
  #opening: Promise<DuckDBInstance> | undefined
  #instance: DuckDBInstance | undefined
  readonly #idle: DuckDBConnection[] = []
  readonly #lent = new Set<DuckDBConnection>()

  private constructor(options: DatabaseOptions) {
    this.#options = options
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    const database = new Database(options)
    await database.#opened()
    return database
  }

  /** Opened by the first who asks it for something: for those who may do without, since to load it takes long. */
  static whenNeeded(options: DatabaseOptions): Database {
    return new Database(options)
  }

  async #opened(): Promise<DuckDBInstance> {
    this.#opening ??= instanceOf(this.#options)
    this.#instance = await this.#opening
    return this.#instance
  }

  /**
   * Lends a connection for the time of `use`. A streaming read holds one of its own to its end:
   * a write on the same connection would end the stream silently.
   */
  async withConnection<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.lend())
    this.#lent.add(connection)
    let result: T
    try {
      result = await use(connection)
    } catch (error) {
      // What a failure left behind (a temporary table, half a transaction) goes with its connection.
      this.takeBack(connection)
      throw error
    }
    this.#lent.delete(connection)
    this.#idle.push(connection)
    return result
  }

  /** A connection until {@link takeBack}; for streams that outlive a call. */
  async lend(): Promise<DuckDBConnection> {
    const connection = await (this.#instance ?? (await this.#opened())).connect()
    this.#lent.add(connection)
    return connection
  }

  /** Closes it. */
  takeBack(connection: DuckDBConnection): void {
    this.#lent.delete(connection)
    connection.closeSync()
  }

  /** Whatever is being asked now fails soon. What is asked afterwards does not. */
  interrupt(): void {
    for (const connection of this.#lent) connection.interrupt()
  }

  /**
   * Rows of a small result as plain objects; int64 comes as bigint.
   * @throws PrescoreError `source_unreadable`
   */
  async query(sql: string, where: string): Promise<Record<string, unknown>[]> {
    try {
      return await this.withConnection(async connection => (await connection.runAndReadAll(sql)).getRowObjects())
    } catch (error) {
      throw unreadable(error, where)
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.closeSync()
    this.#instance?.closeSync()
  }
}

/**
 * DuckDB keeps footers of files, and takes a file for the one it knows while its inode, its size and the second of its last change are the
 * same: of one that was written anew within a second it would read the new bytes by the old footer, and leave rows out or fail. The
 * system keeps what was read anyway.
 */
const FILES_READ_ANEW = { enable_external_file_cache: 'false' }

function instanceOf({ threads, memoryMb, spillTo }: DatabaseOptions): Promise<DuckDBInstance> {
  const options = {
    threads: String(threads),
    ...FILES_READ_ANEW,
    ...(memoryMb === undefined ? {} : { memory_limit: `${memoryMb}MB` }),
    ...(spillTo === undefined ? {} : { temp_directory: spillTo }),
  }
  return duckdb().DuckDBInstance.create(':memory:', options)
}

export function unreadable(error: unknown, where: string): PrescoreError {
  return error instanceof PrescoreError
    ? error
    : new PrescoreError('source_unreadable', { where, found: firstLine(error), expected: 'whole files of their format', cause: error })
}

/** DuckDB's own words, cut to the line that says what is wrong. */
function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.split('\n')[0] ?? message
}

/** A SQL string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
