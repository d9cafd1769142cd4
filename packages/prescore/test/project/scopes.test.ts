/** What an expression may refer to, and of which type it is there. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { minutes } from '../../src/expressions/index.ts'
import {
  defineProject,
  entity,
  events,
  featureTypes,
  filterScope,
  labelScope,
  onnx,
  type PredictionDefinition,
  prediction,
  requestScope,
  rowScope,
  type SourceDefinition,
  vectorScope,
} from '../../src/project/index.ts'

const flights = events({
  files: 'x.parquet',
  columns: { id: 'int64', date: 'timestamp', delay: 'int64', origin: 'string' },
  zone: 'America/New_York',
  derive: r => ({ landed: r.date.plus(minutes(r.delay)), isLate: r.delay.gt(15) }),
  time: 'date',
})
const airport = entity({ origin: 'string' })
const late = prediction({
  entity: airport,
  inputs: { wind: 'float64', booked: 'timestamp' },
  zone: 'UTC',
  join: s => ({
    delays: flights
      .by(airport)
      .features(f => ({
        count: f.count(),
        mean: f.mean('delay'),
        most: f.max('delay'),
        last: f.last('origin'),
        landed: f.last('landed'),
        since: f.timeSinceLast(),
      }))
      .at(s.key),
  }),
  features: s => ({ mean: s.join.delays.mean }),
  model: onnx('x.onnx'),
  training: {
    rows: flights,
    asOf: r => r.date,
    inputs: r => ({ wind: r.delay.times(1), booked: r.date }),
    next: flights
      .by(airport)
      .next('1d')
      .features(f => ({ share: f.share(r => r.isLate) })),
    label: (_, next) => next.share,
  },
  policy: { mode: 'live' },
})
const { definition } = defineProject({ sources: { flights }, predictions: { late } })
const source = definition.sources.flights as SourceDefinition
const plain = definition.predictions.late as PredictionDefinition
const kinds = (scope: ReadonlyMap<string, { kind: string; zone?: string }>) =>
  Object.fromEntries([...scope].map(([name, { kind, zone }]) => [name, zone === undefined ? kind : `${kind} in ${zone}`]))
const ROW = {
  'row.id': 'int64',
  'row.date': 'timestamp in America/New_York',
  'row.delay': 'int64',
  'row.origin': 'string',
  'row.landed': 'timestamp in America/New_York',
  'row.isLate': 'boolean',
}

test('a row: declared and derived columns, times in the zone of the source', () => {
  assert.deepEqual(kinds(rowScope(source)), ROW)
  assert.deepEqual(kinds(filterScope(source, 'UTC')), { ...ROW, asOf: 'timestamp in UTC' })
})

test('features: float64, but for what is picked, which is as it was', () => {
  const types = featureTypes(plain.joins.delays as NonNullable<(typeof plain.joins)[string]>, rowScope(source))
  assert.deepEqual(kinds(types), {
    count: 'float64',
    mean: 'float64',
    most: 'int64',
    last: 'string',
    landed: 'timestamp in America/New_York',
    since: 'duration',
  })
})

test('a request: key, inputs and as-of, times in the zone of the prediction; a vector: what is joined as well', () => {
  const request = { 'key.origin': 'string', 'input.wind': 'float64', 'input.booked': 'timestamp in UTC', asOf: 'timestamp in UTC' }
  assert.deepEqual(kinds(requestScope(plain)), request)
  const vector = kinds(vectorScope(definition, plain))
  assert.deepEqual(
    Object.keys(vector).filter(name => !Object.hasOwn(request, name)),
    ['count', 'mean', 'most', 'last', 'landed', 'since'].map(name => `join.delays.${name}`),
  )
})

test('a label: the row, and what is next', () => {
  assert.deepEqual(kinds(labelScope(definition, plain)), { ...ROW, 'next.share': 'float64' })
})

test('derived columns and features that have problems have no type', () => {
  const broken = { ...source, derive: { ...source.derive, bad: { ref: 'row.nope' } } }
  assert.deepEqual(kinds(rowScope(broken)), ROW)
  const group = {
    ...(plain.joins.delays as NonNullable<(typeof plain.joins)[string]>),
    features: { bad: { aggregate: 'max', value: { ref: 'row.nope' }, delayUs: 0 } },
  } as const
  assert.equal(featureTypes(group, rowScope(source)).size, 0)
})
