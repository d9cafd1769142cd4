/** A row between its arrival and its values: it settles once, by whichever comes first. */
import { PrescoreError } from '../../base/index.ts'
import type { Matrix } from '../runtime.ts'
import { isLate, tooLate } from './row-check.ts'
import type { LeavingSignal, ScoreOptions } from './served-model.ts'

/** A timer cannot be longer; a deadline beyond it is none. */
const TIMER_MS_MAX = 2 ** 31 - 1

export class WaitingRow {
  readonly row: Matrix
  readonly values: Promise<Matrix>
  readonly #deadlineAtMs: number | undefined
  readonly #signal: LeavingSignal | undefined
  readonly #cancel = () => this.fail(new PrescoreError('cancelled'))
  /** Told when it settles before its call ended. */
  readonly #onGone: (row: WaitingRow, error: unknown) => void
  #settled = false
  #timer: NodeJS.Timeout | undefined
  #resolve: (values: Matrix) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(row: Matrix, { deadlineAtMs, signal }: ScoreOptions, onGone: (row: WaitingRow, error: unknown) => void) {
    this.row = row.slice()
    this.values = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#deadlineAtMs = deadlineAtMs
    this.#signal = signal
    this.#onGone = onGone
    signal?.addEventListener('abort', this.#cancel, { once: true })
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Fails the row when its deadline passes, whatever goes on. Only for rows that do not share the thread of the model. */
  watchDeadline(): void {
    if (this.#deadlineAtMs === undefined) return
    const leftMs = this.#deadlineAtMs - performance.now()
    if (leftMs <= TIMER_MS_MAX) this.#timer = setTimeout(() => this.fail(tooLate()), Math.max(0, leftMs))
  }

  /** Whether it still wants to be scored; one whose deadline passed fails. */
  isWanted(): boolean {
    if (!this.#settled && isLate(this.#deadlineAtMs)) this.fail(tooLate())
    return !this.#settled
  }

  answer(values: Matrix): void {
    if (this.#settle()) this.#resolve(values)
  }

  fail(error: unknown): void {
    if (!this.#settle()) return
    this.#onGone(this, error)
    this.#reject(error)
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#cancel)
    return true
  }
}
