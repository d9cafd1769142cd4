/** Puts the same plain events and features to the kernel and to the naive version. */
import assert from 'node:assert/strict'
import { type Column, type ExpressionNode, isStringColumn, type Scope, stringColumn } from '../../src/expressions/index.ts'
import { type ClockName, compileGroup, type EventColumns } from '../../src/features/index.ts'
import type { AggregationDefinition, FeatureGroupDefinition } from '../../src/project/index.ts'
import { type NaiveEvent, type NaiveFeature, type NaiveQuery, type NaiveValue, naiveFeature } from './naive.ts'
import type { NaiveCalendar } from './naive-calendar.ts'

export const SCOPE: Scope = new Map([
  ['row.number', { kind: 'float64' }],
  ['row.flag', { kind: 'boolean' }],
  ['row.keep', { kind: 'boolean' }],
  ['row.text', { kind: 'string' }],
  ['row.moment', { kind: 'timestamp', zone: 'UTC' }],
])

const ref = (column: string): ExpressionNode => ({ ref: `row.${column}` })

export function definitionOf({ value, where, ...rest }: NaiveFeature): AggregationDefinition {
  return { ...rest, ...(value === undefined ? {} : { value: ref(value) }), ...(where === undefined ? {} : { where: ref(where) }) }
}

export function groupOf(features: readonly NaiveFeature[]): FeatureGroupDefinition {
  return {
    source: 'events',
    entity: { id: 'int64' },
    by: { id: 'id' },
    features: Object.fromEntries(features.map((feature, i) => [`f${i}`, definitionOf(feature)])),
  }
}

export function columnsOf(events: readonly NaiveEvent[]): EventColumns {
  const column = (ref: string): Column => {
    const values = events.map(({ row }) => row[ref.slice('row.'.length)])
    const type = SCOPE.get(ref) as Column['type']
    if (type.kind === 'string') return stringColumn(values as (string | undefined)[])
    return { type, values: Float64Array.from(values, value => (value === undefined ? Number.NaN : (value as number))) }
  }
  return {
    rows: events.length,
    timeUs: Float64Array.from(events, ({ timeUs }) => timeUs),
    knownAtUs: Float64Array.from(events, ({ knownAtUs }) => knownAtUs),
    ...(events.some(({ tie }) => tie !== undefined) ? { tie: Float64Array.from(events, ({ tie }) => tie ?? 0) } : {}),
    columns: new Map([...SCOPE.keys()].map(ref => [ref, column(ref)])),
  }
}

/** The kernel's columns for some features. */
export function computed(
  features: readonly NaiveFeature[],
  events: readonly NaiveEvent[],
  queries: readonly NaiveQuery[],
  clock: ClockName,
  zone = 'UTC',
): readonly Column[] {
  const keys = 1 + Math.max(-1, ...events.map(({ key }) => key), ...queries.map(({ key }) => key))
  const asked = { keyOf: Int32Array.from(queries, ({ key }) => key), asOfUs: Float64Array.from(queries, ({ asOfUs }) => asOfUs) }
  return compileGroup(groupOf(features), SCOPE, zone, 'group').compute(
    columnsOf(events),
    Int32Array.from(events, ({ key }) => key),
    keys,
    asked,
    clock,
  )
}

/** One value of a column; undefined is missing. */
export function valueAt(column: Column, row: number): NaiveValue {
  if (isStringColumn(column)) {
    const code = column.codes[row]!
    return code < 0 ? undefined : column.dictionary[code]
  }
  const value = column.values[row]!
  return Number.isNaN(value) ? undefined : value
}

/** Every cell of the kernel must be the naive one, to the bit. */
export function assertAsNaive(
  features: readonly NaiveFeature[],
  events: readonly NaiveEvent[],
  queries: readonly NaiveQuery[],
  clock: ClockName,
  { zone = 'UTC', calendar }: { readonly zone?: string; readonly calendar?: NaiveCalendar } = {},
): void {
  const columns = computed(features, events, queries, clock, zone)
  features.forEach((feature, i) => {
    queries.forEach((query, row) => {
      const [found, expected] = [valueAt(columns[i]!, row), naiveFeature(feature, events, query, clock, calendar)]
      const cell = () =>
        `${JSON.stringify(feature)} at ${query.asOfUs} of key ${query.key}, ${clock}: found ${String(found)}, expected ${String(expected)}`
      assert.ok(Object.is(found, expected), Object.is(found, expected) ? '' : cell())
    })
  })
}
