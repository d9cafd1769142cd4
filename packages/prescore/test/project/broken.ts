/** A sound project, to be broken one place at a time. */
import { defineProject, entity, events, onnx, type ProjectDefinition, prediction, table } from '../../src/project/index.ts'

const flights = events({
  files: 'flights.parquet',
  columns: {
    id: 'int64',
    date: 'timestamp',
    delay: 'int64',
    took: 'float64',
    origin: 'string',
    destination: 'string',
    booked: 'timestamp',
  },
  zone: 'America/New_York',
  derive: r => ({ isLate: r.delay.gt(15), hour: r.date.hourOfDay() }),
  id: 'id',
  time: 'date',
  arrival: r => r.date,
})
const airports = table({ files: 'airports.parquet', columns: { origin: 'string', runways: 'int64' } })
const airport = entity({ origin: 'string' })
const slot = entity({ origin: 'string', hour: 'int64' })

const late = prediction({
  entity: slot,
  zone: 'America/New_York',
  join: s => ({
    delays: flights
      .by(airport)
      .features(f => ({
        mean: f.mean('delay', { over: '7d', default: 0 }),
        last: f.last('destination'),
        since: f.timeSinceLast(),
        late: f.share(r => r.isLate),
      }))
      .at(s.key),
    airport: airports
      .by(airport)
      .features(f => ({ runways: f.last('runways') }))
      .at(s.key),
  }),
  features: s => ({
    mean: s.join.delays.mean,
    share: s.join.delays.late,
    since: s.join.delays.since,
    runways: s.join.airport.runways,
    hour: s.key.hour,
  }),
  model: onnx('late.onnx'),
  population: flights.since('28d').keys(slot),
  training: {
    rows: flights,
    asOf: r => r.booked,
    next: flights
      .by(slot)
      .next('1d')
      .features(f => ({ flights: f.count() })),
    label: (r, next) => next.flights.gt(3).and(r.isLate),
  },
  policy: { mode: 'batch', schedule: '0 3 * * *', default: { value: null } },
  gates: { coverage: 0.99, missing: { mean: 0.2 } },
})
const live = prediction({
  inputs: { amount: 'float64' },
  features: s => ({ amount: s.inputs.amount }),
  model: onnx('live.onnx'),
  training: { rows: flights, asOf: r => r.date, inputs: r => ({ amount: r.took }), label: r => r.isLate },
  policy: { mode: 'live' },
})

const sound = defineProject({ sources: { flights, airports }, predictions: { late, live } }).definition

/** May be changed, unlike any project. */
type Open<T> = T extends readonly (infer E)[]
  ? Open<E>[]
  : T extends object
    ? { -readonly [K in keyof T]-?: Open<Exclude<T[K], undefined>> }
    : T
export type OpenProject = Open<ProjectDefinition>

/** A copy of the sound project that may be changed. */
export function soundProject(): OpenProject {
  // By JSON, so that no two places share one object.
  return JSON.parse(JSON.stringify(sound))
}
