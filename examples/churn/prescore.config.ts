/** Which customers will not order anything in the next 30 days? Scored at night, written to PostgreSQL for the application. */
import { defineProject, entity, env, events, file, onnx, postgresTable, prediction, table } from 'prescore'

const customers = table({ files: 'data/customers.parquet', columns: { customer: 'int64', created: 'timestamp', country: 'string' } })
const orders = events({
  files: 'data/orders.parquet',
  columns: { id: 'int64', customer: 'int64', at: 'timestamp', amount: 'float64' },
  id: 'id',
  time: 'at',
})
const tickets = events({
  files: 'data/tickets.parquet',
  columns: { id: 'int64', customer: 'int64', at: 'timestamp', severe: 'boolean' },
  id: 'id',
  time: 'at',
})
/** Each customer who was active on a Monday: moments at which the question could have been asked. */
const mondays = events({
  files: 'data/mondays.parquet',
  columns: { id: 'int64', customer: 'int64', at: 'timestamp' },
  id: 'id',
  time: 'at',
})

const customer = entity({ customer: 'int64' })

const habits = orders.by(customer).features(f => ({
  orders: f.count({ over: ['30d', '90d'] }),
  spent: f.sum('amount', { over: ['30d', '90d'] }),
  basket: f.mean('amount', { over: '90d' }),
  sinceOrder: f.timeSinceLast({ over: '180d' }),
}))
const trouble = tickets.by(customer).features(f => ({
  tickets: f.count({ over: ['14d', '90d'] }),
  severe: f.count({ over: '30d', where: r => r.severe }),
  sinceTicket: f.timeSinceLast({ over: '90d' }),
}))
const profile = customers.by(customer).features(f => ({ created: f.last('created') }))

/** The application's database, where one is named; a file for whoever has none. */
const warehouse =
  process.env.DATABASE_URL === undefined
    ? file({ path: 'data/churn_scores.parquet', features: true })
    : postgresTable({ url: env('DATABASE_URL'), table: 'churn_scores', keep: '30d' })

export default defineProject({
  sources: { customers, orders, tickets, mondays },
  predictions: {
    churn: prediction({
      entity: customer,
      zone: 'UTC',
      join: s => ({ habits: habits.at(s.key), trouble: trouble.at(s.key), profile: profile.at(s.key) }),
      features: s => ({
        ...s.join.habits,
        ...s.join.trouble,
        tenure: s.asOf.minus(s.join.profile.created).inDays(),
      }),
      model: onnx('models/churn.onnx', { output: 'probabilities[1]' }),
      population: orders.since('90d').keys(customer),
      training: {
        rows: mondays,
        asOf: r => r.at,
        next: orders
          .by(customer)
          .next('30d')
          .features(f => ({ orders: f.count() })),
        label: (_, next) => next.orders.eq(0),
      },
      policy: { mode: 'batch', schedule: '0 3 * * *', maxAge: '36h' },
      gates: {
        coverage: 1,
        range: { least: 0, greatest: 1 },
        constant: false,
        shift: 0.2,
        sql: { calm: 'SELECT avg(value) FROM run HAVING avg(value) > 0.9' },
        warn: ['shift'],
      },
      outputs: { warehouse },
    }),
  },
})
