/** Training sets: a whole backtest against polars, ONNX Runtime and a Parquet file in Python; and that memory stays flat as rows grow. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database } from '../packages/prescore/src/parquet/index.ts'
import { freezeRelease } from '../packages/prescore/src/release/index.ts'
import { FROM, FROM_US, flightsProject } from './flights.ts'
import { inTurns, type Measured, suite } from './harness.ts'
import { writePayments } from './payments.ts'
import { buildPublished, publishedFile } from './published.ts'
import { preparePython, Reference, reference } from './python/python.ts'

const TURNS = 5
const THREADS = 2
const MEMORY_MB = 256
/** Events, and every fourth of them a row. */
const EVENTS = 500_000
const GROWTH = [1, 4, 16] as const

suite({
  name: 'dataset',
  about: `whole training sets, ${THREADS} threads each, ${TURNS} turns, the backtest by the package as it is published; limit: polars, ONNX Runtime and Parquet in Python, whose features are not exact`,
  async *run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    const database = await Database.open({ threads: THREADS })
    try {
      const missing = preparePython()
      if (missing === undefined) yield await backtest(database, folder)
      else say(`no Python environment, so the backtest is left out: ${missing}`)
      say(`memory: ${MEMORY_MB} MB for rows and events, in a process of its own for each size`)
      yield* memory(database, folder)
    } finally {
      database.close()
      rmSync(folder, { recursive: true })
    }
  },
})

async function backtest(database: Database, folder: string): Promise<Measured> {
  const model = join(folder, 'model.onnx')
  reference('model', model)
  await buildPublished()
  const { buildDataset } = (await import(publishedFile('dataset/index.ts'))) as typeof import('../packages/prescore/src/dataset/index.ts')
  const { file, loaded } = await flightsProject(model)
  const { release } = await freezeRelease(loaded, 'late', join(folder, 'releases'))
  const ours = async () => {
    const request = { prediction: 'late', clock: 'as-served', fromUs: FROM_US, file: join(folder, 'ours.parquet') } as const
    return (await buildDataset(database, loaded, { ...request, release, threads: THREADS })).seconds
  }
  const python = new Reference(THREADS, 'backtest', file, FROM, model, join(folder, 'theirs.parquet'))
  try {
    await ours()
    await python.seconds()
    const turns = await inTurns(TURNS, ours, () => python.seconds())
    return { figure: 'backtest: half a million flights × 33 features, 100 trees', unit: 's', ...turns, goal: 1.25, better: 'lower' }
  } finally {
    python.close()
  }
}

/** The greatest size against the least. */
async function* memory(database: Database, folder: string): AsyncGenerator<Measured> {
  const peaks: number[] = []
  for (const times of GROWTH) {
    await writePayments(database, folder, EVENTS * times, (EVENTS * times) / 20)
    const script = join(import.meta.dirname, 'dataset', 'peak.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, folder, String(MEMORY_MB)], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    const peakMb = Number(stdout)
    yield {
      figure: `peak memory, ${(EVENTS * times).toLocaleString('en')} events, ${((EVENTS * times) / 4).toLocaleString('en')} rows × 18 features`,
      unit: 'MB',
      ours: [peakMb],
      ...(peaks[0] === undefined ? {} : { limit: [peaks[0]], goal: 1.25 }),
      better: 'lower',
    }
    peaks.push(peakMb)
  }
}
