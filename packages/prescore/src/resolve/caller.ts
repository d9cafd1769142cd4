/** Whoever waits for an answer and may leave before it is there: what nobody waits for any more is not computed. */

/** A response of node:http is one, as it is: a request whose answer is stored costs nothing for it. */
export interface Caller {
  /** He has left. */
  readonly destroyed: boolean
  /** Tells when he has left, or has his answer. */
  once(event: 'close', listener: () => void): unknown
}

const LEFT = 'the caller left'
/** One for all that a caller asks for at once. */
const signals = new WeakMap<Caller, AbortSignal>()

/** Aborts when the caller leaves. Made for the first step that may wait. */
export function signalOf(caller: Caller): AbortSignal {
  const made = signals.get(caller)
  if (made !== undefined) return made
  const controller = new AbortController()
  signals.set(caller, controller.signal)
  if (caller.destroyed) controller.abort(LEFT)
  else caller.once('close', () => controller.abort(LEFT))
  return controller.signal
}
