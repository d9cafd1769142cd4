/** What a run cannot do without, each at its best: SQL for the aggregates, ONNX Runtime for the model, a Parquet file for the values. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { NumberColumn } from '../../packages/prescore/src/expressions/index.ts'
import { type Database, literal, readColumns, writeParquet } from '../../packages/prescore/src/parquet/index.ts'
import { AS_OF_US, DAY_US } from '../payments.ts'

/** The onnxruntime-node that the package itself uses. */
const ort = createRequire(new URL('../../packages/prescore/package.json', import.meta.url))(
  'onnxruntime-node',
) as typeof import('onnxruntime-node')

const ROWS_PER_CALL = 4_096
const SUMS = ['count(*)', 'sum(amount)', 'avg(amount)', 'stddev_samp(amount)', 'max(amount)', 'min(amount)']

export interface Limit {
  readonly sql: number
  readonly model: number
  readonly parquet: number
}

export async function runLimit(database: Database, folder: string, threads: number): Promise<Limit> {
  const sql = await seconds(() => database.query(aggregates(join(folder, 'payments.parquet')), 'aggregates'))
  const { keys, matrix, features } = await answered(database)
  const session = await ort.InferenceSession.create(readFileSync(join(folder, 'model.onnx')), { intraOpNumThreads: threads })
  const values = new Float64Array(keys.length)
  const model = await seconds(async () => {
    for (let from = 0; from < keys.length; from += ROWS_PER_CALL) {
      const part = matrix.subarray(from * features, Math.min(keys.length, from + ROWS_PER_CALL) * features)
      const tensor = new ort.Tensor('float32', part, [part.length / features, features])
      const { scores } = await session.run({ features: tensor })
      values.set(scores?.data as Float32Array, from)
    }
  })
  await session.release()
  const columns = new Map([
    ['customer', { type: { kind: 'int64' }, values: keys } as const],
    ['value', { type: { kind: 'float64' }, values } as const],
  ])
  const file = join(folder, 'limit.parquet')
  const parquet = await seconds(() =>
    writeParquet(database, file, { customer: 'int64', value: 'float32' }, [{ rows: keys.length, columns }]),
  )
  return { sql, model, parquet }
}

/** The features in the order of the project, their answer left with DuckDB. */
function aggregates(file: string): string {
  const within = (days: number, sum: string) => `${sum} FILTER (WHERE epoch_us(time) >= ${AS_OF_US - days * DAY_US})`
  const items = [...SUMS.flatMap(sum => [1, 7, 30].map(days => within(days, sum))), within(1, 'count(amount)'), within(30, 'count(amount)')]
  const named = items.map((item, i) => `${item} AS f${i}`).join(', ')
  const known = `epoch_us(time) < ${AS_OF_US} AND epoch_us(received) <= ${AS_OF_US}`
  return `CREATE OR REPLACE TABLE answer AS SELECT customer, ${named} FROM ${literal(file)} WHERE ${known} GROUP BY customer`
}

/** Not measured: how the features get from one to the other. */
async function answered(database: Database) {
  const names = Array.from({ length: SUMS.length * 3 + 2 }, (_, i) => `f${i}`)
  const sql = `SELECT customer, ${names.map(name => `CAST(${name} AS DOUBLE)`).join(', ')} FROM answer ORDER BY customer`
  const kinds = { customer: 'int64', ...Object.fromEntries(names.map(name => [name, 'float64' as const])) } as const
  const keys: number[] = []
  const parts: Float32Array[] = []
  for await (const { rows, columns } of readColumns(database, sql, kinds, 'answer')) {
    const of = (name: string) => (columns.get(name) as NumberColumn).values
    const part = new Float32Array(rows * names.length)
    names.forEach((name, at) => {
      for (let i = 0; i < rows; i++) part[i * names.length + at] = of(name)[i] as number
    })
    for (let i = 0; i < rows; i++) keys.push(of('customer')[i] as number)
    parts.push(part)
  }
  const matrix = new Float32Array(keys.length * names.length)
  let at = 0
  for (const part of parts) {
    matrix.set(part, at)
    at += part.length
  }
  return { keys: Float64Array.from(keys), matrix, features: names.length }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / 1000
}
