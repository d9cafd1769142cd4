/** Pauses between tries: none before the first, then each twice as long as the one before, and none again when all went well for a while. */
import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_MS = 1_000
const LONGEST_MS = 30_000
const WELL_MS = 60_000

export class Retries {
  readonly #stopped = new AbortController()
  #pauseMs = 0
  #lastMs = Number.NEGATIVE_INFINITY

  /** Waits as long as it is time for; no longer than until {@link stop}. */
  async pause(): Promise<void> {
    if (performance.now() - this.#lastMs > this.#pauseMs + WELL_MS) this.#pauseMs = 0
    if (this.#pauseMs > 0) await sleep(this.#pauseMs, undefined, { ref: false, signal: this.#stopped.signal }).catch(() => undefined)
    this.#pauseMs = Math.min(LONGEST_MS, Math.max(FIRST_MS, 2 * this.#pauseMs))
    this.#lastMs = performance.now()
  }

  stop(): void {
    this.#stopped.abort()
  }
}
