/**
 * A small shop as a project in a folder of its own: generated orders and customers, a model made by hand, and what each
 * answer must be, worked out here from the raw rows.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database, literal } from '../../src/parquet/index.ts'
import './compile-cache.ts'

export const AS_OF = '2026-03-10T12:00:00Z'
export const AS_OF_US = Date.parse(AS_OF) * 1000
const MINUTE_US = 60_000_000
const WEEK_US = 7 * 24 * 60 * MINUTE_US

export const CONFIG = `import { defineProject, entity, events, fn, minutes, onnx, prediction, table } from 'prescore'

const orders = events({
  files: 'orders.parquet',
  columns: { id: 'int64', placed: 'timestamp', customer: 'string', amount: 'float64', note: 'string' },
  zone: 'Europe/Paris',
  derive: r => ({
    net: fn({ args: { amount: r.amount }, returns: 'float64', run: ({ amount }) => amount === undefined ? undefined : amount / 2 }),
    arrived: r.placed.plus(minutes(5)),
  }),
  id: 'id',
  time: 'placed',
  arrival: r => r.arrived,
})
const customers = table({ files: 'customers.parquet', columns: { customer: 'string', active: 'boolean' } })
const customer = entity({ customer: 'string' })
const own = orders.by(customer).features(f => ({
  orders: f.count({ over: '7d' }),
  total: f.sum('net', { over: '7d' }),
  largest: f.max('amount', { over: '7d' }),
}))

export default defineProject({
  sources: { orders, customers },
  predictions: {
    spend: prediction({
      entity: customer,
      zone: 'Europe/Paris',
      join: s => ({ own: own.at(s.key) }),
      features: s => ({ orders: s.join.own.orders, total: s.join.own.total, largest: s.join.own.largest, hour: s.asOf.hourOfDay() }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      population: customers.where(r => r.active).keys(customer),
      policy: { mode: 'batch', maxAge: '24h' },
      gates: { coverage: 0.9 },
    }),
  },
})
`

export interface Order {
  readonly id: number
  readonly customer: string
  readonly atUs: number
  readonly amount: number
}

export interface Customer {
  readonly customer: string
  readonly active: boolean
}

export interface ShopOptions {
  readonly config?: string
  readonly model?: 'weighted' | 'weighted_other' | 'fragile'
  readonly orders?: readonly Order[]
  readonly customers?: readonly Customer[]
}

/** The text with one part of it replaced, which must be there. */
export function changed(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`no ${from}`)
  return text.replace(from, to)
}

/** Makes the shop, and gives its folder. */
export async function makeShop({
  config = CONFIG,
  model = 'weighted',
  orders = shopOrders(),
  customers = shopCustomers(),
}: ShopOptions = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-shop-'))
  writeFileSync(join(folder, 'prescore.config.ts'), config)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/prescore'))
  putModel(folder, model)
  await writeOrders(folder, orders)
  await writeCustomers(folder, customers)
  return folder
}

export function removeShop(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

export function putModel(folder: string, model: string, name = 'model.onnx'): void {
  copyFileSync(join(import.meta.dirname, `fixtures/${model}.onnx`), join(folder, name))
}

/** 400 orders of 45 customers, from 8 days before the as-of to an hour after it; three ids come twice, later and with other amounts. */
export function shopOrders(): readonly Order[] {
  const order = (i: number): Order => ({
    id: i + 1,
    customer: `c${(i * 7) % 45}`,
    atUs: AS_OF_US + (60 - ((i * 2609) % 12_000)) * MINUTE_US,
    amount: ((i * 37) % 400) / 4,
  })
  const orders = Array.from({ length: 400 }, (_, i) => order(i))
  const again = orders.slice(0, 3).map(each => ({ ...each, atUs: each.atUs + MINUTE_US, amount: 1000 }))
  return [...orders, ...again]
}

/** 40 customers, of whom 30 are active, and one who never ordered. */
export function shopCustomers(): readonly Customer[] {
  const customers = Array.from({ length: 40 }, (_, i) => ({ customer: `c${i}`, active: i % 4 !== 3 }))
  return [...customers, { customer: 'never', active: true }]
}

/** By customer, from the definition: windows, both clocks, first arrivals, missing, and the model's weights. */
export function expectedAnswers(orders = shopOrders(), customers = shopCustomers(), asOfUs = AS_OF_US): ReadonlyMap<string, number> {
  const first = new Map<number, Order>()
  for (const order of orders) if ((first.get(order.id)?.atUs ?? Number.POSITIVE_INFINITY) > order.atUs) first.set(order.id, order)
  const known = [...first.values()].filter(({ atUs }) => atUs >= asOfUs - WEEK_US && atUs < asOfUs && atUs + 5 * MINUTE_US <= asOfUs)
  const answer = (customer: string): number => {
    const amounts = known.filter(order => order.customer === customer).map(({ amount }) => amount)
    const total = amounts.reduce((sum, amount) => sum + amount / 2, 0)
    const largest = amounts.length === 0 ? -1 : Math.max(...amounts)
    // On 10 March, 12:00 in UTC is 13:00 in Paris.
    return amounts.length + 1e3 * total + 1e6 * largest + 1e9 * 13
  }
  return new Map(customers.filter(({ active }) => active).map(({ customer }) => [customer, answer(customer)]))
}

export async function writeOrders(folder: string, orders: readonly Order[]): Promise<void> {
  const rows = orders.map(({ id, customer, atUs, amount }) => `(${id}, ${atUs}, '${customer}', ${amount})`)
  const columns = 'id::BIGINT AS id, make_timestamptz(us::BIGINT) AS placed, customer, amount::DOUBLE AS amount, NULL::VARCHAR AS note'
  await writeRows(join(folder, 'orders.parquet'), `SELECT ${columns} FROM (VALUES ${rows.join(', ')}) AS v(id, us, customer, amount)`)
}

export async function writeCustomers(folder: string, customers: readonly Customer[]): Promise<void> {
  const rows = customers.map(({ customer, active }) => `('${customer}', ${active})`)
  await writeRows(join(folder, 'customers.parquet'), `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(customer, active)`)
}

/** The result of a query as a Parquet file. */
export async function writeRows(file: string, sql: string): Promise<void> {
  const database = await Database.open({ threads: 1 })
  try {
    await database.query(`COPY (${sql}) TO ${literal(file)} (FORMAT parquet)`, file)
  } finally {
    database.close()
  }
}
