/** Random events of flights, what is asked of them, and what the naive definition answers. */
import fc from 'fast-check'
import type { Column, NumberColumn } from '../../src/expressions/index.ts'
import type { ClockName } from '../../src/features/index.ts'
import { type AggregationDefinition, entity, events, type FeatureGroupDefinition } from '../../src/project/index.ts'
import { columnFrom, type Plain } from '../expressions/rows.ts'
import { type NaiveFeature, type NaiveValue, naiveFeature } from '../features/naive.ts'

/** One flight, as it stands in the file. */
export interface Flight {
  readonly id: number
  readonly at: number
  /** When it was known; missing: not yet. */
  readonly got: number | undefined
  readonly origin: string | undefined
  readonly hour: number | bigint | undefined
  readonly delay: number | undefined
  readonly carrier: string | undefined
}

export const TYPES = {
  id: 'BIGINT',
  at: 'TIMESTAMPTZ',
  got: 'TIMESTAMPTZ',
  origin: 'VARCHAR',
  hour: 'BIGINT',
  delay: 'DOUBLE',
  carrier: 'VARCHAR',
}

/** Few of everything, so that all meets all: ties in time, late arrivals, keys without events. */
export const ORIGINS = ['JFK', 'a much longer origin'] as const
export const HOURS = [7, 2n ** 53n, 2n ** 53n + 1n] as const
const flight = fc.record(
  {
    at: fc.integer({ min: 0, max: 40 }),
    lateBy: fc.option(fc.integer({ min: 0, max: 25 }), { nil: undefined, freq: 6 }),
    origin: fc.constantFrom(...ORIGINS, undefined),
    hour: fc.constantFrom(...HOURS, undefined),
    delay: fc.constantFrom(0, 1, 0.1, -7.25, 15, 1e15, undefined),
    carrier: fc.constantFrom('AA', 'a much longer carrier', 'é', undefined),
  },
  { noNullPrototype: true },
)

/** In an order that has nothing to do with their ids. */
export const flights: fc.Arbitrary<Flight[]> = fc
  .array(flight, { maxLength: 25 })
  .map(all =>
    all.map(({ lateBy, ...each }, i) => ({ ...each, id: (i * 7919) % 1009, got: lateBy === undefined ? undefined : each.at + lateBy })),
  )

export const source = events({
  files: 'flights.parquet',
  columns: { id: 'int64', at: 'timestamp', got: 'timestamp', origin: 'string', hour: 'int64', delay: 'float64', carrier: 'string' },
  derive: r => ({ isLate: r.delay.gt(0.5), twice: r.delay.times(2) }),
  id: 'id',
  time: 'at',
  arrival: r => r.got,
})

export const airport = entity({ origin: 'string' })
export const slot = entity({ hour: 'int64', from: 'string' })

/** Features by the columns of a row that the naive version sees. */
export const FEATURES: Readonly<Record<string, NaiveFeature>> = {
  // The longest reach: it decides how far back the scan goes.
  count: { aggregate: 'count', windowUs: 28, delayUs: 3 },
  late: { aggregate: 'share', value: 'isLate', windowUs: 20, delayUs: 3 },
  mean: { aggregate: 'mean', value: 'delay', windowUs: 15, delayUs: 0, where: 'isLate' },
  std: { aggregate: 'std', value: 'twice', windowUs: 30, delayUs: 0 },
  most: { aggregate: 'max', value: 'delay', windowUs: 7, delayUs: 5, default: -1 },
  last: { aggregate: 'last', value: 'carrier', windowUs: 12, delayUs: 0 },
  first: { aggregate: 'first', value: 'carrier', windowUs: 17, delayUs: 0 },
  before: { aggregate: 'last', value: 'carrier', rank: 2, windowUs: 19, delayUs: 0 },
  usual: { aggregate: 'mode', value: 'carrier', windowUs: 18, delayUs: 2 },
  usually: { aggregate: 'mode', value: 'delay', rank: 2, windowUs: 26, delayUs: 0 },
  carriers: { aggregate: 'distinct', value: 'carrier', windowUs: 22, delayUs: 0 },
  since: { aggregate: 'timeSinceLast', windowUs: 25, delayUs: 0 },
}

