/** One run from nothing of the project beside it, as JSON. `run.ts FOLDER THREADS`, and `PRESCORE_BENCH_FOLDER` the same folder */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { App } from '../../packages/prescore/src/app.ts'
import { runBatch } from '../../packages/prescore/src/batch/index.ts'
import { freezeRelease } from '../../packages/prescore/src/release/index.ts'
import { AS_OF_US } from '../payments.ts'

export interface RunMeasured {
  readonly rows: number
  /** Of all stages; the release is there before. */
  readonly total: number
  readonly seconds: Readonly<Record<'plan' | 'features' | 'score' | 'stage', number>>
  readonly peakMb: number
}

const [folder = '.', threads] = process.argv.slice(2)
const state = mkdtempSync(join(folder, 'state-'))
const app = await App.open({ project: import.meta.dirname, state, threads: Number(threads) })
const place = await app.place()
// As of any run but the first of a release.
await freezeRelease(place.loaded, 'spend', place.releases)
const { report } = await runBatch(place, { prediction: 'spend', asOfUs: AS_OF_US, threads: Number(threads), publish: 'gated' })
await app.close()
rmSync(state, { recursive: true })
const { seconds, rows } = report
const total = Object.values(seconds).reduce((a, b) => a + b, 0)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ rows, total, seconds, peakMb } satisfies RunMeasured))
