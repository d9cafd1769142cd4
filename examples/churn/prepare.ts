/** Writes `data/*.parquet`: a year of a generated shop. Does nothing when they are there. */
import { existsSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance, timestampTZValue } from '@duckdb/node-api'
import { generate } from './generate.ts'

const folder = join(import.meta.dirname, 'data')

/** Columns by table: names as they are generated, and DuckDB's types. Moments end in `Us`. */
const TABLES = {
  customers: { customer: 'BIGINT', createdUs: 'TIMESTAMPTZ', country: 'VARCHAR' },
  orders: { id: 'BIGINT', customer: 'BIGINT', atUs: 'TIMESTAMPTZ', amount: 'DOUBLE' },
  tickets: { id: 'BIGINT', customer: 'BIGINT', atUs: 'TIMESTAMPTZ', severe: 'BOOLEAN' },
  mondays: { id: 'BIGINT', customer: 'BIGINT', atUs: 'TIMESTAMPTZ' },
} as const

/** @returns how many rows each table has. */
export async function prepare(): Promise<Readonly<Record<string, number>>> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await mkdir(folder, { recursive: true })
    const shop = Object.keys(TABLES).every(name => existsSync(fileOf(name))) ? undefined : generate()
    const counts: Record<string, number> = {}
    for (const [name, columns] of Object.entries(TABLES)) {
      if (shop !== undefined) await write(connection, name, columns, shop[name as keyof typeof TABLES] as readonly object[])
      const [row] = (await connection.runAndReadAll(`SELECT count(*) AS rows FROM '${fileOf(name)}'`)).getRowObjects()
      counts[name] = Number(row?.rows)
    }
    return counts
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function write(
  connection: DuckDBConnection,
  name: string,
  columns: Readonly<Record<string, string>>,
  rows: readonly object[],
): Promise<void> {
  const declared = Object.entries(columns).map(([column, type]) => `"${column.replace(/Us$/, '')}" ${type}`)
  await connection.run(`CREATE TABLE ${name} (${declared.join(', ')})`)
  const appender = await connection.createAppender(name)
  for (const row of rows) {
    for (const [column, type] of Object.entries(columns)) {
      const value = row[column as keyof typeof row] as unknown
      if (type === 'BIGINT') appender.appendBigInt(BigInt(value as number))
      else if (type === 'TIMESTAMPTZ') appender.appendTimestampTZ(timestampTZValue(BigInt(value as number)))
      else if (type === 'DOUBLE') appender.appendDouble(value as number)
      else if (type === 'BOOLEAN') appender.appendBoolean(value as boolean)
      else appender.appendVarchar(value as string)
    }
    appender.endRow()
  }
  appender.closeSync()
  await connection.run(`COPY ${name} TO '${fileOf(name)}.tmp' (FORMAT parquet)`)
  await rename(`${fileOf(name)}.tmp`, fileOf(name))
}

function fileOf(name: string): string {
  return join(folder, `${name}.parquet`)
}

if (import.meta.main) {
  const counts = await prepare()
  console.log(
    Object.entries(counts)
      .map(([name, rows]) => `${rows.toLocaleString('en-US')} ${name}`)
      .join(', '),
  )
}
