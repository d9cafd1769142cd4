/** What came of flights: for telling afterwards how right an answer was. */
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'

const file = join(import.meta.dirname, 'data/flights.parquet')

/** The flights that left an airport in an hour of a day, and the share of them that arrived more than 15 minutes late. */
export async function lateFrom(origin: string, day: string, hour: number): Promise<{ readonly flights: number; readonly late: number }> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(`SELECT count(*) AS flights, count_if(delay > 15) AS late FROM '${file}'
      WHERE origin = '${origin}' AND CAST(date AS DATE) = '${day}' AND hour(date) = ${hour}`)
    const [row] = reader.getRowObjects()
    return { flights: Number(row?.flights), late: Number(row?.late) / Number(row?.flights) }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
