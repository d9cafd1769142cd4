/**
 * Ctrl-C and SIGTERM. A command that watches the signal has a while to end in order. What has not ended by then, or does not
 * watch, is cut off: that is no worse than a kill, which every command survives.
 */
const GRACE_MS = 3_000

export class Interruption {
  readonly #controller = new AbortController()
  readonly #cut: () => void
  #graceMs = 0

  /** @param cut ends the process. */
  constructor(cut: () => void) {
    this.#cut = cut
    process.on('SIGINT', this.#fire)
    process.on('SIGTERM', this.#fire)
  }

  /** The signal, for a command that ends in order within so many milliseconds once it has fired. */
  watch(graceMs = GRACE_MS): AbortSignal {
    this.#graceMs = graceMs
    return this.#controller.signal
  }

  close(): void {
    process.off('SIGINT', this.#fire)
    process.off('SIGTERM', this.#fire)
  }

  /** A second one cuts at once. */
  readonly #fire = (): void => {
    if (this.#graceMs === 0 || this.#controller.signal.aborted) {
      this.#cut()
    } else {
      setTimeout(this.#cut, this.#graceMs).unref()
      this.#controller.abort()
    }
  }
}
