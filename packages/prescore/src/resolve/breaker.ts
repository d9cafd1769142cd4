/**
 * Keeps a step that fails again and again from being tried for a while: after so many failures in a row, over so much time, it is
 * open, and says why; when the pause is over, one request is let through to try. If that fails too, the pause begins again.
 * A single stall, in which many requests fail at once, does not open it.
 *
 *     closed ──failures in a row──► open ──pause over──► one try ──success──► closed
 *                                    ▲                      └─────failure────► open
 */
import type { ErrorCode, PrescoreError } from '../base/index.ts'

const FAILURES = 5
const FAILING_MS = 500
const PAUSE_MS = 1_000
/** What tells of the step. Others tell of the request, or that the step itself sheds load or is not there yet. */
const COUNTED: readonly ErrorCode[] = ['model_failed', 'model_unavailable', 'source_unavailable', 'deadline_exceeded', 'store_unreadable']

export class Breaker {
  readonly #nowMs: () => number
  #inRow = 0
  /** When the first of those in a row was. */
  #sinceMs = 0
  #isOpen = false
  #last: PrescoreError | undefined
  #openUntilMs = 0

  /** @param nowMs a clock that never steps back. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  /** Why the step is not to be tried now; undefined: it is. */
  obstacle(): PrescoreError | undefined {
    if (!this.#isOpen) return undefined
    const nowMs = this.#nowMs()
    if (nowMs < this.#openUntilMs) return this.#last
    // This request tries; those beside it do not.
    this.#openUntilMs = nowMs + PAUSE_MS
    return undefined
  }

  failed(error: PrescoreError): void {
    if (!COUNTED.includes(error.code)) return
    this.#last = error
    const nowMs = this.#nowMs()
    if (this.#inRow++ === 0) this.#sinceMs = nowMs
    if (this.#inRow < FAILURES || nowMs - this.#sinceMs < FAILING_MS) return
    this.#isOpen = true
    this.#openUntilMs = nowMs + PAUSE_MS
  }

  succeeded(): void {
    this.#inRow = 0
    this.#isOpen = false
  }
}
