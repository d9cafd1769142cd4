/** Fills a state from the history of a folder, and is killed once it has stored so many bytes: `bootstrapper.ts <folder> <bytes>`. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openLiveState } from '../../../src/online/index.ts'
import { Database } from '../../../src/parquet/index.ts'
import { pinSource } from '../../../src/sources/index.ts'
import { groupIn, LATE_CLOCK, sourceIn } from '../place.ts'

const [folder = '', bytes = ''] = process.argv.slice(2)
const source = sourceIn(folder)
const features = [
  { aggregate: 'count', delayUs: 0, windowUs: 100 },
  { aggregate: 'mean', value: 'number', delayUs: 0 },
] as const
const state = openLiveState(join(folder, 'state'), [groupIn(source, features)], { clock: LATE_CLOCK })
const database = await Database.open({ threads: 1 })
const pin = await pinSource(database, source)
setInterval(() => {
  if (statSync(join(folder, 'state/data.mdb')).size >= Number(bytes)) process.kill(process.pid, 'SIGKILL')
}, 1)
await state.bootstrap(database, 'events', pin, 60_000)
await state.close()
database.close()
