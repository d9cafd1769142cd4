/** Tells that live state cannot be read any more, as when another process has taken it over: answers say so, but who reads the log may see none of them. */
import type { PrescoreError } from '../base/index.ts'
import type { LiveState } from '../online/index.ts'

const LOOK_MS = 500

export class StateWatch {
  readonly #tell: (failure: PrescoreError) => void
  #state: Pick<LiveState, 'failure'> | undefined
  #timer: NodeJS.Timeout | undefined
  #told: string | undefined

  /** @param tell is called once for each trouble, until that is over. */
  constructor(tell: (failure: PrescoreError) => void) {
    this.#tell = tell
  }

  start(state: Pick<LiveState, 'failure'>): void {
    this.#state = state
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref()
  }

  /** Also at once, when something has gone wrong. */
  look(): void {
    const failure = this.#state?.failure
    if (failure !== undefined && failure.message !== this.#told) this.#tell(failure)
    this.#told = failure?.message
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
