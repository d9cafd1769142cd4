/** How likely is a flight that leaves now on this route to arrive more than 15 minutes late? */
import { defineProject, entity, events, minutes, onnx, prediction } from 'prescore'

const flights = events({
  files: 'data/flights.parquet',
  columns: { id: 'int64', date: 'timestamp', delay: 'int64', distance: 'int64', origin: 'string', destination: 'string' },
  zone: 'America/New_York',
  derive: r => ({
    // 7.2 miles a minute, half an hour on the ground, and a quarter for the message to arrive.
    landed: r.date.plus(minutes(r.distance.div(7.2).plus(45))),
    hour: r.date.hourOfDay(),
  }),
  id: 'id',
  time: 'date',
  arrival: r => r.landed,
})

const airport = entity({ code: 'string' })
const route = entity({ origin: 'string', destination: 'string' })
const slot = entity({ origin: 'string', destination: 'string', hour: 'int64' })

const atAirport = flights.by(airport, { code: 'origin' }).features(f => ({
  airportFlights: f.count({ over: ['3h', '1d', '7d'] }),
  airportMean: f.mean('delay', { over: ['3h', '1d', '7d'] }),
  airportStd: f.std('delay', { over: ['1d', '7d'] }),
  airportMax: f.max('delay', { over: ['1d'] }),
  airportLate: f.share(r => r.delay.gt(15), { over: ['3h', '1d', '7d'] }),
  airportSinceLast: f.timeSinceLast({ over: '7d' }),
}))

const onRoute = flights.by(route).features(f => ({
  routeFlights: f.count({ over: ['7d', '28d'] }),
  routeMean: f.mean('delay', { over: ['1d', '7d', '28d'] }),
  routeStd: f.std('delay', { over: ['28d'] }),
  routeMax: f.max('delay', { over: ['7d'] }),
  routeLate: f.share(r => r.delay.gt(15), { over: ['1d', '7d', '28d'] }),
  routeSinceLast: f.timeSinceLast({ over: '28d' }),
  distance: f.last('distance', { over: '28d' }),
}))

export default defineProject({
  sources: { flights },
  // All live answers, so that `prescore audit` has something to show; where many are asked for, one key in a hundred will do.
  monitor: { audit: { sample: 1 } },
  predictions: {
    late: prediction({
      entity: slot,
      zone: 'America/New_York',
      join: s => ({ airport: atAirport.at({ code: s.key.origin }), route: onRoute.at(s.key) }),
      features: s => ({ ...s.join.airport, ...s.join.route, hour: s.key.hour, weekday: s.asOf.dayOfWeek() }),
      model: onnx('models/late.onnx', { output: 'probabilities[1]' }),
      population: flights.since('28d').keys(slot),
      training: { rows: flights, asOf: r => r.date, label: r => r.delay.gt(15) },
      policy: { mode: 'hybrid', schedule: '0 3 * * *', maxAge: '4h', maxLag: '2h', deadline: '1s' },
      gates: { coverage: 0.99, missing: 0.2 },
    }),
  },
})
