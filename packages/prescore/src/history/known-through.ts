/** The latest moment, at most the latest as-of, at which any row that was seen was known. */
export class KnownThrough {
  #latestUs = Number.NEGATIVE_INFINITY

  note(knownAtUs: Float64Array, untilUs: number): void {
    let latestUs = this.#latestUs
    for (let i = 0; i < knownAtUs.length; i++) {
      const knownUs = knownAtUs[i] as number
      if (knownUs <= untilUs && knownUs > latestUs) latestUs = knownUs
    }
    this.#latestUs = latestUs
  }

  /** Undefined: none. */
  get us(): number | undefined {
    return this.#latestUs === Number.NEGATIVE_INFINITY ? undefined : this.#latestUs
  }
}
