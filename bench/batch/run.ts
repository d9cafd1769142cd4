/**
 * One run of the project in a folder, from nothing, as JSON, by the package as it is published. `run.ts FOLDER THREADS`, and
 * `PRESCORE_BENCH_FOLDER` the same folder. `run.ts FOLDER freeze` makes its release, which runs find.
 */
import { batchOf, freeze, withFrozen } from '../frozen.ts'
import { AS_OF_US } from '../payments.ts'

export interface RunMeasured {
  readonly rows: number
  /** Of all stages; the release is there before. */
  readonly total: number
  readonly seconds: Readonly<Record<'plan' | 'features' | 'score' | 'stage', number>>
  readonly peakMb: number
}

const [folder = '.', threads] = process.argv.slice(2)
if (threads === 'freeze') await freeze(folder, 'spend')
else console.log(JSON.stringify(await run(Number(threads))))

async function run(threads: number): Promise<RunMeasured> {
  const { runBatch } = await batchOf()
  const { seconds, rows } = await withFrozen(folder, threads, async app => {
    const { report } = await runBatch(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads, publish: 'gated' })
    return report
  })
  const total = Object.values(seconds).reduce((a, b) => a + b, 0)
  return { rows, total, seconds, peakMb: Math.round(process.resourceUsage().maxRSS / 1024) }
}
