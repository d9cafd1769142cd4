/** Whether a table can be read, as it is told: once when it goes, once when it is back, and not again and again where it comes and goes. */
import type { PrescoreError } from '../base/index.ts'

/** From one time that it is told to have gone to the next. */
export const TOLD_AGAIN_MS = 60_000

export interface TableStandingParts {
  readonly onAway: (error: PrescoreError) => void
  readonly onBack: () => void
}

export class TableStanding {
  readonly #parts: TableStandingParts
  #failure: PrescoreError | undefined
  #isToldAway = false
  #notBeforeMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(parts: TableStandingParts) {
    this.#parts = parts
  }

  failed(error: PrescoreError): void {
    this.#failure = error
    if (this.#isToldAway || this.#timer !== undefined) return
    const waitMs = this.#notBeforeMs - performance.now()
    if (waitMs <= 0) this.#tellAway(error)
    else this.#timer = setTimeout(() => this.#tellIfAway(), waitMs).unref()
  }

  answered(): void {
    this.#failure = undefined
    if (!this.#isToldAway) return
    this.#isToldAway = false
    this.#parts.onBack()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #tellIfAway(): void {
    this.#timer = undefined
    if (this.#failure !== undefined) this.#tellAway(this.#failure)
  }

  #tellAway(error: PrescoreError): void {
    this.#isToldAway = true
    this.#notBeforeMs = performance.now() + TOLD_AGAIN_MS
    this.#parts.onAway(error)
  }
}
