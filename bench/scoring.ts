/** Rows that have all their features, scored from one Parquet file into another, against pyarrow and ONNX Runtime in Python. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database, literal } from '../packages/prescore/src/parquet/index.ts'
import { treesModel } from './batch/model.ts'
import { runApart, writeProject } from './frozen.ts'
import { inTurns, suite } from './harness.ts'
import { buildPublished } from './published.ts'
import { preparePython, Reference } from './python/python.ts'
import type { ScoringMeasured } from './scoring/run.ts'

/** `PRESCORE_BENCH_ROWS` asks for another number. */
const ROWS = Number(process.env.PRESCORE_BENCH_ROWS ?? 300_000)
const FEATURES = 20
const TURNS = 3
const THREADS = 2

suite({
  name: 'scoring',
  about: `${ROWS.toLocaleString('en')} rows × ${FEATURES} features, 100 trees, Parquet to Parquet, ${THREADS} threads, by the package as it is published, its release frozen before; limit: pyarrow and ONNX Runtime in Python`,
  async *run(say) {
    const missing = preparePython()
    if (missing !== undefined) return say(`no Python environment, so the figures are left out: ${missing}`)
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    try {
      await writeRows(folder)
      await buildPublished()
      writeProject(join(import.meta.dirname, 'scoring/prescore.config.ts'), folder)
      runApart('scoring/run.ts', folder, 'freeze')
      const python = new Reference(
        THREADS,
        'scoring',
        join(folder, 'rows.parquet'),
        join(folder, 'model.onnx'),
        join(folder, 'theirs.parquet'),
      )
      const runs: ScoringMeasured[] = []
      const ours = async () => {
        runs.push(scoringRun(folder))
        return (runs.at(-1) as ScoringMeasured).seconds
      }
      const turns = await inTurns(TURNS, ours, () => python.seconds()).finally(() => python.close())
      yield { figure: 'rows scored, and readable by key', unit: 's', ...turns, goal: 1 / 0.95, better: 'lower' }
      yield { figure: 'peak memory', unit: 'MB', ours: runs.map(({ peakMb }) => peakMb), goal: 400, better: 'lower' }
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
})

async function writeRows(folder: string): Promise<void> {
  writeFileSync(join(folder, 'model.onnx'), treesModel(Array.from({ length: FEATURES }, () => 100)))
  const features = Array.from({ length: FEATURES }, (_, i) => `((hash(i * ${FEATURES} + ${i}) % 10000) / 100)::DOUBLE AS f${i}`)
  const rows = `SELECT (hash(i) % 9000000000000)::BIGINT AS key, ${features.join(', ')} FROM range(${ROWS}) t(i)`
  const database = await Database.open({ threads: THREADS })
  await database.query(`COPY (${rows}) TO ${literal(join(folder, 'rows.parquet'))} (FORMAT parquet, COMPRESSION zstd)`, 'rows')
  database.close()
}

function scoringRun(folder: string): ScoringMeasured {
  return JSON.parse(runApart('scoring/run.ts', folder, String(THREADS))) as ScoringMeasured
}
