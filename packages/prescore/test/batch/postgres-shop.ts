/** The shop with its orders and customers in PostgreSQL, or with its answers there. */
import type { PostgresServer } from '../postgres-server.ts'
import { CONFIG, type Customer, changed, type Order, shopCustomers, shopOrders } from './shop.ts'

/** The variable that holds the URL. */
export const SHOP_URL = 'PRESCORE_TEST_SHOP'

/** The variable that holds the URL of an output. */
export const OUTPUT_URL = 'PRESCORE_TEST_DATABASE'
export const TABLE = `postgresTable({ url: env('${OUTPUT_URL}'), table: 'scores' })`

/** The shop with an output of this definition. */
export function withOutput(output: string): string {
  return changed(
    changed(CONFIG, 'gates: { coverage: 0.9 }', `gates: { coverage: 0.9 }, outputs: { warehouse: ${output} }`),
    'defineProject, entity,',
    'defineProject, entity, env, postgresTable,',
  )
}

/** Another project file of the shop, over tables instead of files. */
export function overTables(config = CONFIG): string {
  const from = (table: string) => `from: postgres({ url: env('${SHOP_URL}'), table: '${table}' })`
  const tables = ['orders', 'customers'].reduce((text, name) => changed(text, `files: '${name}.parquet'`, from(name)), config)
  return changed(tables, 'defineProject, entity,', 'defineProject, entity, env, postgres,')
}

/** Puts the shop's rows into the database, in the place of what is there. */
export async function fillTables(server: PostgresServer, orders = shopOrders(), customers = shopCustomers()): Promise<void> {
  const order = ({ id, customer, atUs, amount }: Order) => `(${id}, to_timestamp(${atUs / 1e6}), '${customer}', ${amount}, NULL)`
  const about = ({ customer, active }: Customer) => `('${customer}', ${active})`
  await server.query(
    `DROP TABLE IF EXISTS orders, customers CASCADE;
     CREATE TABLE orders (id int8, placed timestamptz, customer text, amount float8, note text);
     CREATE TABLE customers (customer text, active bool);
     INSERT INTO orders VALUES ${orders.map(order).join(', ')};
     INSERT INTO customers VALUES ${customers.map(about).join(', ')}`,
  )
}
