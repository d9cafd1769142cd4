/** One training set of the payments in a folder, and the most memory that the process has had, in MB. `peak.ts FOLDER MEMORY_MB` */
import { join } from 'node:path'
import { buildDataset } from '../../packages/prescore/src/dataset/index.ts'
import { Database } from '../../packages/prescore/src/parquet/index.ts'
import { paymentsProject } from '../payments.ts'

const [folder = '.', memoryMb] = process.argv.slice(2)
const database = await Database.open({ threads: 2 })
const request = { prediction: 'spend', clock: 'as-served', sample: 0.25, file: join(folder, 'set.parquet') } as const
await buildDataset(database, paymentsProject(folder), { ...request, threads: 2, memoryMb: Number(memoryMb) })
database.close()
console.log(Math.round(process.resourceUsage().maxRSS / 1024))
