/**
 * Whole batch runs, from scanning events to readable answers, against what nothing of the kind can do without: DuckDB's
 * SQL for the same aggregates, ONNX Runtime on as many threads, and the Parquet file. Each run is a process of its own.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../packages/prescore/src/parquet/index.ts'
import { runLimit } from './batch/limit.ts'
import { treesModel } from './batch/model.ts'
import type { RunMeasured } from './batch/run.ts'
import { runApart, writeProject } from './frozen.ts'
import { inTurns, type Measured, suite } from './harness.ts'
import { writePayments } from './payments.ts'
import { buildPublished } from './published.ts'

/** Of the generated events; `PRESCORE_BENCH_EVENTS` asks for fewer. */
const EVENTS = Number(process.env.PRESCORE_BENCH_EVENTS ?? 20_000_000)
const EVENTS_PER_KEY = 40
const TURNS = 3
const THREADS = 2
const GROWTH = [1, 4, 16] as const

/** About the greatest value of each feature: counts, then amounts. */
const SCALES = [4, 20, 80, 1_000, 5_000, 20_000, 500, 500, 500, 300, 300, 300, 500, 500, 500, 200, 100, 50, 4, 80]

suite({
  name: 'batch',
  about: `whole runs of ${EVENTS.toLocaleString('en')} events, 20 features, 100 trees, ${THREADS} threads, by the package as it is published, its release frozen before; limit: DuckDB's SQL, ONNX Runtime and a Parquet file, one after the other`,
  async *run(say) {
    yield* withFolder(async function* (database, folder) {
      await writePayments(database, folder, EVENTS, EVENTS / EVENTS_PER_KEY)
      const runs: RunMeasured[] = []
      const turns = await inTurns(
        TURNS,
        async () => {
          runs.push(wholeRun(folder))
          return (runs.at(-1) as RunMeasured).total
        },
        async () => {
          const limit = await runLimit(database, folder, THREADS)
          say(`limit: SQL ${limit.sql.toFixed(2)} s, model ${limit.model.toFixed(2)} s, Parquet ${limit.parquet.toFixed(2)} s`)
          return limit.sql + limit.model + limit.parquet
        },
      )
      yield { figure: `whole run, ${(runs[0]?.rows ?? 0).toLocaleString('en')} rows`, unit: 's', ...turns, goal: 1.25, better: 'lower' }
      for (const stage of ['plan', 'features', 'score', 'stage'] as const) {
        yield { figure: `of it ${stage}`, unit: 's', ours: runs.map(({ seconds }) => seconds[stage]), better: 'lower' }
      }
    })
  },
})

suite({
  name: 'batch-memory',
  about: `the most memory of whole runs as events and keys grow, ${THREADS} threads, by the package as it is published, its release frozen before`,
  async *run() {
    let least: number | undefined
    for (const times of GROWTH) {
      const events = (EVENTS / 16) * times
      yield* withFolder(async function* (database, folder) {
        await writePayments(database, folder, events, events / EVENTS_PER_KEY)
        const { peakMb, rows } = wholeRun(folder)
        yield {
          figure: `peak memory, ${events.toLocaleString('en')} events, ${rows.toLocaleString('en')} rows`,
          unit: 'MB',
          ours: [peakMb],
          ...(least === undefined ? {} : { limit: [least], goal: 1.25 }),
          better: 'lower',
        }
        least ??= peakMb
      })
    }
  },
})

async function* withFolder(body: (database: Database, folder: string) => AsyncIterable<Measured>): AsyncGenerator<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
  const database = await Database.open({ threads: THREADS })
  try {
    writeFileSync(join(folder, 'model.onnx'), treesModel(SCALES))
    await buildPublished()
    writeProject(join(import.meta.dirname, 'batch/prescore.config.ts'), folder)
    runApart('batch/run.ts', folder, 'freeze')
    yield* body(database, folder)
  } finally {
    database.close()
    rmSync(folder, { recursive: true })
  }
}

function wholeRun(folder: string): RunMeasured {
  return JSON.parse(runApart('batch/run.ts', folder, String(THREADS))) as RunMeasured
}
