/** Writes `data/transactions.parquet`: a month of generated card payments. Does nothing when it is there. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, timestampTZValue } from '@duckdb/node-api'
import { generate } from './generate.ts'

const folder = join(import.meta.dirname, 'data')

/** @returns the path of the file and how many transactions it has. */
export async function prepare(): Promise<{ readonly file: string; readonly transactions: number }> {
  const file = join(folder, 'transactions.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    if (!existsSync(file)) {
      await mkdir(folder, { recursive: true })
      await fill(connection)
      await connection.run(`COPY (SELECT * FROM transactions ORDER BY id) TO '${file}.tmp' (FORMAT parquet)`)
      await rename(`${file}.tmp`, file)
    }
    const [row] = (await connection.runAndReadAll(`SELECT count(*) AS transactions FROM '${file}'`)).getRowObjects()
    return { file, transactions: Number(row?.transactions) }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function fill(connection: DuckDBConnection): Promise<void> {
  await connection.run(`CREATE TABLE transactions
    (id BIGINT, time TIMESTAMPTZ, received TIMESTAMPTZ, card VARCHAR, merchant VARCHAR, amount DOUBLE, fraud BOOLEAN)`)
  const appender = await connection.createAppender('transactions')
  for (const { id, timeUs, receivedUs, card, merchant, amount, fraud } of generate()) {
    appender.appendBigInt(BigInt(id))
    appender.appendTimestampTZ(timestampTZValue(BigInt(timeUs)))
    appender.appendTimestampTZ(timestampTZValue(BigInt(receivedUs)))
    appender.appendVarchar(card)
    appender.appendVarchar(merchant)
    appender.appendDouble(amount)
    appender.appendBoolean(fraud)
    appender.endRow()
  }
  appender.closeSync()
}

if (import.meta.main) {
  const { file, transactions } = await prepare()
  console.log(`${transactions.toLocaleString('en-US')} transactions in ${file}`)
}
