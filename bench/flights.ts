/** The real flights as the bench asks about them: two entities, three windows, five aggregates, and what a model takes beside them. */
import { prepare } from '../examples/flights/prepare.ts'
import { defineProject, entity, events, type LoadedProject, onnx, prediction } from '../packages/prescore/src/project/index.ts'

const WINDOWS = ['1d', '7d', '30d'] as const
/** About half a million flights leave from here on. */
export const FROM = '2001-06-01'
export const FROM_US = Date.parse(`${FROM}T00:00:00Z`) * 1000

export interface FlightsProject {
  readonly file: string
  readonly loaded: LoadedProject
}

/** @param divisor delays are summed in minutes divided by it: by 3, they are numbers that no binary fraction holds. */
export async function flightsProject(model: string, divisor = 1): Promise<FlightsProject> {
  const { file } = await prepare()
  const flights = events({
    files: file,
    columns: { date: 'timestamp', delay: 'int64', distance: 'int64', origin: 'string', destination: 'string' },
    derive: r => ({ minutes: divisor === 1 ? r.delay.times(1) : r.delay.div(divisor) }),
    zone: 'UTC',
    time: 'date',
  })
  const late = flights.by(entity({ origin: 'string' })).features(f => ({
    airportCount: f.count({ over: WINDOWS }),
    airportMean: f.mean('minutes', { over: WINDOWS }),
    airportStd: f.std('minutes', { over: WINDOWS }),
    airportMax: f.max('minutes', { over: WINDOWS }),
    airportLate: f.share(r => r.delay.gt(15), { over: WINDOWS }),
  }))
  const route = entity({ origin: 'string', destination: 'string' })
  const onRoute = flights.by(route).features(f => ({
    routeCount: f.count({ over: WINDOWS }),
    routeMean: f.mean('minutes', { over: WINDOWS }),
    routeStd: f.std('minutes', { over: WINDOWS }),
    routeMax: f.max('minutes', { over: WINDOWS }),
    routeLate: f.share(r => r.delay.gt(15), { over: WINDOWS }),
  }))
  const { definition } = defineProject({
    sources: { flights },
    predictions: {
      late: prediction({
        entity: route,
        inputs: { distance: 'int64' },
        zone: 'UTC',
        join: s => ({ airport: late.at({ origin: s.key.origin }), route: onRoute.at(s.key) }),
        features: s => ({
          ...s.join.airport,
          ...s.join.route,
          hour: s.asOf.hourOfDay(),
          weekday: s.asOf.dayOfWeek(),
          distance: s.inputs.distance,
        }),
        model: onnx(model, { output: 'y' }),
        training: { rows: flights, asOf: r => r.date, label: r => r.delay.gt(15) },
        policy: { mode: 'live' },
      }),
    },
  })
  return { file, loaded: { definition, file: import.meta.filename, folder: import.meta.dirname } }
}
