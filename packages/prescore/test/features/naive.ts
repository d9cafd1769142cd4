/**
 * What features mean, written straight from the definition: for each query every event is looked at, and sums are
 * exact rationals. Slow, and nothing in it is clever; the kernel must give the same bits.
 */
import type { AggregationDefinition } from '../../src/project/index.ts'
import { type NaiveCalendar, naiveCalendar } from './naive-calendar.ts'
import { meanOf, sumOf, varianceOf } from './rationals.ts'

export type NaiveValue = number | string | undefined

export interface NaiveEvent {
  readonly key: number
  readonly timeUs: number
  readonly knownAtUs: number
  readonly tie?: number
  /** By column; undefined is missing. */
  readonly row: Readonly<Record<string, NaiveValue>>
}

export interface NaiveFeature extends Omit<AggregationDefinition, 'value' | 'where'> {
  /** Columns. */
  readonly value?: string
  readonly where?: string
}

export interface NaiveQuery {
  readonly key: number
  readonly asOfUs: number
}

/** For small moments, in microseconds around the epoch. */
const AROUND_EPOCH = naiveCalendar('UTC', -1e6, 1e9)

export function naiveFeature(
  feature: NaiveFeature,
  events: readonly NaiveEvent[],
  query: NaiveQuery,
  clock: 'as-served' | 'corrected',
  calendar: NaiveCalendar = AROUND_EPOCH,
): NaiveValue {
  const inWindow = events.filter(event => isInWindow(event, feature, query, clock, calendar))
  const kept = inWindow.filter(event => feature.where === undefined || event.row[feature.where] === 1)
  const keepsMissing = feature.value === undefined || feature.aggregate === 'current'
  const counted = kept.filter(event => keepsMissing || event.row[feature.value as string] !== undefined)
  const result = aggregate(feature, counted, query)
  return result === undefined || Number.isNaN(result) ? feature.default : result
}

function isInWindow(
  event: NaiveEvent,
  { aggregate, windowUs, period, delayUs }: NaiveFeature,
  { key, asOfUs }: NaiveQuery,
  clock: string,
  calendar: NaiveCalendar,
): boolean {
  const isBefore = aggregate === 'current' ? event.timeUs <= asOfUs - delayUs : event.timeUs < asOfUs - delayUs
  const sinceUs =
    period === undefined ? asOfUs - (windowUs ?? Number.POSITIVE_INFINITY) - delayUs : calendar.beganUs(period, asOfUs - delayUs)
  const isSince = event.timeUs >= sinceUs
  const isKnown = clock === 'corrected' || event.knownAtUs <= asOfUs
  return event.key >= 0 && event.key === key && isBefore && isSince && isKnown
}

function aggregate({ aggregate, value, rank = 1 }: NaiveFeature, events: readonly NaiveEvent[], { asOfUs }: NaiveQuery): NaiveValue {
  const values = value === undefined ? [] : events.map(({ row }) => (typeof row[value] === 'number' ? row[value] + 0 : row[value]))
  const numbers = values as number[]
  if (aggregate === 'count') return events.length
  if (aggregate === 'distinct') return new Set(values).size
  if (aggregate === 'sum') return ieee(numbers) ?? sumOf(numbers)
  if (events.length === 0) return undefined
  switch (aggregate) {
    case 'mean':
    case 'share':
      return ieee(numbers) ?? meanOf(numbers)
    case 'std':
      return ieee(numbers) !== undefined || numbers.length < 2 ? undefined : Math.sqrt(varianceOf(numbers))
    case 'min':
      return Math.min(...numbers)
    case 'max':
      return Math.max(...numbers)
    case 'timeSinceLast':
      return asOfUs - Math.max(...events.map(({ timeUs }) => timeUs))
    case 'first':
      return values[inOrder(events, values)[0] as number]
    case 'last':
    case 'current':
      return values[inOrder(events, values).at(-rank) as number]
    case 'mode':
      return byFrequency(values).at(rank - 1)
  }
}

/** What infinities make of a sum; undefined where there are none. */
function ieee(values: readonly number[]): number | undefined {
  const infinities = values.filter(value => !Number.isFinite(value))
  return infinities.length === 0 ? undefined : infinities.reduce((total, value) => total + value, 0)
}

/** The most frequent first; of equally frequent the lesser. */
function byFrequency(values: readonly NaiveValue[]): NaiveValue[] {
  const countOf = (value: NaiveValue) => values.filter(other => other === value).length
  return [...new Set(values)].sort((a, b) => countOf(b) - countOf(a) || compareValues(a, b))
}

function inOrder(events: readonly NaiveEvent[], values: readonly NaiveValue[]): number[] {
  const order = events.map((_, i) => i)
  order.sort((a, b) => {
    const [first, second] = [events[a]!, events[b]!]
    return first.timeUs - second.timeUs || (first.tie ?? 0) - (second.tie ?? 0) || compareValues(values[a], values[b])
  })
  return order
}

function compareValues(a: NaiveValue, b: NaiveValue): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string))
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0
}
