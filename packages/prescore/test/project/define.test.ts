/** A project is plain frozen data: what is written is what is hashed and shipped. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { fn, hours, minutes } from '../../src/expressions/index.ts'
import { checkProject, defineProject, entity, env, events, every, onnx, postgresTable, prediction, table } from '../../src/project/index.ts'
import sketches from '../types/sketches.ts'

const flights = events({
  files: ['data/*.parquet'],
  columns: { id: 'int64', date: 'timestamp', delay: 'int64', origin: 'string' },
  zone: 'America/New_York',
  derive: r => ({
    landed: r.date.plus(minutes(r.delay)),
    odd: fn({ args: { delay: r.delay }, returns: 'boolean', run: ({ delay }) => (delay === undefined ? undefined : delay % 2 === 1) }),
  }),
  id: 'id',
  time: 'date',
  arrival: r => r.landed.plus(hours(1)),
})
const airports = table({
  files: 'airports.parquet',
  columns: { origin: 'string', opened: 'timestamp', runways: 'int64' },
  validFrom: 'opened',
  zone: 'UTC',
})
const airport = entity({ origin: 'string' })
const late = prediction({
  entity: airport,
  zone: 'America/New_York',
  join: s => ({
    delays: flights
      .by(airport)
      .features(f => ({
        mean: f.mean('delay', { over: ['1h', '7d'], where: r => r.odd, delay: '15m' }),
        ever: f.count(),
        quick: f.share(r => r.delay.isIn([0, 1, 2n ** 60n]), { over: '1d', default: 0.5 }),
      }))
      .at(s.key),
    airport: airports
      .by(airport)
      .features(f => ({ runways: f.last('runways') }))
      .at(s.key),
  }),
  features: s => ({ ...s.join.delays, runways: s.join.airport.runways, negative: s.join.delays.ever.times(-0) }),
  model: onnx('late.onnx', { output: 'probabilities[1]' }),
  population: flights
    .since('28d')
    .where((r, asOf) => r.date.before(asOf))
    .keys(airport),
  training: {
    rows: flights.where(r => r.delay.gt(-60)),
    asOf: r => r.date,
    next: flights
      .by(airport)
      .next('1d')
      .features(f => ({ cancelled: f.count({ where: r => r.delay.isMissing() }) })),
    label: (r, next) => next.cancelled.gt(3).or(r.delay.gt(15)),
  },
  policy: {
    mode: 'batch',
    schedule: '0 3 * * *',
    maxAge: '36h',
    maxLag: '2h',
    deadline: '50ms',
    default: { value: [0.1, null as never], reason: 'none' },
  },
  gates: { coverage: 0.99, missing: { ever: 0.1 } },
  outputs: { warehouse: postgresTable({ url: env('DATABASE_URL'), table: 'late', keep: '30d' }) },
})
const everything = () => defineProject({ sources: { flights, airports }, predictions: { late } })

for (const [name, project] of [
  ['everything there is', everything()],
  ['the sketches', sketches],
] as const) {
  test(`${name}: plain JSON`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(project.definition)), project.definition)
  })

  test(`${name}: frozen to the ground`, () => {
    const open: string[] = []
    const visit = (value: unknown, path: string): void => {
      if (value === null || typeof value !== 'object') return
      if (!Object.isFrozen(value)) open.push(path)
      for (const [member, each] of Object.entries(value)) visit(each, `${path}.${member}`)
    }
    visit(project, 'project')
    assert.deepEqual(open, [])
  })
}

test('what was written stands in the definition', () => {
  const { sources, predictions } = everything().definition
  assert.deepEqual(Object.keys(sources), ['flights', 'airports'])
  assert.deepEqual(sources.airports, {
    type: 'table',
    files: ['airports.parquet'],
    columns: { origin: 'string', opened: 'timestamp', runways: 'int64' },
    derive: {},
    zone: 'UTC',
    time: 'opened',
  })
  const { name, joins, features, population, training, policy, model, gates } = predictions.late as (typeof predictions)[string]
  assert.equal(name, 'late')
  assert.deepEqual(Object.keys(joins.delays?.features ?? {}), ['mean_1h', 'mean_7d', 'ever', 'quick'])
  assert.equal(joins.delays?.source, 'flights')
  assert.deepEqual(joins.delays?.features.mean_7d, {
    aggregate: 'mean',
    delayUs: 900_000_000,
    value: { ref: 'row.delay' },
    where: { ref: 'row.odd' },
    windowUs: 604_800_000_000,
  })
  assert.deepEqual(joins.delays?.features.ever, { aggregate: 'count', delayUs: 0 })
  assert.deepEqual(joins.delays?.key, { origin: { ref: 'key.origin' } })
  assert.deepEqual(
    features.map(each => each.name),
    ['mean_1h', 'mean_7d', 'ever', 'quick', 'runways', 'negative'],
  )
  assert.equal(population?.sinceUs, 28 * 86_400_000_000)
  assert.deepEqual(population?.where, { call: 'lt', args: [{ ref: 'row.date' }, { ref: 'asOf' }] })
  assert.equal(training?.next?.horizonUs, 86_400_000_000)
  assert.equal(training?.next?.features.cancelled?.windowUs, 86_400_000_000)
  assert.deepEqual(training?.keys, { origin: 'origin' })
  assert.deepEqual(policy, {
    mode: 'batch',
    schedule: '0 3 * * *',
    maxAgeUs: 129_600_000_000,
    maxLagUs: 7_200_000_000,
    deadlineUs: 50_000,
    default: { value: [0.1, null], reason: 'none' },
  })
  assert.deepEqual(model, { runtime: 'onnx', file: 'late.onnx', output: 'probabilities', index: 1 })
  assert.deepEqual(gates, { coverage: 0.99, missing: { ever: 0.1 } })
})

test('a source goes by its key, whichever prediction uses it', () => {
  const renamed = defineProject({ sources: { departures: flights, places: airports }, predictions: { late } })
  assert.equal(renamed.definition.predictions.late?.joins.delays?.source, 'departures')
  assert.equal(renamed.definition.predictions.late?.training?.next?.source, 'departures')
})

test('sources that are not listed are all told at once', () => {
  assert.throws(
    () => defineProject({ sources: { airports }, predictions: { late } }),
    (error: PrescoreError) => {
      assert.equal(error.code, 'project_invalid')
      const problems = error.details.problems ?? []
      assert.deepEqual([...new Set(problems.map(({ code }) => code))], ['unnamed_source'])
      assert.deepEqual(
        problems.map(({ where }) => where),
        ['join.delays', 'population', 'training.rows', 'training.next'].map(place => `predictions.late.${place}`),
      )
      assert.match(problems[0]?.found ?? '', /data\/\*\.parquet/)
      return true
    },
  )
})

test('a time range of training rows has no place in the project', () => {
  const wrong = prediction({
    inputs: { delay: 'int64' },
    features: s => ({ delay: s.inputs.delay }),
    model: onnx('x.onnx'),
    training: { rows: flights.since('28d'), asOf: r => r.date, label: r => r.odd },
    policy: { mode: 'live' },
  })
  assert.throws(
    () => defineProject({ sources: { flights }, predictions: { wrong } }),
    (error: PrescoreError) => {
      assert.deepEqual(
        error.details.problems?.map(({ code, where }) => [code, where]),
        [['invalid_value', 'predictions.wrong.training.rows']],
      )
      return true
    },
  )
})

test('inputs without a mapping come from the columns of the same names, and a name that is none is told by the check', () => {
  const wrong = prediction({
    inputs: { delay: 'int64', orgin: 'string' },
    features: s => ({ delay: s.inputs.delay }),
    model: onnx('x.onnx'),
    training: { rows: flights, asOf: r => r.date, label: r => r.odd },
    policy: { mode: 'live' },
  })
  const { definition } = defineProject({ sources: { flights }, predictions: { wrong } })
  assert.deepEqual(definition.predictions.wrong?.training?.inputs, { delay: { ref: 'row.delay' }, orgin: { ref: 'row.orgin' } })
  const problems = checkProject(definition).filter(({ code }) => code === 'unknown_column')
  assert.deepEqual(
    problems.map(({ where, found }) => [where, found]),
    [['predictions.wrong.training.inputs.orgin', '`orgin`']],
  )
})

const REFUSED: readonly (readonly [what: string, define: () => unknown, code: string, message: RegExp])[] = [
  [
    'a window that is no duration',
    () => flights.by(airport).features(f => ({ mean: f.mean('delay', { over: '7' as '7d' }) })),
    'invalid_window',
    /over; found "7"; expected a duration/,
  ],
  [
    'no window at all',
    () => flights.by(airport).features(f => ({ mean: f.mean('delay', { over: [] }) })),
    'invalid_window',
    /over; found \[\]/,
  ],
  ['a window of no length', () => flights.by(airport).features(f => ({ mean: f.mean('delay', { over: '0d' }) })), 'invalid_window', /"0d"/],
  [
    'a calendar window that there is not',
    () => flights.by(airport).features(f => ({ mean: f.mean('delay', { over: 'yesterday' as 'today' }) })),
    'invalid_window',
    /"yesterday"; expected a duration such as .*, or one of thisHour, today, thisWeek, thisMonth, all/,
  ],
  [
    'a calendar window of what comes after',
    () =>
      flights
        .by(airport)
        .next('1d')
        .features(f => ({ mean: f.mean('delay', { over: 'today' }) })),
    'invalid_value',
    /`over` or `delay`/,
  ],
  ['no value of several', () => flights.by(airport).features(f => ({ last: f.last('delay', { n: 0 }) })), 'invalid_value', /n; found 0/],
  ['a grid that is no duration', () => every('soon' as '7d'), 'invalid_window', /every; found "soon"/],
  [
    'a window within what is next',
    () =>
      flights
        .by(airport)
        .next('7d')
        .features(f => ({ n: f.count({ over: ['1d', '2d'] }) })),
    'invalid_value',
    /next, n; found `over` or `delay`/,
  ],
  [
    'a delay within what is next',
    () =>
      flights
        .by(airport)
        .next('7d')
        .features(f => ({ n: f.count({ delay: '1d' }) })),
    'invalid_value',
    /next, n/,
  ],
  ['a key that is a name', () => entity('airport' as never), 'invalid_value', /entity; found "airport"; expected the columns of its key/],
  ['an output that cannot be read', () => onnx('a.onnx', { output: 'p[x]' }), 'invalid_value', /a\.onnx, output; found "p\[x\]"/],
  ['a constant that JSON cannot hold', () => flights.where(r => r.delay.gt(Number.NaN)), 'wrong_type', /NaN/],
]

for (const [what, define, code, message] of REFUSED) {
  test(`${what} is refused where it is written`, () => {
    assert.throws(define, (error: unknown) => error instanceof PrescoreError && error.code === code && message.test(error.message))
  })
}
