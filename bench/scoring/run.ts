/**
 * One run of the project in a folder, from nothing to a Parquet file of values, as JSON, by the package as it is published.
 * `run.ts FOLDER THREADS`, and `PRESCORE_BENCH_FOLDER` the same folder. `run.ts FOLDER freeze` makes its release, which runs find.
 */
import { batchOf, freeze, withFrozen } from '../frozen.ts'

const AS_OF_US = Date.UTC(2026, 0, 1) * 1000

export interface ScoringMeasured {
  readonly rows: number
  /** With the output; the release is there before, as the model of the limit is loaded. */
  readonly seconds: number
  readonly peakMb: number
}

const [folder = '.', threads] = process.argv.slice(2)
if (threads === 'freeze') await freeze(folder, 'score')
else console.log(JSON.stringify(await run(Number(threads))))

async function run(threads: number): Promise<ScoringMeasured> {
  const { publishRun, runBatch } = await batchOf()
  const measured = await withFrozen(folder, threads, async app => {
    const place = await app.place()
    const { report, run } = await runBatch(place, { prediction: 'score', asOfUs: AS_OF_US, threads, publish: 'never' })
    const startedMs = performance.now()
    const { outputs } = await publishRun(place, run)
    const publishing = (performance.now() - startedMs) / 1000
    if (outputs.scores?.state !== 'written') throw new Error(JSON.stringify(outputs))
    return { rows: report.rows, seconds: Object.values(report.seconds).reduce((a, b) => a + b, publishing) }
  })
  return { ...measured, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }
}
