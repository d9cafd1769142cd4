/** Connections to PostgreSQL, over a package that only projects with such a source or output need. */
import type { Duplex } from 'node:stream'
import type { Client, ClientBase } from 'pg'
import { optionalPackage } from '../base/index.ts'

const CONNECT_MS = 10_000
/** For a connection's last words: it may be dead without having said so. */
const LAST_WORDS_MS = 2_000

/** @param what needs it, for messages. @throws PrescoreError `package_missing` */
export function loadPostgres(what: string) {
  return optionalPackage('pg', what, async () => (await import('pg')).default)
}

/**
 * Lends a connection for the time of `use`.
 * @param what needs it, for messages.
 * @param answerMs how long to wait for each answer; left out: for ever, as long as the connection stands.
 * @throws PrescoreError `package_missing`, and what the server says
 */
export async function withClient<T>(url: string, what: string, use: (client: Client) => Promise<T>, answerMs?: number): Promise<T> {
  const { Client } = await loadPostgres(what)
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    application_name: 'prescore',
    ...(answerMs === undefined ? {} : { query_timeout: answerMs }),
  })
  let broken: Error | undefined
  client.on('error', error => {
    broken ??= error
  })
  try {
    await client.connect()
    return await use(client)
  } catch (error) {
    // Broken between two queries, it is not told by the next one.
    throw broken !== undefined && isOfBroken(error) ? broken : error
  } finally {
    await briefly(client.end())
    ;(client as unknown as { readonly connection: { readonly stream: Duplex } }).connection.stream.destroy()
  }
}

/** In the client's own words: it says no more of a connection that broke before. */
function isOfBroken(error: unknown): boolean {
  return error instanceof Error && error.message.includes('is not queryable')
}

async function briefly(lastWords: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, LAST_WORDS_MS)
  await Promise.race([lastWords.catch(() => {}), late])
  clearTimeout(timer)
}

/** All of it, or nothing. @param begin how it begins. */
export async function transaction<T>(client: ClientBase, change: () => Promise<T>, begin = 'BEGIN'): Promise<T> {
  await client.query(begin)
  try {
    const result = await change()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await briefly(client.query('ROLLBACK'))
    throw error
  }
}
