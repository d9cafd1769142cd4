/**
 * Ctrl-C and SIGTERM. A command that watches the signal has a while to end in order. What has not ended by then, or does not
 * watch, is cut off: that is no worse than a kill, which every command survives.
 */
const GRACE_MS = 3_000
/** Signals that come so soon after the first are the same Ctrl-C: npx passes on what the terminal sends to both. */
const SAME_MS = 500
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

export class Interruption {
  readonly #controller = new AbortController()
  readonly #cut: () => void
  #graceMs = 0
  #firedMs: number | undefined

  /** Takes the place of whoever listened before. @param cut ends the process. */
  constructor(cut: () => void) {
    this.#cut = cut
    for (const signal of SIGNALS) {
      const before = process.listeners(signal)
      // Added first: without a listener in between, a signal that has just come is not lost.
      process.on(signal, this.#fire)
      for (const listener of before) process.off(signal, listener)
    }
  }

  /** The signal, for a command that ends in order within so many milliseconds once it has fired. */
  watch(graceMs = GRACE_MS): AbortSignal {
    this.#graceMs = graceMs
    return this.#controller.signal
  }

  /** What the command had to do is done. @param then is called at a signal from now on. */
  close(then: () => void): void {
    for (const signal of SIGNALS) {
      process.on(signal, then)
      process.off(signal, this.#fire)
    }
  }

  /** A second one cuts at once. */
  readonly #fire = (): void => {
    const nowMs = performance.now()
    if (this.#graceMs === 0) {
      this.#cut()
    } else if (this.#firedMs === undefined) {
      this.#firedMs = nowMs
      setTimeout(this.#cut, this.#graceMs).unref()
      this.#controller.abort()
    } else if (nowMs - this.#firedMs > SAME_MS) {
      this.#cut()
    }
  }
}
