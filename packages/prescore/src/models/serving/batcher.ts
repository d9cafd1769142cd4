/**
 * Batches what piles up, and never waits for more: a call begins in the same turn of the event loop in which its rows
 * arrived, once all that arrived in that turn is there (`setImmediate` comes after the sockets were read).
 */
import { PrescoreError } from '../../base/index.ts'
import { arrayOf, type Matrix } from '../runtime.ts'
import { isLaneLost, type Lanes } from './lanes.ts'
import type { Pace } from './pace.ts'
import { checkRow, closed, isLate, type ModelFacts, tooLate } from './row-check.ts'
import type { ScoreOptions, ServedModel, ServingStats } from './served-model.ts'
import { WaitingRow } from './waiting-row.ts'

export class Batcher implements ServedModel {
  readonly inputType: ServedModel['inputType']
  readonly outputType: ServedModel['outputType']
  readonly width: number
  readonly wholeFeatures: readonly number[]
  readonly #facts: ModelFacts
  readonly #lanes: Lanes
  readonly #pace: Pace
  readonly #queueRowsMax: number
  /** In the order of arrival; what was cancelled has left. */
  readonly #queue = new Set<WaitingRow>()
  readonly #counts = { runningRows: 0, batches: 0, rows: 0, overloaded: 0, overdue: 0 }
  #pumpIsDue = false
  #closing: Promise<void> | undefined
  #onIdle = () => {}

  constructor(facts: ModelFacts, lanes: Lanes, pace: Pace, queueRowsMax: number) {
    this.#facts = facts
    this.#lanes = lanes
    this.#pace = pace
    this.#queueRowsMax = queueRowsMax
    this.inputType = facts.inputType
    this.outputType = facts.outputType
    this.width = facts.width
    this.wholeFeatures = facts.wholeFeatures
    lanes.onFree = () => this.#schedule()
    lanes.onBroken = error => {
      for (const row of [...this.#queue]) row.fail(error)
    }
  }

  score(row: Matrix, options: ScoreOptions = {}): Promise<Matrix> {
    if (this.#closing !== undefined) throw closed(this.#facts)
    checkRow(this.#facts, row, options)
    if (isLate(options.deadlineAtMs)) {
      this.#counts.overdue++
      throw tooLate()
    }
    if (this.#queue.size >= this.#queueRowsMax) throw this.#overloaded()
    const waiting = new WaitingRow(row, options, this.#onGone)
    if (this.#lanes.place === 'workers') waiting.watchDeadline()
    this.#queue.add(waiting)
    this.#schedule()
    return waiting.values
  }

  get stats(): ServingStats {
    const { place, workers, replaced } = this.#lanes
    const { callMs, rowsMax } = this.#pace
    return { place, callMs, rowsMax, waitingRows: this.#queue.size, ...this.#counts, workers, replaced }
  }

  close(): Promise<void> {
    this.#closing ??= this.#drain()
    return this.#closing
  }

  async #drain(): Promise<void> {
    await new Promise<void>(resolve => {
      this.#onIdle = resolve
      this.#tellIdle()
    })
    await this.#lanes.close()
  }

  readonly #onGone = (row: WaitingRow, error: unknown): void => {
    if (error instanceof PrescoreError && error.code === 'deadline_exceeded') this.#counts.overdue++
    if (this.#queue.delete(row)) this.#tellIdle()
  }

  #tellIdle(): void {
    if (this.#queue.size === 0 && this.#counts.runningRows === 0) this.#onIdle()
  }

  #schedule(): void {
    if (this.#pumpIsDue || this.#queue.size === 0 || this.#lanes.free === 0) return
    this.#pumpIsDue = true
    setImmediate(() => {
      this.#pumpIsDue = false
      this.#pump()
    })
  }

  /** Gives every free lane its share of what waits. */
  #pump(): void {
    for (let free = this.#lanes.free; free > 0 && this.#queue.size > 0; free--) {
      const rows = this.#take(Math.min(this.#pace.rowsMax, Math.ceil(this.#queue.size / free)))
      if (rows.length > 0) void this.#call(rows)
    }
  }

  #take(count: number): WaitingRow[] {
    const rows: WaitingRow[] = []
    for (const row of this.#queue) {
      if (rows.length === count) break
      // One whose deadline passed fails here, and leaves the queue by that.
      if (!row.isWanted()) continue
      this.#queue.delete(row)
      rows.push(row)
    }
    return rows
  }

  async #call(rows: readonly WaitingRow[]): Promise<void> {
    this.#counts.batches++
    this.#counts.rows += rows.length
    this.#counts.runningRows += rows.length
    await this.#run(rows)
    this.#counts.runningRows -= rows.length
    this.#tellIdle()
    this.#schedule()
  }

  /** Never rejects. What the model refuses together it gets in halves, until the bad row stands alone. */
  async #run(all: readonly WaitingRow[]): Promise<void> {
    const rows = all.filter(({ settled }) => !settled)
    if (rows.length === 0) return
    try {
      const values = await this.#lanes.run(this.#matrixOf(rows), rows.length)
      rows.forEach((row, i) => row.answer(values.slice(i * this.width, (i + 1) * this.width)))
    } catch (error) {
      const half = rows.length >> 1
      if (half === 0 || isLaneLost(error)) for (const row of rows) row.fail(error)
      else for (const part of [rows.slice(0, half), rows.slice(half)]) await this.#run(part)
    }
  }

  #matrixOf(rows: readonly WaitingRow[]): Matrix {
    const features = this.#facts.featureNames.length
    const matrix = arrayOf(this.inputType, rows.length * features)
    rows.forEach(({ row }, i) => matrix.set(row, i * features))
    return matrix
  }

  #overloaded(): PrescoreError {
    this.#counts.overloaded++
    return new PrescoreError('overloaded', {
      where: 'the model',
      found: `${this.#queue.size} rows that wait`,
      expected: `fewer than ${this.#queueRowsMax}`,
    })
  }
}
