/** One run of the project beside it, from nothing to a Parquet file of values, as JSON. `run.ts FOLDER THREADS`, and `PRESCORE_BENCH_FOLDER` the same folder */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { App } from '../../packages/prescore/src/app.ts'
import { publishRun, runBatch } from '../../packages/prescore/src/batch/index.ts'
import { freezeRelease } from '../../packages/prescore/src/release/index.ts'

const AS_OF_US = Date.UTC(2026, 0, 1) * 1000

export interface ScoringMeasured {
  readonly rows: number
  /** With the output; the release is there before, as the model of the limit is loaded. */
  readonly seconds: number
  readonly peakMb: number
}

const [folder = '.', threads] = process.argv.slice(2)
const state = mkdtempSync(join(folder, 'state-'))
const app = await App.open({ project: import.meta.dirname, state, threads: Number(threads) })
const place = await app.place()
await freezeRelease(place.loaded, 'score', place.releases)
const { report, run } = await runBatch(place, { prediction: 'score', asOfUs: AS_OF_US, threads: Number(threads), publish: 'never' })
const startedMs = performance.now()
const { outputs } = await publishRun(place, run)
const publishing = (performance.now() - startedMs) / 1000
await app.close()
rmSync(state, { recursive: true })
if (outputs.scores?.state !== 'written') throw new Error(JSON.stringify(outputs))
const seconds = Object.values(report.seconds).reduce((a, b) => a + b, publishing)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ rows: report.rows, seconds, peakMb } satisfies ScoringMeasured))
