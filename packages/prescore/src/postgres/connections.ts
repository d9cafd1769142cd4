/** Connections that stay open for many short questions: so many at most, each made ready once. One that breaks is replaced when it is needed. */
import type { Duplex } from 'node:stream'
import type { Pool, PoolClient } from 'pg'
import { loadPostgres } from './client.ts'

/** A connection that nobody needs is closed after this, and any after {@link LIFE_S}: what it was made ready for may have changed. */
const IDLE_MS = 60_000
const LIFE_S = 600
const CONNECT_MS = 2_000
/** Beyond what the server may take: then it, or the way to it, is gone. */
const ANSWER_MS = 1_000
/** The server, the database or the role has as many connections as it may. */
const TOO_MANY = '53300'
const FEWER_MS = 30_000
/** The server ended the statement; the connection is as good as before. */
const STATEMENT_ENDED = '57014'

export interface ConnectionsOptions<T> {
  readonly url: string
  /** What needs them, for messages. */
  readonly what: string
  readonly most: number
  /** For one statement. */
  readonly timeoutMs: number
  /** Makes a new connection ready. */
  readonly prepare: (client: PoolClient) => Promise<T>
}

export class Connections<T> {
  readonly #options: ConnectionsOptions<T>
  readonly #ready = new WeakMap<PoolClient, T>()
  #pool: Promise<Pool> | undefined
  /** Connections that there are; those that are tried do not count. */
  #made = 0
  #fewerUntilMs = Number.NEGATIVE_INFINITY

  constructor(options: ConnectionsOptions<T>) {
    this.#options = options
  }

  /**
   * Lends a connection; it is thrown away if this fails, unless the server has merely ended a statement.
   * @throws PrescoreError `package_missing`, and what the server says
   */
  async use<R>(use: (client: PoolClient, ready: T) => Promise<R>): Promise<R> {
    this.#pool ??= this.#open()
    const client = await this.#lent(await this.#pool)
    let isBroken = false
    try {
      return await use(client, await this.#readied(client))
    } catch (error) {
      isBroken = (error as { readonly code?: unknown }).code !== STATEMENT_ENDED || !this.#ready.has(client)
      throw error
    } finally {
      if (isBroken) (client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream.destroy()
      client.release(isBroken)
    }
  }

  /** Those that are lent are closed when they are given back. May be called twice. */
  async close(): Promise<void> {
    const pool = this.#pool
    this.#pool = undefined
    await (await pool?.catch(() => undefined))?.end()
  }

  /** A server that allows fewer is lived with: the others wait for those that there are, until it is asked for more a while later. */
  async #lent(pool: Pool): Promise<PoolClient> {
    if (performance.now() > this.#fewerUntilMs) pool.options.max = this.#options.most
    try {
      return await pool.connect()
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== TOO_MANY || this.#made === 0) throw error
      pool.options.max = this.#made
      this.#fewerUntilMs = performance.now() + FEWER_MS
      return pool.connect()
    }
  }

  async #open(): Promise<Pool> {
    const { url, what, most, timeoutMs } = this.#options
    const { Pool } = await loadPostgres(what)
    const pool = new Pool({
      connectionString: url,
      max: most,
      connectionTimeoutMillis: Math.max(CONNECT_MS, timeoutMs),
      idleTimeoutMillis: IDLE_MS,
      maxLifetimeSeconds: LIFE_S,
      query_timeout: timeoutMs + ANSWER_MS,
      keepAlive: true,
      application_name: 'prescore',
    })
    // What breaks a connection is told by the query that it breaks; one that breaks while nobody uses it is replaced.
    pool.on('error', () => {})
    pool.on('connect', client => {
      this.#made++
      client.on('error', () => {})
    })
    pool.on('remove', () => void this.#made--)
    return pool
  }

  async #readied(client: PoolClient): Promise<T> {
    const there = this.#ready.get(client)
    if (there !== undefined) return there
    const ready = await this.#options.prepare(client)
    this.#ready.set(client, ready)
    return ready
  }
}
