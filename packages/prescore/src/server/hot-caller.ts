/** The sender of one request, until it is answered or he leaves. */
import type { HotCaller } from './hot-route.ts'

export class Asked implements HotCaller {
  readonly id: string
  destroyed = false
  readonly #connection: Pick<HotCaller, 'respond'>
  #listeners: (() => void)[] | undefined

  constructor(id: string, connection: Pick<HotCaller, 'respond'>) {
    this.id = id
    this.#connection = connection
  }

  once(_event: 'close', listener: () => void): void {
    this.#listeners ??= []
    this.#listeners.push(listener)
  }

  respond(head: string, body: string, hangsUp: boolean): void {
    if (this.destroyed) return
    this.leave()
    this.#connection.respond(head, body, hangsUp)
  }

  /** He has left, or has his answer. */
  leave(): void {
    this.destroyed = true
    const listeners = this.#listeners
    if (listeners === undefined) return
    this.#listeners = undefined
    for (const listener of listeners) listener()
  }
}
