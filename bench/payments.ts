/** Generated payments: cents, late and missing ones among them. */
import { join } from 'node:path'
import { type Database, literal } from '../packages/prescore/src/parquet/index.ts'
import { defineProject, entity, events, type LoadedProject, onnx, prediction } from '../packages/prescore/src/project/index.ts'

export const WINDOWS = ['1d', '7d', '30d'] as const
/** The 30 days of the events end here. */
export const AS_OF_US = Date.parse('2026-06-30T00:00:00Z') * 1000
export const DAY_US = 86_400e6

export function paymentsProject(folder: string): LoadedProject {
  const payments = events({
    files: 'payments.parquet',
    columns: { customer: 'int64', time: 'timestamp', received: 'timestamp', amount: 'float64', shop: 'int64' },
    time: 'time',
    arrival: r => r.received,
  })
  const customer = entity({ customer: 'int64' })
  const sums = payments.by(customer).features(f => ({
    count: f.count('amount', { over: WINDOWS }),
    sum: f.sum('amount', { over: WINDOWS }),
    mean: f.mean('amount', { over: WINDOWS }),
    std: f.std('amount', { over: WINDOWS }),
    max: f.max('amount', { over: WINDOWS }),
  }))
  const shops = payments.by(customer).features(f => ({ shops: f.distinct('shop', { over: WINDOWS }) }))
  const { definition } = defineProject({
    sources: { payments },
    predictions: {
      spend: prediction({
        entity: customer,
        join: s => ({ sums: sums.at(s.key), shops: shops.at(s.key) }),
        features: s => ({ ...s.join.sums, ...s.join.shops }),
        model: onnx('none.onnx'),
        training: { rows: payments, asOf: r => r.time, label: r => r.shop.gt(500) },
        policy: { mode: 'live' },
      }),
    },
  })
  return { definition, file: import.meta.filename, folder }
}

export async function writePayments(database: Database, folder: string, events: number, keys: number): Promise<void> {
  const us = `${AS_OF_US} - 1 - CAST(hash(i) % ${30 * DAY_US} AS BIGINT)`
  const late = 'CASE WHEN hash(i, 1) % 50 = 0 THEN CAST(hash(i, 2) % 21600000000 AS BIGINT) ELSE 2000000 END'
  const amount = 'CASE WHEN hash(i, 3) % 100 = 0 THEN NULL ELSE CAST(hash(i, 4) % 50000 AS DOUBLE) / 100 END'
  const columns = [
    `CAST(hash(i, 5) % ${keys} AS BIGINT) AS customer`,
    `make_timestamptz(${us}) AS time`,
    `make_timestamptz(${us} + ${late}) AS received`,
    `${amount} AS amount`,
    'CAST(hash(i, 6) % 1000 AS BIGINT) AS shop',
  ]
  const sql = `SELECT ${columns.join(', ')} FROM range(${events}) AS t(i)`
  await database.query(`COPY (${sql}) TO ${literal(join(folder, 'payments.parquet'))} (FORMAT parquet)`, 'payments')
}
