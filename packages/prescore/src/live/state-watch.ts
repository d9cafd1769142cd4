/** Tells that live state cannot be read any more, as when another process has taken it over: answers say so, but who reads the log may see none of them. */
import type { PrescoreError } from '../base/index.ts'
import type { LiveState } from '../online/index.ts'

const LOOK_MS = 500

export class StateWatch {
  #timer: NodeJS.Timeout | undefined
  #told: string | undefined

  /** @param tell is called once for each trouble, until that is over. */
  start(state: Pick<LiveState, 'failure'>, tell: (failure: PrescoreError) => void): void {
    this.#timer = setInterval(() => {
      const { failure } = state
      if (failure !== undefined && failure.message !== this.#told) tell(failure)
      this.#told = failure?.message
    }, LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
