/** What was read of the last keys: so many at most, each for so long. */
export class KeyCache<T> {
  readonly #most: number
  readonly #ageMs: number
  readonly #nowMs: () => number
  /** In the order in which they were read. */
  readonly #entries = new Map<string, { readonly value: T; readonly readAtMs: number }>()

  /** @param nowMs a clock that never steps back. */
  constructor(most: number, ageMs: number, nowMs: () => number) {
    this.#most = most
    this.#ageMs = ageMs
    this.#nowMs = nowMs
  }

  /** Undefined: it is not known, or was read too long ago. */
  get(key: string): { readonly value: T } | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#nowMs() - entry.readAtMs < this.#ageMs) return entry
    this.#entries.delete(key)
    return undefined
  }

  /** @param readAtMs when it was asked for: it holds what was true from then on. */
  put(key: string, value: T, readAtMs: number): void {
    if (this.#ageMs === 0) return
    this.#entries.delete(key)
    this.#entries.set(key, { value, readAtMs })
    if (this.#entries.size > this.#most) this.#entries.delete(this.#entries.keys().next().value as string)
  }
}