/** The same features as definitions, over another set of windows where asked: `all` reaches back for ever, where a project may. */
export function groupOf(key: 'airport' | 'slot', all: boolean): FeatureGroupDefinition {
  const definitions = Object.entries(FEATURES).map(([name, feature]) => [name, definitionOf(windowed(feature, all))] as const)
  const keys =
    key === 'airport'
      ? { entity: airport.columns, by: { origin: 'origin' } }
      : { entity: slot.columns, by: { hour: 'hour', from: 'origin' } }
  return { source: 'flights', ...keys, features: Object.fromEntries(definitions) }
}

function windowed({ windowUs, ...feature }: NaiveFeature, all: boolean): NaiveFeature {
  const isWhole = all && feature.aggregate !== 'distinct' && feature.aggregate !== 'mode'
  return isWhole || windowUs === undefined ? feature : { ...feature, windowUs }
}

function definitionOf({ value, where, ...rest }: NaiveFeature): AggregationDefinition {
  return {
    ...rest,
    ...(value === undefined ? {} : { value: { ref: `row.${value}` } }),
    ...(where === undefined ? {} : { where: { ref: `row.${where}` } }),
  }
}

/** A key with a moment: parts in the order of the entity. */
export interface Query {
  readonly key: readonly Plain[]
  readonly asOfUs: number
}

export const airportQuery: fc.Arbitrary<Query> = fc.record({
  key: fc.tuple(fc.constantFrom<Plain>(...ORIGINS, 'ZZZ', undefined)),
  asOfUs: fc.integer({ min: 0, max: 60 }),
})
export const slotQuery: fc.Arbitrary<Query> = fc.record({
  key: fc.tuple(fc.constantFrom<Plain>(...HOURS, 8, undefined), fc.constantFrom<Plain>(...ORIGINS, undefined)),
  asOfUs: fc.integer({ min: 0, max: 60 }),
})

export function keyColumns(group: FeatureGroupDefinition, queries: readonly Query[]): Column[] {
  return Object.values(group.entity).map((kind, at) =>
    columnFrom(
      { kind },
      queries.map(({ key }) => key[at]),
    ),
  )
}

export function asOfs(queries: readonly Query[]): Float64Array {
  return Float64Array.from(queries, ({ asOfUs }) => asOfUs)
}

/** What the definition says of one feature for one query. */
export function naive(
  name: string,
  key: 'airport' | 'slot',
  all: boolean,
  rows: readonly Flight[],
  query: Query,
  clock: ClockName,
): NaiveValue {
  const wanted = query.key.includes(undefined) ? undefined : query.key.join('|')
  const events = rows.map(row => {
    const own = key === 'airport' ? [row.origin] : [row.hour, row.origin]
    const isWanted = wanted !== undefined && !own.includes(undefined) && own.join('|') === wanted
    const isLate = row.delay === undefined ? undefined : Number(row.delay > 0.5)
    const twice = row.delay === undefined ? undefined : row.delay * 2
    const values = { delay: row.delay, carrier: row.carrier, isLate, twice }
    return { key: isWanted ? 0 : 1, timeUs: row.at, knownAtUs: row.got ?? Number.POSITIVE_INFINITY, tie: row.id, row: values }
  })
  return naiveFeature(windowed(FEATURES[name] as NaiveFeature, all), events, { key: 0, asOfUs: query.asOfUs }, clock)
}

/** The values of a chunk's column: NaN as undefined, texts as they are. */
export function values(column: Column, rows: number): NaiveValue[] {
  return Array.from({ length: rows }, (_, i) => {
    if ('codes' in column) return column.dictionary[column.codes[i] as number]
    const value = (column as NumberColumn).values[i] as number
    return Number.isNaN(value) ? undefined : value
  })
}
