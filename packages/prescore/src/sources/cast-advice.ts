/** How a `query` reads a column of PostgreSQL whose type fits no kind. */
import { identifier } from '../parquet/index.ts'
import type { ColumnKind } from '../project/index.ts'

const CASTS: Readonly<Record<ColumnKind, string>> = {
  string: 'text',
  int64: 'bigint',
  float64: 'double precision',
  boolean: 'boolean',
  timestamp: 'timestamptz',
}

/** Types that a cast alone does not turn into a number. */
const NUMBERS: readonly (readonly [type: RegExp, expression: (sql: string) => string])[] = [
  [/^money$/, sql => `${sql}::numeric`],
  [/^(interval|time)\b/, sql => `extract(epoch FROM ${sql})`],
  [/^jsonb?$/, sql => `(${sql}->>'name')`],
  [/\[\]$/, sql => `${sql}[1]`],
  [/^bytea$/, sql => `length(${sql})`],
]
const TEXTS: readonly (readonly [type: RegExp, expression: (sql: string) => string])[] = [
  [/^jsonb?$/, sql => `(${sql}->>'name')`],
  [/\[\]$/, sql => `array_to_string(${sql}, ',')`],
  [/^bytea$/, sql => `encode(${sql}, 'hex')`],
]

/** @param name the declared name. @param called that of the database. */
export function castAdvice(kind: ColumnKind, type: string, name: string, called: string): string {
  const sql = /^[a-z_][a-z0-9_]*$/.test(called) ? called : identifier(called)
  const ways = kind === 'string' ? TEXTS : NUMBERS
  const expression = ways.find(([pattern]) => pattern.test(type))?.[1](sql) ?? sql
  return `Read it by a \`query\` that casts it: ${expression}::${CASTS[kind]} AS ${identifier(name)}.`
}
