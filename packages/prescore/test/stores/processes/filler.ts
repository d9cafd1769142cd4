/** Loads a small run, then one that does not fit on the disk (a limit on the size of files stands for it). Argument: folder. */
import { openStore } from '../../../src/stores/index.ts'
import { headerOf } from '../../conformance/prediction-store.ts'
import { rowsOfRun } from '../late.ts'

const store = openStore(process.argv[2] as string)
await store.predictions.load(headerOf('1', 1_000), rowsOfRun('1', 1_000))
let code = 'loaded'
try {
  await store.predictions.load(headerOf('2', 200_000), rowsOfRun('2', 200_000))
} catch (error) {
  code = (error as { code: string }).code
}
const run = store.predictions.open('1')
const [last] = [...rowsOfRun('1', 1_000)].slice(-1)
console.log(
  JSON.stringify({
    code,
    runs: store.predictions.list().map(header => header.run),
    last: run?.get(last?.keyBytes as Uint8Array)?.toString(),
  }),
)
run?.close()
await store.close()
