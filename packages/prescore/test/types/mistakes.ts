/** The mistakes that the compiler must catch. Compiled, never run. */
import { env, events, onnx, postgres, prediction } from 'prescore'
import { airport, atAirport, flights, slot } from './sketches.ts'

// @ts-expect-error a column that is not declared
events({ files: 'x', columns: { at: 'timestamp' }, time: 'when' })
// @ts-expect-error nothing says where the rows are
events({ columns: { at: 'timestamp' }, time: 'at' })
// @ts-expect-error files or a database, and not both
events({ files: 'x', from: postgres({ url: env('X'), table: 'x' }), columns: { at: 'timestamp' }, time: 'at' })
// @ts-expect-error the URL is a secret: it stands in the environment
postgres({ url: 'postgres://user:password@host/database', table: 'x' })
// @ts-expect-error a table or a statement, and not both
postgres({ url: env('X'), table: 'x', query: 'SELECT 1' })
events({
  files: 'x',
  columns: { at: 'timestamp', delay: 'int64' },
  time: 'at',
  // @ts-expect-error a mistyped column in a derived column
  derive: r => ({ late: r.dealy.gt(15) }),
})
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error a column that is not declared
  mean: f.mean('dealy', { over: '1h' }),
}))
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error a text has no mean
  mean: f.mean('destination', { over: '1h' }),
}))
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error a window needs a unit
  mean: f.mean('delay', { over: ['7'] }),
}))
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error a calendar window that there is not
  routes: f.distinct('destination', { over: 'yesterday' }),
}))
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error there is one least value
  least: f.min('delay', { over: '7d', n: 2 }),
}))
flights.by(airport, { code: 'origin' }).features(f => ({
  // @ts-expect-error what holds now has no window
  distance: f.current('distance', { over: '7d' }),
}))
// @ts-expect-error names differ, so a mapping is needed
flights.by(airport)
// @ts-expect-error a number column for a string key
flights.by(airport, { code: 'delay' })
prediction({
  entity: slot,
  join: s => ({ airport: atAirport.at({ code: s.key.origin }) }),
  // @ts-expect-error a feature that the group does not have
  features: s => ({ mean: s.join.airport.airportMean_2h }),
  model: onnx('x.onnx'),
  policy: { mode: 'batch' },
})
prediction({
  inputs: { amount: 'float64' },
  // @ts-expect-error an input that is not declared
  features: s => ({ amount: s.inputs.amonut }),
  model: onnx('x.onnx'),
  policy: { mode: 'live' },
})
prediction({
  entity: slot,
  // @ts-expect-error a key column that the entity does not have
  join: s => ({ airport: atAirport.at({ code: s.key.orgin }) }),
  features: s => ({ hour: s.key.hour }),
  model: onnx('x.onnx'),
  policy: { mode: 'batch' },
})
// @ts-expect-error texts are not compared by order
flights.where(r => r.origin.gt('A'))
flights.keys(airport, { code: 'origin' }).inputs({
  // @ts-expect-error a column that is not declared
  amount: 'dealy',
})
