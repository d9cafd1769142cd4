/** What a database says when it cannot be read, in words that name the source and what to do; the URL stands in none of them. */
import { type ErrorDetails, PrescoreError } from '../../base/index.ts'
import { connectionFix, isPassing } from '../../postgres/index.ts'
import type { PostgresRowsDefinition } from '../../project/index.ts'

/** Of SQLSTATE: the beginning of the code, what was expected, and what to do. */
const REMEDIES: readonly (readonly [code: RegExp, expected: string, fix: (from: PostgresRowsDefinition) => string])[] = [
  [
    /^(42P01|3F000)/,
    'a table or view that is there',
    () => 'Correct `table` or `query`: names of `table` are taken as they stand, small letters and capitals apart.',
  ],
  [/^42501/, 'a user that may read it', () => 'Grant SELECT on it (and USAGE on its schema) to the user of the URL.'],
  [/^(42|0A)/, 'a statement that the server takes', () => 'Correct `query`; try it with psql.'],
  [
    /^(22021|22P05)/,
    'texts that are UTF-8, or can be converted to it',
    () => "Correct the rows whose texts have another encoding, or convert them by a `query`: convert_from(name::bytea, 'LATIN1').",
  ],
  [/^22/, 'rows that the statement can compute', () => 'Correct the rows, or the expressions of `query`.'],
  [/^25006/, 'a statement that only reads', () => 'Let `query` read only: it runs in a read-only transaction.'],
]

/** @param where the source. */
export function readingFailed(error: unknown, from: PostgresRowsDefinition, where: string): PrescoreError {
  if (error instanceof PrescoreError) return error
  const { code, message = String(error) } = error as { readonly code?: unknown; readonly message?: string }
  const sqlState = typeof code === 'string' ? code : ''
  const found = sqlState === '' || message.includes(sqlState) ? message : `${message} (${sqlState})`
  const refused = (name: 'source_unavailable' | 'source_unreadable', details: ErrorDetails) =>
    new PrescoreError(name, { where, found: found.replace(/\.$/, ''), ...details, cause: error })
  if (sqlState === '57014' || message === 'Query read timeout')
    return refused('source_unavailable', {
      expected: `rows within ${from.timeoutMs / 1000} s`,
      fix: 'Try again when the database is less busy, raise `timeout`, or read less by a `query`.',
    })
  const wayFix = connectionFix(error, from.url)
  const way = { expected: `the database of ${from.url.env}`, ...(wayFix === undefined ? {} : { fix: wayFix }) }
  if (isPassing(error)) return refused('source_unavailable', way)
  if (wayFix !== undefined) return refused('source_unreadable', way)
  const remedy = REMEDIES.find(([pattern]) => pattern.test(sqlState))
  if (remedy === undefined)
    return refused('source_unreadable', {
      expected: 'a database that can be read',
      fix: `Look at its log, and at the URL that ${from.url.env} holds.`,
    })
  return refused('source_unreadable', { expected: remedy[1], fix: remedy[2](from) })
}
