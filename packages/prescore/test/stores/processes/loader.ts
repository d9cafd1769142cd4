/** Loads a run of many rows; says how far it is, so that it can be killed halfway. Arguments: folder, run, rows. */
import { openStore, type StoredRow } from '../../../src/stores/index.ts'
import { headerOf } from '../../conformance/prediction-store.ts'
import { rowsOfRun } from '../late.ts'

const [folder, run, rows] = process.argv.slice(2) as [string, string, string]
const store = openStore(folder)

async function* reported() {
  let some: StoredRow[] = []
  let count = 0
  for (const row of rowsOfRun(run, Number(rows))) {
    some.push(row)
    if (++count % 5_000 !== 0) continue
    yield some
    some = []
    process.send?.({ count })
    await new Promise(resolve => setTimeout(resolve, 2))
  }
  yield some
}

try {
  await store.predictions.load(headerOf(run, Number(rows)), reported())
  process.send?.({ count: Number(rows) })
} catch (error) {
  process.send?.({ error })
}
await store.close()
if (process.connected) process.disconnect()
