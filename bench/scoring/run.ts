/**
 * One run of the project in a folder, from nothing to a Parquet file of values, as JSON, by the package as it is published.
 * `run.ts FOLDER THREADS`, and `PRESCORE_BENCH_FOLDER` the same folder. `run.ts FOLDER freeze` makes its release, which runs find.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { freezeRelease } from '../../packages/prescore/src/release/index.ts'
import { publishedFile } from '../published.ts'

const { App } = (await import(publishedFile('app.ts'))) as typeof import('../../packages/prescore/src/app.ts')

const AS_OF_US = Date.UTC(2026, 0, 1) * 1000

export interface ScoringMeasured {
  readonly rows: number
  /** With the output; the release is there before, as the model of the limit is loaded. */
  readonly seconds: number
  readonly peakMb: number
}

const [folder = '.', threads] = process.argv.slice(2)
const frozen = join(folder, 'frozen')
await (threads === 'freeze' ? freeze() : run(Number(threads)))

async function freeze(): Promise<void> {
  const app = await App.open({ project: folder, state: frozen, threads: 1 })
  const release = (await import(publishedFile('release/index.ts'))) as { readonly freezeRelease: typeof freezeRelease }
  await release.freezeRelease(app.loaded, 'score', app.releases)
  await app.close()
}

async function run(threads: number): Promise<void> {
  const { publishRun, runBatch } = (await import(
    publishedFile('batch/index.ts')
  )) as typeof import('../../packages/prescore/src/batch/index.ts')
  const state = mkdtempSync(join(folder, 'state-'))
  cpSync(frozen, state, { recursive: true })
  const app = await App.open({ project: folder, state, threads })
  const place = await app.place()
  const { report, run } = await runBatch(place, { prediction: 'score', asOfUs: AS_OF_US, threads, publish: 'never' })
  const startedMs = performance.now()
  const { outputs } = await publishRun(place, run)
  const publishing = (performance.now() - startedMs) / 1000
  await app.close()
  rmSync(state, { recursive: true })
  if (outputs.scores?.state !== 'written') throw new Error(JSON.stringify(outputs))
  const seconds = Object.values(report.seconds).reduce((a, b) => a + b, publishing)
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
  console.log(JSON.stringify({ rows: report.rows, seconds, peakMb } satisfies ScoringMeasured))
}
