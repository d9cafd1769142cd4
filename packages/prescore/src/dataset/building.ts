/**
 * A training set on its way. Rows are put aside in blocks; the features that they need are computed by parts of the keys; then each block
 * is joined, labelled and written. Nothing of the result depends on how many blocks, parts and threads there are.
 */
import { assemble } from '../history/index.ts'
import { RowsAside } from './aside.ts'
import type { BlockDone, BlockTask } from './block.ts'
import { type Budget, blockRowsOf, isWorthThreads, resultBytes, waitingBytes } from './budget.ts'
import { Engine } from './engine.ts'
import { labelsKnownUntilUs } from './known-until.ts'
import { type Need, needsOf, sharedScans } from './needs.ts'
import type { Prepared } from './prepare.ts'
import { Results } from './results.ts'
import { trainingRows } from './rows.ts'
import type { RowsRequest } from './rows-request.ts'
import { ScanFeatures } from './scan-features.ts'
import type { Scratch } from './scratch.ts'
import { Whole } from './whole.ts'

type Totals = Pick<BlockDone, 'rows' | 'unlabelled'> & { readonly keyless: number; readonly rejected: Record<string, number> }

export class Building {
  counts: Totals = { rows: 0, unlabelled: 0, keyless: 0, rejected: {} }
  readonly #prepared: Prepared
  readonly #scratch: Scratch
  readonly #budget: Budget
  readonly #engine: Engine
  readonly #needs: readonly Need[]

  constructor(prepared: Prepared, scratch: Scratch, { threads, bytes }: Budget, signal: AbortSignal | undefined) {
    const { spec, prediction, database } = prepared
    const rows = Object.values(spec.pins).reduce((sum, pin) => sum + pin.rows + (pin.arrived?.position ?? 0), 0)
    this.#prepared = prepared
    this.#scratch = scratch
    this.#budget = { bytes, threads: isWorthThreads(rows) ? threads : 1 }
    this.#engine = new Engine(spec, database, this.#budget.threads, signal)
    this.#needs = needsOf(spec.project, prediction, assemble(spec.project, prediction), spec.clock)
  }

  /** Writes all rows to a file of the scratch. */
  async write(request: RowsRequest, metadata: Readonly<Record<string, string>>, file: string): Promise<void> {
    const { features } = this.#prepared.prediction
    const room = waitingBytes(this.#budget)
    const blockRows = blockRowsOf(this.#budget, features.length)
    const rows = trainingRows(this.#prepared, request)
    const aside = await RowsAside.of(rows, blockRows, this.#scratch.path('rows'), room)
    this.counts = { ...this.counts, keyless: rows.keyless() }
    const knownUntilUs = await labelsKnownUntilUs(this.#prepared, aside.firstUs)
    const size = { rows: aside.rows, blockRows, room: resultBytes(this.#budget) }
    const results = new Results(this.#needs, name => this.#prepared.source(name).at.definition, size, this.#scratch.path('results'))
    for (const [i, scan] of sharedScans(this.#needs).entries())
      await new ScanFeatures(this.#prepared, this.#needs, scan, this.#budget, this.#engine).compute(
        aside,
        results,
        this.#scratch.path(`asked-${i}`),
      )
    const whole = new Whole(file)
    try {
      await this.#finish(aside, results, knownUntilUs, whole)
      await whole.finish(metadata)
    } finally {
      await whole.close()
    }
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async #finish(aside: RowsAside, results: Results, knownUntilUs: number, whole: Whole): Promise<void> {
    const scratch = this.#scratch
    const tasks = function* (): Generator<BlockTask> {
      for (let number = 0; number < aside.blocks; number++) {
        const rows = aside.take(number)
        yield { kind: 'block', number, rows, results: results.take(number), knownUntilUs, file: scratch.path(`block-${number}`) }
      }
    }
    const counter = this.#prepared.counter('writing')
    await this.#engine.run(
      tasks(),
      () => told => counter(told.rows, aside.rows),
      ({ number, file }, done) => {
        this.#count(done)
        whole.put(number, file, done)
      },
    )
  }

  #count({ rows, unlabelled, rejected }: BlockDone): void {
    const { counts } = this
    for (const [code, count] of Object.entries(rejected)) counts.rejected[code] = (counts.rejected[code] ?? 0) + count
    this.counts = { ...counts, rows: counts.rows + rows, unlabelled: counts.unlabelled + unlabelled }
  }
}
