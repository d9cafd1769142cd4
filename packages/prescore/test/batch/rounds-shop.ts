/** A shop whose customers are numbers, so that workers share a scan: for runs of several rounds of keys. */
import { join } from 'node:path'
import { encodeKey } from '../../src/project/index.ts'
import { inShop, type OpenShop, storedCount } from './harness.ts'
import { AS_OF_US, CONFIG, changed, makeShop, shopOrders, writeRows } from './shop.ts'

/** Of whom each fifth never ordered. */
export const CUSTOMERS = 60
export const KEYS_AT_ONCE = 7
/** Parts of the keys: some for each round, so that workers do a round together. */
export const SHARDS = 18

const numbered = (config: string) => changed(config, "customer: 'string', amount", "customer: 'int64', amount")
const CUSTOMERS_NUMBERED = numbered(CONFIG)
  .replace("columns: { customer: 'string', active", "columns: { customer: 'int64', active")
  .replace("entity({ customer: 'string' })", "entity({ customer: 'int64' })")
  // Events with an id are not read together.
  .replace("  id: 'id',\n", '')

export async function makeRoundsShop(): Promise<string> {
  const folder = await makeShop({ config: CUSTOMERS_NUMBERED })
  const orders = shopOrders().map(({ id, atUs, amount }) => `(${id}, ${atUs}, ${customerOf(id)}, ${amount})`)
  const columns = 'id::BIGINT AS id, make_timestamptz(us::BIGINT) AS placed, customer::BIGINT AS customer, amount::DOUBLE AS amount'
  const select = `SELECT ${columns}, NULL::VARCHAR AS note FROM (VALUES ${orders.join(', ')}) AS v(id, us, customer, amount)`
  await writeRows(join(folder, 'orders.parquet'), select)
  await writeRows(join(folder, 'customers.parquet'), `SELECT i::BIGINT AS customer, true AS active FROM range(${CUSTOMERS}) AS r(i)`)
  return folder
}

function customerOf(order: number): number {
  const customer = (order * 7) % CUSTOMERS
  return customer % 5 === 0 ? customer + 1 : customer
}

const MINUTE_US = 60_000_000
const WEEK_US = 7 * 24 * 60 * MINUTE_US

/** From the definition: the window, both clocks, and the model's weights. */
export function expectedOf(customer: number): number {
  const amounts = shopOrders()
    .filter(({ id, atUs }) => customerOf(id) === customer && atUs >= AS_OF_US - WEEK_US && atUs + 5 * MINUTE_US <= AS_OF_US)
    .map(({ amount }) => amount)
  const total = amounts.reduce((sum, amount) => sum + amount / 2, 0)
  const largest = amounts.length === 0 ? -1 : Math.max(...amounts)
  return amounts.length + 1e3 * total + 1e6 * largest + 1e9 * 13
}

/** What is wrong with the answers of a run; empty: nothing. */
export function wrongAnswers({ app }: OpenShop, run: string): readonly string[] {
  const stored = app.store().predictions.open(run)
  const { entity = {} } = app.prediction('spend')
  const wrong: string[] = []
  for (let customer = 0; customer < CUSTOMERS; customer++) {
    const text = stored?.get(encodeKey(entity, { customer }))?.toString()
    if (text !== String(expectedOf(customer))) wrong.push(`${customer}: ${text}, and not ${expectedOf(customer)}`)
  }
  stored?.close()
  return storedCount(app, run) === CUSTOMERS ? wrong : [...wrong, `${storedCount(app, run)} answers`]
}

/** A run in rounds, in a state of its own. */
export async function runInRounds<T>(folder: string, state: string, use: (shop: OpenShop) => Promise<T>): Promise<T> {
  return inShop(folder, use, { state: join(folder, state), threads: 2 })
}
