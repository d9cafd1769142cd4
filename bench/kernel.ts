/** Features from Parquet, without the model: as of one moment for every key against DuckDB's GROUP BY, and point in time against polars. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Database, literal } from '../packages/prescore/src/parquet/index.ts'
import { FeatureThreads } from './features.ts'
import { FROM, FROM_US, flightsProject } from './flights.ts'
import { inTurns, type Measured, suite } from './harness.ts'
import { AS_OF_US, DAY_US, paymentsProject, writePayments } from './payments.ts'
import { preparePython, Reference } from './python/python.ts'

/** Fewer for a short look: `PRESCORE_BENCH_EVENTS=4000000`. */
const EVENTS = Number(process.env.PRESCORE_BENCH_EVENTS ?? 20_000_000)
const KEYS = EVENTS / 20
const TURNS = 5
const THREADS = 2

suite({
  name: 'kernel',
  about: `features from Parquet, ${THREADS} threads each, ${TURNS} turns; limits: DuckDB's GROUP BY and polars, whose sums of doubles are not exact`,
  async *run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    const database = await Database.open({ threads: THREADS })
    try {
      say(`${EVENTS.toLocaleString('en')} generated events of ${KEYS.toLocaleString('en')} keys, cents, late and missing ones among them`)
      await writePayments(database, folder, EVENTS, KEYS)
      yield* oneMoment(database, folder)
      yield* pointInTime(database, say)
    } finally {
      database.close()
      rmSync(folder, { recursive: true })
    }
  },
})

async function* oneMoment(database: Database, folder: string): AsyncGenerator<Measured> {
  const threads = await FeatureThreads.open(database, paymentsProject(folder), 'spend', THREADS)
  const keys = { type: { kind: 'int64' }, values: Float64Array.from({ length: KEYS }, (_, key) => key) } as const
  const measure = async (group: string, aggregates: readonly string[]) => {
    const ours = () => seconds(() => threads.asOf(group, keys, KEYS, AS_OF_US))
    const theirs = () => seconds(() => database.query(groupBy(join(folder, 'payments.parquet'), aggregates), 'GROUP BY'))
    await ours()
    return inTurns(TURNS, ours, theirs)
  }
  try {
    const five = await measure('sums', ['count(amount)', 'sum(amount)', 'avg(amount)', 'stddev_samp(amount)', 'max(amount)'])
    yield { figure: 'one as-of: count, sum, mean, std, max over 1d, 7d, 30d', unit: 's', ...five, goal: 1, better: 'lower' }
    const distinct = await measure('shops', ['count(DISTINCT shop)'])
    yield { figure: 'one as-of: distinct over 1d, 7d, 30d', unit: 's', ...distinct, goal: 1, better: 'lower' }
  } finally {
    await threads.close()
  }
}

async function* pointInTime(database: Database, say: (line: string) => void): AsyncGenerator<Measured> {
  const missing = preparePython()
  if (missing !== undefined) say(`no Python environment, so polars' figures are left out: ${missing}`)
  for (const [numbers, divisor, goal] of [
    ['whole numbers', 1, 0.8],
    ['exact fractions', 3, 1.1],
  ] as const) {
    const { file, loaded } = await flightsProject('none.onnx', divisor)
    const threads = await FeatureThreads.open(database, loaded, 'late', THREADS)
    const polars = missing === undefined ? new Reference(THREADS, 'features', file, FROM) : undefined
    try {
      const rows = await threads.pointInTime(FROM_US)
      await polars?.seconds()
      const ours = () => seconds(() => threads.pointInTime(FROM_US))
      const turns = polars === undefined ? { ours: await repeated(ours) } : await inTurns(TURNS, ours, () => polars.seconds())
      yield {
        figure: `point in time: ${rows.toLocaleString('en')} flights × 30 features, ${numbers}`,
        unit: 's',
        ...turns,
        ...(polars === undefined ? {} : { goal }),
        better: 'lower',
      }
    } finally {
      polars?.close()
      await threads.close()
    }
  }
}

async function repeated(measure: () => Promise<number>): Promise<number[]> {
  const results: number[] = []
  for (let turn = 0; turn < TURNS; turn++) results.push(await measure())
  return results
}

/** The same question, its answer left with DuckDB. */
function groupBy(file: string, aggregates: readonly string[]): string {
  const columns = [1, 7, 30].flatMap(days =>
    aggregates.map(each => `${each} FILTER (WHERE epoch_us(time) >= ${AS_OF_US - days * DAY_US}) AS c${days}_${aggregates.indexOf(each)}`),
  )
  const known = `epoch_us(time) < ${AS_OF_US} AND epoch_us(received) <= ${AS_OF_US}`
  return `CREATE OR REPLACE TEMP TABLE answer AS SELECT customer, ${columns.join(', ')} FROM ${literal(file)} WHERE ${known} GROUP BY customer`
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (performance.now() - startedMs) / 1000
}
