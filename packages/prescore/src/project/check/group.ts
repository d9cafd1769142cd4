import type { Kind, Scope } from '../../expressions/index.ts'
import { rowScope } from '../scopes.ts'
import type { AggregateName, AggregationDefinition, FeatureGroupDefinition, SourceDefinition } from '../types.ts'
import { PERIODS } from '../window.ts'
import type { Checker } from './checker.ts'

const NUMBERS: readonly Kind[] = ['int64', 'float64']
const ORDERED: readonly Kind[] = [...NUMBERS, 'timestamp', 'duration']
const ANY: readonly Kind[] = [...ORDERED, 'boolean', 'string']
const VALUE_KINDS: Readonly<Record<AggregateName, readonly Kind[]>> = {
  count: ANY,
  sum: NUMBERS,
  mean: NUMBERS,
  share: ['boolean'],
  std: NUMBERS,
  min: ORDERED,
  max: ORDERED,
  first: ANY,
  last: ANY,
  current: ANY,
  distinct: ANY,
  mode: ANY,
  timeSinceLast: [],
}
const NEEDS_NONE: readonly AggregateName[] = ['count', 'timeSinceLast']
const RANKED: readonly AggregateName[] = ['last', 'mode']
/** What remembers every value that is in a window. */
const REMEMBERS_ALL: readonly AggregateName[] = ['distinct', 'mode']

/** A feature group over a source that is known to exist. */
export function checkGroup(check: Checker, group: FeatureGroupDefinition, source: SourceDefinition, where: string): void {
  const scope = rowScope(source)
  checkEntity(check, group.entity, where)
  for (const [name, kind] of Object.entries(group.entity))
    check.column(group.by[name] ?? name, scope, `${where}, key column ${name}`, [kind])
  check.names(group.features, `${where}.features`)
  if (Object.keys(group.features).length === 0) check.add('invalid_value', `${where}.features`, 'no features', 'at least one')
  const keys = Object.keys(group.entity).map(name => `key_${name}`)
  for (const [name, definition] of Object.entries(group.features)) {
    const place = `${where}.features.${name}`
    check.unlike(name, keys, place)
    checkAggregation(check, definition, scope, place)
    if (definition.aggregate === 'current') checkCurrent(check, definition, source, place)
    if (source.time === undefined) checkTimeless(check, definition, group.source, place)
    else checkWindow(check, name, definition, { name: group.source, zone: source.zone }, place)
  }
}

export function checkEntity(check: Checker, entity: object, where: string): void {
  check.names(entity, `${where}.entity`)
  for (const [name, kind] of Object.entries(entity)) check.oneOf(kind, ['string', 'int64'], `${where}.entity.${name}`)
  if (Object.keys(entity).length === 0) check.add('invalid_value', `${where}.entity`, 'no key columns', 'at least one')
}

function checkAggregation(
  check: Checker,
  { aggregate, value, where: filter, rank, default: fallback }: AggregationDefinition,
  scope: Scope,
  where: string,
): void {
  check.oneOf(aggregate, Object.keys(VALUE_KINDS), where)
  const type = value === undefined ? undefined : check.expression(value, scope, `${where}, ${aggregate}`, VALUE_KINDS[aggregate] ?? ANY)
  if (value === undefined && !NEEDS_NONE.includes(aggregate))
    check.add('invalid_value', where, `${aggregate} of nothing`, 'a column, or an expression over the row')
  if (rank !== undefined && !RANKED.includes(aggregate))
    check.add('invalid_value', `${where}, n`, `several values of ${aggregate}`, RANKED.join(' or '))
  if (filter !== undefined) check.expression(filter, scope, `${where}, where`, ['boolean'])
  if (fallback !== undefined) checkDefault(check, aggregate, type?.kind, fallback, `${where}, default`)
}

/** A default is a plain number: it has no unit, so it cannot stand for a time or a duration. */
function checkDefault(check: Checker, aggregate: AggregateName, kind: Kind | undefined, fallback: number, where: string): void {
  const isPicked = (['min', 'max', 'first', 'last', 'current', 'mode'] as AggregateName[]).includes(aggregate)
  const result = aggregate === 'timeSinceLast' ? 'duration' : isPicked ? kind : 'float64'
  if (!Number.isFinite(fallback)) check.add('invalid_value', where, String(fallback), 'a finite number')
  if (result !== undefined && !NUMBERS.includes(result) && result !== 'boolean') {
    check.add('wrong_type', where, `a number for a ${result}`, 'no default', 'Use `.orElse(…)` where the prediction lists its features.')
  }
}

/** Rows of a table without valid-from are valid since ever: none of them is in a window. */
function checkTimeless(check: Checker, { aggregate, windowUs, period }: AggregationDefinition, source: string, where: string): void {
  const found = windowUs !== undefined || period !== undefined ? 'a window' : aggregate === 'timeSinceLast' ? 'timeSinceLast' : undefined
  if (found === undefined) return
  check.add(
    'invalid_window',
    where,
    `${found} over rows without a time`,
    'all rows',
    `Declare \`validFrom\` of \`${source}\`, or leave out \`over\`.`,
  )
}

/** Rows of a table hold until the next; events happen, and the one at the as-of is what is asked about. */
function checkCurrent(check: Checker, { windowUs, period }: AggregationDefinition, { type }: SourceDefinition, where: string): void {
  if (type === 'events') check.add('invalid_value', where, 'current of events', 'a table', 'Use `last`: the last event before the as-of.')
  if (windowUs !== undefined || period !== undefined)
    check.add('invalid_window', where, 'current over a window', 'no window: the row that holds at the as-of')
}

/** A calendar window needs clocks, and what is remembered of a key must not grow for ever. */
function checkWindow(
  check: Checker,
  feature: string,
  { aggregate, windowUs, period }: AggregationDefinition,
  source: { readonly name: string; readonly zone: string | undefined },
  where: string,
): void {
  if (period !== undefined) {
    check.oneOf(period, PERIODS, `${where}, over`)
    const fix = `Declare \`zone\` of \`${source.name}\`, such as 'UTC' or 'Europe/Paris'.`
    if (source.zone === undefined) check.add('zone_missing', `${where}, over`, `the window \`${period}\``, 'a source with a zone', fix)
  } else if (REMEMBERS_ALL.includes(aggregate) && windowUs === undefined) {
    const found = `${aggregate} over all that lies before: every value would have to be remembered for ever`
    check.add('invalid_window', where, found, 'a window', `Give one: \`${feature}: f.${aggregate}(…, { over: '30d' })\`.`)
  }
}
