/** What to do when a database refuses an output, by its codes. */
import { PrescoreError } from '../../base/index.ts'
import { connectionFix } from '../../postgres/index.ts'
import type { PostgresTableDefinition } from '../../project/index.ts'

const REMEDIES: readonly (readonly [code: RegExp, fix: (definition: PostgresTableDefinition) => string])[] = [
  [
    /^3F000/,
    ({ table }) => `Create the schema of ${table} and give the user USAGE on it, or name another one in \`table\`: schemas are not made.`,
  ],
  [
    /^42501/,
    ({ table, url }) => `Let the user of ${url.env} own ${table} and what belongs to it, and give it USAGE and CREATE on the schema.`,
  ],
  [/^25006/, ({ url }) => `Name a server that can be written in ${url.env}: a standby, or a user that may only read, cannot be written.`],
  [/^53100/, () => 'The disk of the database is full: make room there.'],
  [
    /^(22021|22P05)/,
    () =>
      'A key has a character that the database cannot hold (NUL, or one that its encoding lacks): leave such keys out of the population.',
  ],
]

/** Undefined: nothing more exact is known than what the database says. */
export function outputFix(error: unknown, definition: PostgresTableDefinition): string | undefined {
  if (error instanceof PrescoreError) return error.fix
  const { code } = error as { readonly code?: unknown }
  return connectionFix(error, definition.url) ?? REMEDIES.find(([pattern]) => pattern.test(String(code)))?.[1](definition)
}
