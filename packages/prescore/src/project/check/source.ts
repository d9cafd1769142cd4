import { suggestion } from '../../base/index.ts'
import { type ExpressionNode, references, unknownZone, zoneRules } from '../../expressions/index.ts'
import type { PerRequestDefinition, PostgresRowsDefinition } from '../postgres-rows.ts'
import { declaredScope, rowScope } from '../scopes.ts'
import type { SourceDefinition } from '../types.ts'
import type { Checker } from './checker.ts'

const COLUMN_KINDS = ['string', 'int64', 'float64', 'boolean', 'timestamp'] as const
const CONNECTIONS_MAX = 100
/** Of a request: nobody waits longer. */
const TIMEOUT_MS_MAX = 600_000
const CACHE_KEYS_MAX = 1_000_000

export function checkSource(check: Checker, source: SourceDefinition, where: string): void {
  check.names(source.columns, `${where}.columns`)
  if (Object.keys(source.columns).length === 0)
    check.add('invalid_value', `${where}.columns`, 'no columns', 'at least one', 'Declare the columns that are used.')
  check.names(source.derive, `${where}.derive`)
  for (const [name, kind] of Object.entries(source.columns)) check.oneOf(kind, COLUMN_KINDS, `${where}.columns.${name}`)
  for (const name of Object.keys(source.names ?? {})) {
    const declared = Object.keys(source.columns)
    if (!declared.includes(name))
      check.add('unknown_column', `${where}.names`, `\`${name}\``, 'a declared column', suggestion(name, declared))
  }
  checkPlace(check, source, where)
  if (source.zone !== undefined && zoneRules(source.zone) === undefined) check.problems.push(unknownZone(source.zone, `${where}.zone`))
  const declared = declaredScope(source)
  for (const [name, node] of Object.entries(source.derive)) {
    if (Object.hasOwn(source.columns, name))
      check.add('duplicate_name', `${where}.derive.${name}`, 'a declared column of that name', 'a name of its own')
    check.expression(node, declared, `${where}.derive.${name}`, [...COLUMN_KINDS, 'duration'])
  }
  const scope = rowScope(source)
  if (source.type === 'events' && source.time === undefined) check.add('invalid_value', `${where}.time`, 'nothing', 'a timestamp column')
  if (source.time !== undefined)
    check.column(source.time, scope, source.type === 'events' ? `${where}.time` : `${where}.validFrom`, ['timestamp'])
  if (source.id !== undefined) check.column(source.id, declared, `${where}.id`, ['int64', 'string'])
  else if (source.type === 'events')
    check.warn(
      'missing_id',
      `${where}.id`,
      'no `id`',
      'a unique column',
      'Declare `id`: without it an event that is delivered twice counts twice.',
    )
  if (source.arrival !== undefined) check.expression(source.arrival, scope, `${where}.arrival`, ['timestamp'])
}

function checkPlace(check: Checker, { type, files, from }: SourceDefinition, where: string): void {
  if (from?.perRequest !== undefined) checkPerRequest(check, from.perRequest, type, `${where}.from.perRequest`)
  if (from !== undefined) checkDatabase(check, from, `${where}.from`)
  else if (files.length === 0 || files.some(file => typeof file !== 'string' || file === ''))
    check.add('invalid_value', `${where}.files`, JSON.stringify(files), 'one path or glob, or several; or a database as `from`')
}

function checkDatabase(check: Checker, { url, table, query }: PostgresRowsDefinition, where: string): void {
  if (url.env === '') check.add('invalid_value', `${where}.url`, 'no name', "a variable of the environment: `env('DATABASE_URL')`")
  const both = table !== undefined && query !== undefined
  if (both || (table === undefined && query === undefined))
    check.add('invalid_value', where, both ? 'both `table` and `query`' : 'neither `table` nor `query`', 'one of them')
  else if (table !== undefined && !/^[^.]+(\.[^.]+)?$/.test(table))
    check.add('invalid_value', `${where}.table`, JSON.stringify(table), '`name` or `schema.name`', 'Read other names by a `query`.')
  else if (query !== undefined && !/^\s*(select|with|table|values)\b/i.test(query))
    check.add('invalid_value', `${where}.query`, JSON.stringify(query.slice(0, 40)), 'one SELECT')
}

function checkPerRequest(
  check: Checker,
  { connections, timeoutMs, cacheKeys }: PerRequestDefinition,
  type: SourceDefinition['type'],
  where: string,
): void {
  if (type === 'events')
    check.add('not_supported', where, 'events that are read with each request', 'a table', 'Leave it out: post events to the event log.')
  if (timeoutMs < 1 || timeoutMs > TIMEOUT_MS_MAX)
    check.add('invalid_window', `${where}.timeout`, `${timeoutMs / 1000} s`, 'from a millisecond to ten minutes')
  for (const [name, value, most] of [
    ['connections', connections, CONNECTIONS_MAX] as const,
    ['cacheKeys', cacheKeys, CACHE_KEYS_MAX] as const,
  ])
    if (!Number.isInteger(value) || value < 1 || value > most)
      check.add('invalid_value', `${where}.${name}`, String(value), `a whole number from 1 to ${most}`)
}

/** The declared columns that a derived or declared column is computed from. */
export function originsOf(source: SourceDefinition, column: string): Set<string> {
  if (!Object.hasOwn(source.derive, column)) return new Set([column])
  return originsOfExpression(source, source.derive[column] as ExpressionNode)
}

/** The declared columns that an expression over a row is computed from. */
export function originsOfExpression(source: SourceDefinition, node: ExpressionNode): Set<string> {
  const columns = [...references(node)].filter(ref => ref.startsWith('row.')).map(ref => ref.slice('row.'.length))
  return new Set(columns.flatMap(column => [...originsOf(source, column)]))
}
