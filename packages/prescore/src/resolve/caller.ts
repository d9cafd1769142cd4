/** Whoever waits for an answer and may leave before it is there: what nobody waits for any more is not computed. */
import type { LeavingSignal } from '../models/index.ts'

/** A response of node:http is one, as it is: a request that is answered at once costs nothing for it. */
export interface Caller {
  /** He has left. */
  readonly destroyed: boolean
  /** Tells when he has left, or has his answer. */
  once(event: 'close', listener: () => void): unknown
}

const LEFT = 'the caller left'
/** One for all that a caller asks for at once. */
const signals = new WeakMap<Caller, AbortSignal>()

/** Aborts when the caller leaves. Nothing listens to him before somebody listens to the signal, as a step that waits does. */
export class CallerSignal implements LeavingSignal {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  get aborted(): boolean {
    return this.#caller.destroyed
  }

  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void {
    signalOf(this.#caller).addEventListener(type, listener, options)
  }

  removeEventListener(type: 'abort', listener: () => void): void {
    signals.get(this.#caller)?.removeEventListener(type, listener)
  }
}

function signalOf(caller: Caller): AbortSignal {
  const made = signals.get(caller)
  if (made !== undefined) return made
  const controller = new AbortController()
  signals.set(caller, controller.signal)
  if (caller.destroyed) controller.abort(LEFT)
  else caller.once('close', () => controller.abort(LEFT))
  return controller.signal
}
