/** Streams so many rows of four columns, and says by how many MB the process grew since the first of them. `streamed.ts ROWS` */
import { Database, readColumns } from '../../src/parquet/index.ts'

const MEGABYTE = 2 ** 20
const rows = Number(process.argv[2])
const database = await Database.open({ threads: 1 })
const kinds = { a: 'int64', b: 'int64', c: 'int64', d: 'int64' } as const
let first: number | undefined
let greatest = 0
for await (const _ of readColumns(database, `SELECT i AS a, i AS b, i AS c, i AS d FROM range(${rows}) AS t(i)`, kinds, 'rows', true)) {
  greatest = Math.max(greatest, process.memoryUsage.rss())
  first ??= greatest
}
database.close()
console.log((greatest - (first ?? 0)) / MEGABYTE)
