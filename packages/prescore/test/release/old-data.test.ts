/** Which as-of fits data that has ended: none where anything of it still counts as of now. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AggregationDefinition, PredictionDefinition, ProjectDefinition } from '../../src/project/index.ts'
import { oldData as oldDataOf } from '../../src/release/index.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
const NOW_US = Date.parse('2026-03-10T12:00:00Z') * 1000
const SOURCES = {
  orders: { type: 'events' },
  visits: { type: 'events' },
  customers: { type: 'table' },
} as unknown as ProjectDefinition['sources']
const oldData = (definition: PredictionDefinition, newest: ReadonlyMap<string, number>, nowUs: number) =>
  oldDataOf(SOURCES, definition, newest, nowUs)
const over = (windowUs: number, delayUs = 0) => ({ aggregate: 'count', windowUs, delayUs }) as const
const joined = (source: string, ...features: AggregationDefinition[]) => ({ source, features: Object.fromEntries(features.entries()) })
const prediction = (joins: Record<string, object>, sinceUs?: number) =>
  ({ joins, population: { source: 'orders', keys: {}, ...(sinceUs === undefined ? {} : { sinceUs }) } }) as unknown as PredictionDefinition

test('windows: the longest counts, with its delay; one that reaches back for ever is never empty', () => {
  const ago = (us: number) => new Map([['orders', NOW_US - us]])
  const week = prediction({ a: joined('orders', over(DAY_US), over(6 * DAY_US, DAY_US)) })
  assert.equal(oldData(week, ago(7 * DAY_US), NOW_US), undefined)
  const old = oldData(week, ago(7 * DAY_US + 1), NOW_US)
  assert.deepEqual(old, { source: 'orders', newestUs: NOW_US - 7 * DAY_US - 1, reachUs: 7 * DAY_US, asOfUs: NOW_US - 7 * DAY_US })
  assert.equal(oldData(week, ago(8 * DAY_US), NOW_US)?.asOfUs, NOW_US - 8 * DAY_US + HOUR_US, 'after the event, not at it')
  assert.equal(
    oldData(prediction({ a: joined('orders', over(DAY_US), { aggregate: 'last', delayUs: 0 }) }), ago(900 * DAY_US), NOW_US),
    undefined,
  )
  const month = prediction({ a: joined('orders', { aggregate: 'count', period: 'thisMonth', delayUs: 0 }) })
  assert.deepEqual([oldData(month, ago(31 * DAY_US), NOW_US), oldData(month, ago(33 * DAY_US), NOW_US)?.source], [undefined, 'orders'])
})

test('several sources: all must have ended, and the newest says when; a population of the last days counts as well', () => {
  const both = prediction({ a: joined('orders', over(DAY_US)), b: joined('visits', over(DAY_US)) })
  const ended = (orders: number, visits: number) =>
    new Map([
      ['orders', NOW_US - orders * DAY_US],
      ['visits', NOW_US - visits * DAY_US],
    ])
  assert.equal(oldData(both, ended(9, 0.5), NOW_US), undefined)
  assert.equal(oldData(both, ended(9, 4), NOW_US)?.source, 'visits')
  // A log goes on by itself; what is known of customers does not end.
  assert.equal(oldData(both, new Map([['orders', NOW_US - 9 * DAY_US]]), NOW_US), undefined)
  const beside = prediction({ a: joined('orders', over(DAY_US)), b: joined('customers', { aggregate: 'last', delayUs: 0 }) })
  assert.equal(oldData(beside, ended(9, 4), NOW_US)?.source, 'orders')
  assert.equal(oldData(prediction({}, DAY_US), ended(9, 4), NOW_US)?.source, 'orders')
  assert.equal(oldData(prediction({}), ended(9, 4), NOW_US), undefined)
})
