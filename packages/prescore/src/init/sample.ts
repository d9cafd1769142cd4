/** The sample: orders of a small shop until now, and a tiny model of what each customer will spend next week. */
import { formatInstant } from '../base/index.ts'
import { linearModel } from './linear-model.ts'

const CUSTOMERS = 40
const ORDERS = 1_200
const HOUR_US = 3_600_000_000
const DAYS = 28

export const SAMPLE_CONFIG = `import { defineProject, entity, events, onnx, prediction } from 'prescore'

// Where rows come from: each is something that happened.
const orders = events({
  files: 'data/orders.csv',
  columns: { order: 'int64', at: 'timestamp', customer: 'string', amount: 'float64', express: 'boolean' },
  id: 'order',
  time: 'at',
})

// What is predicted about.
const customer = entity({ customer: 'string' })

// What is known of a customer at a moment, from the orders before it.
const habits = orders.by(customer).features(f => ({
  orders: f.count({ over: ['7d', '28d'] }),
  spent: f.sum('amount', { over: ['7d', '28d'] }),
  express: f.share(r => r.express, { over: '28d' }),
}))

export default defineProject({
  sources: { orders },
  predictions: {
    // What a customer will spend in the next seven days.
    spend: prediction({
      entity: customer,
      join: s => ({ habits: habits.at(s.key) }),
      features: s => s.join.habits,
      model: onnx('models/spend.onnx'),
      // What your own model is trained on: \`npx prescore dataset spend --out spend.parquet\`
      training: {
        rows: orders,
        asOf: r => r.at,
        next: orders.by(customer).next('7d').features(f => ({ spent: f.sum('amount') })),
        label: (_, next) => next.spent,
      },
      population: orders.since('28d').keys(customer),
      policy: { mode: 'batch', maxAge: '1d', default: { value: 0 } },
    }),
  },
})
`

/** @param nowUs the orders end shortly before. Equal moments give equal bytes. */
export function sampleOrders(nowUs: number): string {
  const endUs = Math.floor(nowUs / HOUR_US) * HOUR_US
  const random = randomNumbers(7)
  const hours = Array.from({ length: ORDERS }, () => Math.floor(random() * DAYS * 24 * 60)).sort((a, b) => b - a)
  const lines = hours.map((minutes, i) => {
    const customer = Math.floor(random() ** 1.5 * CUSTOMERS) + 1
    const amount = (5 + random() * 60 + customer / 2).toFixed(2)
    return `${i + 1},${formatInstant(endUs - (minutes + 1) * 60_000_000)},c${customer},${amount},${random() < 0.3}`
  })
  return `order,at,customer,amount,express\n${lines.join('\n')}\n`
}

/** A quarter of what was spent in four weeks, a little more where there was something last week. */
export function sampleModel(): Buffer {
  const features = ['orders_7d', 'orders_28d', 'spent_7d', 'spent_28d', 'express']
  return linearModel({ features, weights: [0.5, 0.1, 0.15, 0.2, 1.5], bias: 2 })
}

/** Numbers in [0, 1) that look random and are the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
