/** Twenty features of each customer's payments; the files lie where `PRESCORE_BENCH_FOLDER` says. */
import { join } from 'node:path'
import { defineProject, entity, events, onnx, prediction } from '../../packages/prescore/src/project/index.ts'

const WINDOWS = ['1d', '7d', '30d'] as const
const folder = process.env.PRESCORE_BENCH_FOLDER ?? '.'

const payments = events({
  files: join(folder, 'payments.parquet'),
  columns: { customer: 'int64', time: 'timestamp', received: 'timestamp', amount: 'float64', shop: 'int64' },
  time: 'time',
  arrival: r => r.received,
})
const customer = entity({ customer: 'int64' })
const sums = payments.by(customer).features(f => ({
  count: f.count({ over: WINDOWS }),
  sum: f.sum('amount', { over: WINDOWS }),
  mean: f.mean('amount', { over: WINDOWS }),
  std: f.std('amount', { over: WINDOWS }),
  max: f.max('amount', { over: WINDOWS }),
  min: f.min('amount', { over: WINDOWS }),
  known: f.count('amount', { over: ['1d', '30d'] }),
}))

export default defineProject({
  sources: { payments },
  predictions: {
    spend: prediction({
      entity: customer,
      join: s => ({ sums: sums.at(s.key) }),
      features: s => s.join.sums,
      model: onnx(join(folder, 'model.onnx')),
      population: payments.since('30d').keys(customer),
      policy: { mode: 'batch' },
    }),
  },
})
