/**
 * A training set on its way. Rows are put aside in blocks; the features that they need are computed by parts of the keys; then each block
 * is joined, labelled and written. Nothing of the result depends on how many blocks, parts and threads there are.
 */
import { rm } from 'node:fs/promises'
import { assemble } from '../history/index.ts'
import { freeAllLetGo } from '../parquet/index.ts'
import { scanSize } from '../sources/index.ts'
import { RowsAside } from './aside.ts'
import type { BlockDone, BlockTask } from './block.ts'
import { type Budget, blockRowsOf, isWorthThreads, partsFor, pieceRowsOf, resultBytes, waitingBytes } from './budget.ts'
import { type DealTask, dealtWidth } from './deal.ts'
import { Dealt, type PartAsked } from './dealt.ts'
import { Engine } from './engine.ts'
import type { Told } from './ground.ts'
import { labelsKnownUntilUs } from './known-until.ts'
import { type Need, needsOf, type SharedScan, sharedScans } from './needs.ts'
import type { PartTask } from './part.ts'
import { type PartedRows, piecesOf, rowsOf } from './parted-rows.ts'
import type { Prepared } from './prepare.ts'
import { Results } from './results.ts'
import { trainingRows } from './rows.ts'
import type { RowsRequest } from './rows-request.ts'
import type { Scratch } from './scratch.ts'
import { togetherFor } from './together.ts'
import { Whole } from './whole.ts'

/** Events that were sorted out, how many there are of all parts, and how many were looked at. */
interface DealtEvents {
  readonly files: readonly PartedRows[]
  readonly rows: number
  readonly looked: number
}

type Counter = ReturnType<Prepared['counter']>
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
      await this.#compute(scan, aside, results, this.#scratch.path(`asked-${i}`), room)
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

  async #compute(scan: SharedScan, aside: RowsAside, results: Results, prefix: string, room: number): Promise<void> {
    const { database } = this.#prepared
    const parts = await this.#partsOf(scan, aside)
    const dealt = new Dealt(this.#prepared, this.#needs, scan, parts, prefix, room)
    await dealt.deal(database, aside)
    freeAllLetGo()
    const counter = this.#prepared.counter(this.#stageOf(scan))
    const { threads } = this.#budget
    // Parts that are computed one after the other would each read the source.
    const events = parts > threads ? await this.#dealt(scan, aside, dealt, prefix, counter) : undefined
    const totals = new Map<PartTask, number>()
    let met = 0
    const askedOf = new Map<PartTask, PartAsked>()
    const tasks = function* (): Generator<PartTask> {
      // As many as there are threads are in memory at once anyway.
      const atOnce = parts <= threads ? [...dealt.take()] : undefined
      const together = togetherFor(atOnce ?? [], threads, parts)
      let i = 0
      for (const part of atOnce ?? dealt.take()) {
        const own = together?.[i++]
        const task: PartTask = {
          kind: 'part',
          source: scan.source,
          asked: results.asked(part),
          keys: part.keys,
          ...(own === undefined ? {} : { together: own }),
          ...(events === undefined ? {} : { events: events.files.map(file => piecesOf(file, part.part)) }),
        }
        askedOf.set(task, part)
        yield task
      }
    }
    const onTold = (task: PartTask) => (told: { readonly rows: number; readonly total: number }) => {
      totals.set(task, told.total)
      met += told.rows
      const known = [...totals.values()].reduce((sum, total) => sum + total, 0)
      counter(told.rows, (events?.looked ?? 0) + (events?.rows ?? Math.round((known / totals.size) * parts)))
    }
    await this.#engine.run(tasks(), onTold, (task, { features }) => {
      results.put(askedOf.get(task) as PartAsked, features)
      askedOf.delete(task)
    })
    counter(0, (events?.looked ?? 0) + met)
    for (const { file } of events?.files ?? []) await rm(file)
  }

  /** The events of the parts, sorted out by all threads. Undefined: they cannot be. */
  async #dealt(scan: SharedScan, aside: RowsAside, dealt: Dealt, prefix: string, counter: Counter): Promise<DealtEvents | undefined> {
    const { threads } = this.#budget
    const shared = {
      kind: 'deal' as const,
      source: scan.source,
      needs: scan.needs,
      ...this.#rangeOf(scan, aside),
      parts: dealt.parts,
      partOfShare: dealt.partOfShare,
      pieceRows: pieceRowsOf(this.#budget, dealt.parts, dealtWidth(this.#prepared.spec.project, this.#needs, scan)),
    }
    const tasks = Array.from({ length: threads }, (_, index) => ({
      ...shared,
      slice: { index, of: threads },
      file: `${prefix}-events-${index}`,
    }))
    const looked = new Map<DealTask, number>()
    let all = 0
    const files: (PartedRows | undefined)[] = []
    const onTold = (task: DealTask) => (told: Told) => {
      looked.set(task, told.total)
      all += told.rows
      // And once more when they are taken up.
      counter(told.rows, 2 * [...looked.values()].reduce((sum, total) => sum + total, 0))
    }
    await this.#engine.run(tasks, onTold, (_, { events }) => files.push(events))
    const whole = files.filter(file => file !== undefined)
    if (whole.length === files.length) return { files: whole, looked: all, rows: whole.reduce((sum, file) => sum + rowsOf(file), 0) }
    for (const { file } of tasks) await rm(file)
    return undefined
  }

  #rangeOf({ needs }: SharedScan, aside: RowsAside): { readonly fromUs: number; readonly untilUs: number } {
    const wanted = needs.map(need => this.#needs[need] as Need)
    return {
      fromUs: Math.min(...wanted.map(({ shiftUs, reach }) => aside.firstUs + shiftUs - (reach.longestUs ?? Number.POSITIVE_INFINITY))),
      untilUs: Math.max(...wanted.map(({ shiftUs, reach }) => aside.lastUs + shiftUs + reach.aheadUs)),
    }
  }

  async #partsOf(scan: SharedScan, aside: RowsAside): Promise<number> {
    const { at, pin } = this.#prepared.source(scan.source)
    const wanted = scan.needs.map(need => this.#needs[need] as Need)
    if (aside.rows === 0) return 1
    const { fromUs, untilUs } = this.#rangeOf(scan, aside)
    return partsFor(this.#budget, {
      rows: aside.rows * wanted.length,
      features: Math.max(...wanted.map(({ group }) => Object.keys(group.features).length)),
      events: await scanSize(this.#prepared.database, at, pin, { fromUs, untilUs }),
    })
  }

  #stageOf({ source, needs }: SharedScan): string {
    if (needs.every(need => this.#needs[need]?.join === undefined)) return 'labels'
    const sources = new Set(this.#needs.filter(({ join }) => join !== undefined).map(({ group }) => group.source))
    return sources.size === 1 ? 'features' : `features of ${source}`
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
