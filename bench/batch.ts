/** A whole batch run of the flights example: from scanning three million events to readable answers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../examples/flights/prepare.ts'
import { App } from '../packages/prescore/src/app.ts'
import { type RunOutcome, runBatch } from '../packages/prescore/src/batch/index.ts'
import { type Measured, suite } from './harness.ts'

const TURNS = 5
const THREADS = 2
const AS_OF_US = Date.parse('2001-06-15T07:00:00Z') * 1000

suite({
  name: 'batch',
  about: `the flights example as of one moment, ${THREADS} threads, ${TURNS} runs from nothing`,
  async *run(say) {
    const { flights } = await prepare()
    const outcomes: RunOutcome[] = []
    for (let turn = 0; turn < TURNS; turn++) outcomes.push(await runOnce())
    const { rows } = (outcomes[0] as RunOutcome).report
    say(`${flights.toLocaleString('en')} events, ${rows.toLocaleString('en')} answers`)
    yield* figures(
      outcomes.map(({ report }) => report.seconds),
      rows,
    )
  },
})

async function runOnce(): Promise<RunOutcome> {
  const state = await mkdtemp(join(tmpdir(), 'prescore-bench-'))
  const app = await App.open({ project: join(import.meta.dirname, '../examples/flights'), state, threads: THREADS })
  try {
    return await runBatch(await app.place(), { prediction: 'late', asOfUs: AS_OF_US, threads: THREADS, publish: 'gated' })
  } finally {
    await app.close()
    await rm(state, { recursive: true, force: true })
  }
}

function* figures(seconds: readonly RunOutcome['report']['seconds'][], rows: number): Generator<Measured> {
  const totals = seconds.map(each => Object.values(each).reduce((a, b) => a + b, 0))
  yield { figure: 'whole run', unit: 'rows/s', ours: totals.map(total => rows / total), better: 'higher' }
  yield { figure: 'whole run', unit: 's', ours: totals, better: 'lower' }
  for (const stage of ['plan', 'features', 'score', 'stage'] as const) {
    yield { figure: `of it ${stage}`, unit: 's', ours: seconds.map(each => each[stage]), better: 'lower' }
  }
}
