/** Writes `data/flights.parquet`: the flights as they are shipped, with the row number as `id`. Does nothing when it is there. */
import { existsSync } from 'node:fs'
import { link, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'

const folder = join(import.meta.dirname, 'data')
const shipped = fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))

/** @returns the path of the file and how many flights it has. */
export async function prepare(): Promise<{ readonly file: string; readonly flights: number }> {
  const file = join(folder, 'flights.parquet')
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    if (!existsSync(file)) {
      await mkdir(folder, { recursive: true })
      const temporary = `${file}.${process.pid}.tmp`
      await connection.run(`COPY (SELECT file_row_number AS id, date, delay, distance, origin, destination
        FROM read_parquet('${shipped}', file_row_number = true) ORDER BY id) TO '${temporary}' (FORMAT parquet)`)
      // Others may prepare at the same time: the first file stays, for it may be read already.
      await link(temporary, file).catch(error => {
        if (error.code !== 'EEXIST') throw error
      })
      await rm(temporary)
    }
    const [row] = (await connection.runAndReadAll(`SELECT count(*) AS flights FROM '${file}'`)).getRowObjects()
    return { file, flights: Number(row?.flights) }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

if (import.meta.main) {
  const { file, flights } = await prepare()
  console.log(`${flights.toLocaleString('en-US')} flights in ${file}`)
}
