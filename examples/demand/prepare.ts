/** Writes `data/products.parquet` and `data/sales.parquet`: the generated shop. Does nothing when they are there. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBAppender, type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { generate } from './generate.ts'

const folder = join(import.meta.dirname, 'data')
const FILES = { products: join(folder, 'products.parquet'), sales: join(folder, 'sales.parquet') }

/** @returns how many products there are, and how many days of sales. */
export async function prepare(): Promise<{ readonly products: number; readonly sales: number }> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    if (!existsSync(FILES.products) || !existsSync(FILES.sales)) await write(connection)
    const [row] = (
      await connection.runAndReadAll(`SELECT (SELECT count(DISTINCT sku) FROM '${FILES.products}') AS products,
        (SELECT count(*) FROM '${FILES.sales}') AS sales`)
    ).getRowObjects()
    return { products: Number(row?.products), sales: Number(row?.sales) }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function write(connection: DuckDBConnection): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { products, sales } = generate()
  await fill(connection, 'products', 'sku VARCHAR, since VARCHAR, season VARCHAR, price DOUBLE, channel VARCHAR', appender => {
    for (const { sku, since, season, price, channel } of products) {
      for (const text of [sku, since, season]) appender.appendVarchar(text)
      appender.appendDouble(price)
      appender.appendVarchar(channel)
      appender.endRow()
    }
  })
  await fill(connection, 'sales', 'id BIGINT, sku VARCHAR, day VARCHAR, units BIGINT, price DOUBLE', appender => {
    for (const { id, sku, day, units, price } of sales) {
      appender.appendBigInt(BigInt(id))
      for (const text of [sku, day]) appender.appendVarchar(text)
      appender.appendBigInt(BigInt(units))
      appender.appendDouble(price)
      appender.endRow()
    }
  })
  await copy(connection, 'SELECT sku, since::TIMESTAMP AS since, season, price, channel FROM products', FILES.products)
  // The shop closes at eight.
  await copy(connection, 'SELECT id, sku, day::TIMESTAMP + INTERVAL 20 HOURS AS closed, units, price FROM sales ORDER BY id', FILES.sales)
}

async function fill(connection: DuckDBConnection, name: string, columns: string, rows: (appender: DuckDBAppender) => void): Promise<void> {
  await connection.run(`CREATE TABLE ${name} (${columns})`)
  const appender = await connection.createAppender(name)
  rows(appender)
  appender.closeSync()
}

/** Nothing half-written is seen, and others may prepare at the same time. */
async function copy(connection: DuckDBConnection, sql: string, file: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  await connection.run(`COPY (${sql}) TO '${temporary}' (FORMAT parquet)`)
  await rename(temporary, file)
}

if (import.meta.main) {
  const { products, sales } = await prepare()
  console.log(`${products} products and ${sales.toLocaleString('en-US')} days of sales in ${folder}`)
}
