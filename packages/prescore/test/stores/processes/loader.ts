/** Loads a run of many rows, or so many of them and then waits to be killed. Arguments: folder, run, rows, how many of them. */
import { openStore, type StoredRow } from '../../../src/stores/index.ts'
import { headerOf } from '../../conformance/prediction-store.ts'
import { rowsOfRun } from '../late.ts'

const [folder, run, rows, some = rows] = process.argv.slice(2) as [string, string, string, string?]
const store = openStore(folder)

async function* reported() {
  let batch: StoredRow[] = []
  let count = 0
  for (const row of rowsOfRun(run, Number(rows))) {
    batch.push(row)
    if (++count % 5_000 !== 0) continue
    yield batch
    batch = []
    if (count === Number(some) && some !== rows) await halfway(count)
  }
  yield batch
}

/** For ever. */
function halfway(count: number): Promise<never> {
  process.send?.({ count })
  return new Promise(() => {})
}

try {
  await store.predictions.load(headerOf(run, Number(rows)), reported())
  process.send?.({ count: Number(rows) })
} catch (error) {
  process.send?.({ error })
}
await store.close()
if (process.connected) process.disconnect()
