/**
 * The features that one scan serves: the rows that ask are dealt to parts of the keys, and the parts are computed, at once where they are
 * as few as there are threads, and else one after the other from events that were sorted out before.
 */
import { rm } from 'node:fs/promises'
import { freeAllLetGo } from '../parquet/index.ts'
import { scanSize } from '../sources/index.ts'
import type { RowsAside } from './aside.ts'
import { AskedAtOnce, type AskedRows } from './asked.ts'
import { AskedInFiles, askedWidth } from './asked-files.ts'
import { type Budget, partsFor, pieceRowsOf } from './budget.ts'
import { type DealTask, dealtWidth } from './deal.ts'
import { Dealt, type PartAsked } from './dealt.ts'
import type { Engine } from './engine.ts'
import type { Told } from './ground.ts'
import type { Need, SharedScan } from './needs.ts'
import type { PartTask } from './part.ts'
import { type PartedRows, piecesOf, rowsOf } from './parted-rows.ts'
import type { Prepared } from './prepare.ts'
import type { Results } from './results.ts'
import { togetherFor } from './together.ts'

/** Events that were sorted out, how many there are of all parts, and how many were looked at. */
interface DealtEvents {
  readonly files: readonly PartedRows[]
  readonly rows: number
  readonly looked: number
}

type Counter = ReturnType<Prepared['counter']>

export class ScanFeatures {
  readonly #prepared: Prepared
  readonly #needs: readonly Need[]
  readonly #scan: SharedScan
  readonly #budget: Budget
  readonly #engine: Engine

  constructor(prepared: Prepared, needs: readonly Need[], scan: SharedScan, budget: Budget, engine: Engine) {
    this.#prepared = prepared
    this.#needs = needs
    this.#scan = scan
    this.#budget = budget
    this.#engine = engine
  }

  /** @param prefix of the paths of files */
  async compute(aside: RowsAside, results: Results, prefix: string): Promise<void> {
    const { database } = this.#prepared
    const parts = await this.#partsOf(aside)
    const asked = this.#askedOf(parts, aside.blockRows, prefix)
    try {
      const dealt = new Dealt(this.#prepared, this.#needs, this.#scan, parts, asked)
      await dealt.deal(database, aside)
      freeAllLetGo()
      await this.#computeDealt(aside, dealt, results, prefix)
    } finally {
      asked.remove()
    }
  }

  /** Parts that are computed at once are in memory at once. */
  #askedOf(parts: number, blockRows: number, prefix: string): AskedRows {
    if (parts <= this.#budget.threads) return new AskedAtOnce(parts, blockRows)
    const widths = this.#scan.needs.map(need => askedWidth(Object.keys((this.#needs[need] as Need).group.entity).length))
    const pieceRows = pieceRowsOf(
      this.#budget,
      parts,
      widths.reduce((sum, width) => sum + width, 0),
    )
    return new AskedInFiles(prefix, parts, pieceRows, blockRows)
  }

  async #computeDealt(aside: RowsAside, dealt: Dealt, results: Results, prefix: string): Promise<void> {
    const { parts } = dealt
    const scan = this.#scan
    const counter = this.#prepared.counter(this.#stage)
    const { threads } = this.#budget
    // Parts that are computed one after the other would each read the source.
    const events = parts > threads ? await this.#dealt(aside, dealt, prefix, counter) : undefined
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

  /** The events of the parts, sorted out by all threads. */
  async #dealt(aside: RowsAside, dealt: Dealt, prefix: string, counter: Counter): Promise<DealtEvents> {
    const { threads } = this.#budget
    const scan = this.#scan
    const shared = {
      kind: 'deal' as const,
      source: scan.source,
      needs: scan.needs,
      ...this.#rangeOf(aside),
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
    const files: PartedRows[] = []
    const onTold = (task: DealTask) => (told: Told) => {
      looked.set(task, told.total)
      all += told.rows
      // And once more when they are taken up.
      counter(told.rows, 2 * [...looked.values()].reduce((sum, total) => sum + total, 0))
    }
    await this.#engine.run(tasks, onTold, (_, { events }) => files.push(events))
    return { files, looked: all, rows: files.reduce((sum, file) => sum + rowsOf(file), 0) }
  }

  #rangeOf(aside: RowsAside): { readonly fromUs: number; readonly untilUs: number } {
    const wanted = this.#wanted
    return {
      fromUs: Math.min(...wanted.map(({ shiftUs, reach }) => aside.firstUs + shiftUs - (reach.longestUs ?? Number.POSITIVE_INFINITY))),
      untilUs: Math.max(...wanted.map(({ shiftUs, reach }) => aside.lastUs + shiftUs + reach.aheadUs)),
    }
  }

  async #partsOf(aside: RowsAside): Promise<number> {
    const { at, pin } = this.#prepared.source(this.#scan.source)
    const wanted = this.#wanted
    if (aside.rows === 0) return 1
    const { fromUs, untilUs } = this.#rangeOf(aside)
    return partsFor(this.#budget, {
      rows: aside.rows * wanted.length,
      features: Math.max(...wanted.map(({ group }) => Object.keys(group.features).length)),
      events: await scanSize(this.#prepared.database, at, pin, { fromUs, untilUs }),
    })
  }

  get #wanted(): readonly Need[] {
    return this.#scan.needs.map(need => this.#needs[need] as Need)
  }

  get #stage(): string {
    const { source, needs } = this.#scan
    if (needs.every(need => this.#needs[need]?.join === undefined)) return 'labels'
    const sources = new Set(this.#needs.filter(({ join }) => join !== undefined).map(({ group }) => group.source))
    return sources.size === 1 ? 'features' : `features of ${source}`
  }
}
