/** Three projects that the definitions must make natural. */
import { defineProject, entity, env, events, every, minutes, onnx, postgresTable, prediction, table } from 'prescore'

// 1. Late flights: windows on two entities, an hourly key, batch at night.
export const flights = events({
  files: 'data/flights.parquet',
  columns: { id: 'int64', date: 'timestamp', delay: 'int64', distance: 'int64', origin: 'string', destination: 'string' },
  zone: 'America/New_York',
  derive: r => ({ landed: r.date.plus(minutes(r.distance.div(7.2).plus(30))), hour: r.date.hourOfDay() }),
  id: 'id',
  time: 'date',
  arrival: r => r.landed,
})
export const airport = entity({ code: 'string' })
const route = entity({ origin: 'string', destination: 'string' })
export const slot = entity({ origin: 'string', destination: 'string', hour: 'int64' })

export const atAirport = flights.by(airport, { code: 'origin' }).features(f => ({
  airportMean: f.mean('delay', { over: ['1h', '3h', '1d', '7d'] }),
  airportLate: f.share(c => c.delay.gt(15), { over: ['1h', '3h', '1d', '7d'] }),
  sinceLast: f.timeSinceLast(),
}))
const onRoute = flights.by(route).features(f => ({
  routeMean: f.mean('delay', { over: ['7d', '28d'] }),
  routeLate: f.share(c => c.delay.gt(15), { over: ['7d', '28d'] }),
  distance: f.last('distance'),
}))

const late = prediction({
  entity: slot,
  zone: 'America/New_York',
  join: s => ({ airport: atAirport.at({ code: s.key.origin }), route: onRoute.at(s.key) }),
  features: s => ({ ...s.join.airport, ...s.join.route, hour: s.key.hour, weekday: s.asOf.dayOfWeek() }),
  model: onnx('models/late.onnx', { output: 'probabilities[1]' }),
  population: flights.since('28d').keys(slot),
  training: { rows: flights, asOf: r => r.date, label: r => r.delay.gt(15) },
  policy: { mode: 'hybrid', schedule: '0 3 * * *', maxAge: '24h', maxLag: '2h', deadline: '50ms' },
  gates: { coverage: 0.99, missing: 0.2 },
})

// 2. Card fraud: the current transaction is the input; windows by card and by merchant; live only.
const transactions = events({
  files: 'data/transactions/*.parquet',
  columns: { id: 'string', time: 'timestamp', card: 'string', merchant: 'string', amount: 'float64', fraud: 'boolean' },
  zone: 'UTC',
  id: 'id',
  time: 'time',
})
const card = entity({ card: 'string' })
const merchant = entity({ merchant: 'string' })
const byCard = transactions.by(card).features(f => ({
  cardCount: f.count({ over: '15m' }),
  cardMean: f.mean('amount', { over: ['7d'] }),
  merchants: f.distinct('merchant', { over: ['today', '7d'] }),
  firstAmount: f.first('amount', { over: 'thisMonth' }),
  lastAmounts: f.last('amount', { n: 3 }),
  usual: f.mode('amount', { over: ['7d', '30d'], n: 2 }),
}))
const byMerchant = transactions.by(merchant).features(f => ({ merchantMean: f.mean('amount', { over: '1h' }) }))
const fraud = prediction({
  inputs: { card: 'string', merchant: 'string', amount: 'float64' },
  join: s => ({ card: byCard.at({ card: s.inputs.card }), merchant: byMerchant.at({ merchant: s.inputs.merchant }) }),
  features: s => ({
    ...s.join.card,
    ...s.join.merchant,
    amount: s.inputs.amount,
    ratio: s.inputs.amount.div(s.join.card.cardMean_7d),
    shops: s.join.card.merchants_today.plus(s.join.card.firstAmount),
    rise: s.join.card.lastAmounts_1.minus(s.join.card.lastAmounts_3),
    isUsual: s.join.card.usual_7d_1.eq(s.join.card.usual_30d_2),
  }),
  training: { rows: transactions, asOf: r => r.time, inputs: r => r, label: r => r.fraud },
  model: onnx('models/fraud.onnx'),
  policy: { mode: 'live', deadline: '100ms', default: { value: 0.5, reason: 'no score' } },
})

// 3. Nightly churn, written to PostgreSQL as a table the application reads.
const orders = events({
  files: 'data/orders.parquet',
  columns: { id: 'int64', customer: 'int64', at: 'timestamp', amount: 'float64' },
  zone: 'UTC',
  id: 'id',
  time: 'at',
})
const customers = table({
  files: 'data/customers.parquet',
  columns: { customer: 'int64', createdAt: 'timestamp', country: 'string' },
  zone: 'UTC',
})
const customer = entity({ customer: 'int64' })
const orderHabits = orders
  .by(customer)
  .features(f => ({ orders: f.count({ over: ['30d', '90d'] }), spent: f.sum('amount', { over: '90d' }) }))
const profile = customers.by(customer).features(f => ({ createdAt: f.current('createdAt') }))
const churn = prediction({
  entity: customer,
  zone: 'UTC',
  join: s => ({ orders: orderHabits.at(s.key), profile: profile.at(s.key) }),
  features: s => ({ ...s.join.orders, tenure: s.asOf.minus(s.join.profile.createdAt).inDays() }),
  population: customers.where((c, t) => c.createdAt.before(t)).keys(customer),
  training: {
    rows: customers,
    asOf: every('7d'),
    next: orders
      .by(customer)
      .next('30d')
      .features(f => ({ bought: f.count() })),
    label: (_, next) => next.bought.eq(0),
  },
  model: onnx('models/churn.onnx'),
  policy: { mode: 'batch', schedule: '0 3 * * *', maxAge: '36h' },
  outputs: { warehouse: postgresTable({ url: env('DATABASE_URL'), table: 'churn_scores', keep: '30d' }) },
})

export default defineProject({
  sources: { flights, transactions, orders, customers },
  predictions: { late, fraud, churn },
})
