/** Who reads an output while its next run is attached. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'pg'
import type { TableNames } from './postgres-schema.ts'

/** Of a statement that reads for longer, the rows it sees were settled long ago. */
const WAIT = { mostMs: 5_000, pauseMs: 10 }

/**
 * Waits for the statements that may have been planned before a partition was attached: PostgreSQL looks up the rows later than it plans, so
 * one that then found the new run to be the current one would look for it among the old partitions, and see no row. Nobody is held up by it.
 * @param client outside of a transaction, after the one that attached
 */
export async function earlierReaders(client: Client, names: TableNames): Promise<void> {
  let earlier = await readers(client, names)
  for (const untilMs = Date.now() + WAIT.mostMs; earlier.size > 0 && Date.now() < untilMs; ) {
    await sleep(WAIT.pauseMs)
    earlier = earlier.intersection(await readers(client, names))
  }
}

/** The transactions that read the table, or are about to; a statement without a transaction is one of its own. */
async function readers(client: Client, names: TableNames): Promise<Set<string>> {
  const { rows } = await client.query(
    `SELECT virtualtransaction AS reader FROM pg_locks
     WHERE locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND relation = to_regclass($1) AND mode = 'AccessShareLock' AND pid <> pg_backend_pid()`,
    [names.of('')],
  )
  return new Set(rows.map(({ reader }) => String(reader)))
}
