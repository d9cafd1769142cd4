/** Card payments: a million customers with ten each in a month of history, and a stream of new ones. Always the same. */
import { join } from 'node:path'
import type { Column } from '../../packages/prescore/src/expressions/index.ts'
import { type LiveGroup, liveGroup, type PositionedChunk } from '../../packages/prescore/src/online/index.ts'
import { type Database, literal } from '../../packages/prescore/src/parquet/index.ts'
import { entity, events } from '../../packages/prescore/src/project/index.ts'
import type { SourceAt } from '../../packages/prescore/src/sources/index.ts'

export const CUSTOMERS = 1_000_000
export const PAYMENTS = 10 * CUSTOMERS
const MONTH_S = 30 * 86_400
/** Where the history ends. */
export const NOW_US = Date.parse('2026-06-30T00:00:00Z') * 1000

const payments = events({
  files: 'payments.parquet',
  columns: { customer: 'string', amount: 'float64', at: 'timestamp', received: 'timestamp' },
  time: 'at',
  arrival: row => row.received,
})
const group = payments.by(entity({ customer: 'string' })).features(f => ({
  count: f.count({ over: ['1d', '7d', '30d'] }),
  mean: f.mean('amount', { over: ['1d', '7d', '30d'] }),
  std: f.std('amount', { over: ['1d', '7d', '30d'] }),
  max: f.max('amount', { over: ['1d', '7d', '30d'] }),
}))

export function sourceIn(folder: string): SourceAt {
  return { name: 'payments', definition: payments.definition, folder }
}

/** Twelve features of a customer. */
export function groupIn(folder: string): LiveGroup {
  return liveGroup(sourceIn(folder), { source: 'payments', entity: group.entity.columns, by: group.by, features: group.features })
}

export function customerOf(number: number): string {
  return `c${String(number).padStart(7, '0')}`
}

/** Times in milliseconds, amounts in cents, received some seconds later. */
export async function writeHistory(database: Database, folder: string): Promise<void> {
  const us = `${NOW_US} - CAST(hash(i) % ${MONTH_S * 1000} AS BIGINT) * 1000 - 1000000`
  const rows = `SELECT 'c' || lpad(CAST(hash(i, 1) % ${CUSTOMERS} AS VARCHAR), 7, '0') AS customer, CAST(hash(i, 2) % 50000 AS DOUBLE) / 100 AS amount,
    make_timestamptz(${us}) AS "at", make_timestamptz(${us} + CAST(hash(i, 3) % 60 AS BIGINT) * 1000000) AS received FROM range(${PAYMENTS}) AS t(i) ORDER BY "at"`
  await database.withConnection(async connection => {
    await connection.run(`COPY (${rows}) TO ${literal(join(folder, 'payments.parquet'))}`)
  })
}

/** Payments of random customers, ten a millisecond, as a log gives them. */
export function streamed(after: number, rows: number): PositionedChunk {
  const customers = Array.from({ length: rows }, (_, i) => customerOf((Math.imul(after + i, 0x9e3779b1) >>> 0) % CUSTOMERS))
  const numbers = (value: (position: number) => number) => Float64Array.from({ length: rows }, (_, i) => value(after + i))
  const timeUs = numbers(position => NOW_US + Math.floor(position / 10) * 1000)
  const columns = new Map<string, Column>([
    ['row.customer', { type: { kind: 'string' }, codes: Int32Array.from({ length: rows }, (_, i) => i), dictionary: customers }],
    ['row.amount', { type: { kind: 'float64' }, values: numbers(position => (position % 50_000) / 100) }],
  ])
  return { rows, columns, timeUs, knownAtUs: timeUs, positions: numbers(position => position + 1) }
}
