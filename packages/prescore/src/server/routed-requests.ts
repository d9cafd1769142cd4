/** What of a connection goes through the router: single requests whose bytes are counted, or all from some byte on. */
import type { Socket } from 'node:net'
import type { Incoming } from './incoming.ts'
import { type RoutedListener, RoutedSocket } from './routed-socket.ts'

export class RoutedRequests implements RoutedListener {
  readonly #socket: Socket
  readonly #route: (socket: RoutedSocket) => void
  readonly #onChange: () => void
  /** Made when it is first needed. */
  #routed: RoutedSocket | undefined
  #toPass = 0
  #isAnswerAwaited = false
  #isFull = false

  /**
   * @param route gives a connection to node:http
   * @param onChange told when there is more to do: a request is answered, or more can be passed on
   */
  constructor(socket: Socket, route: (socket: RoutedSocket) => void, onChange: () => void) {
    this.#socket = socket
    this.#route = route
    this.#onChange = onChange
  }

  /** Whether what comes next is of the router's request, or waits for its answer. */
  get isBusy(): boolean {
    return this.#toPass > 0 || this.#isAnswerAwaited
  }

  /** Time that the connection is kept without a request, as node:http says; 0: it does not. */
  get keptMs(): number {
    return this.#routed?.keptMs ?? 0
  }

  /** Of the bytes that follow so many are the router's. */
  begin(bytes: number): void {
    this.#toPass = bytes
    this.#isAnswerAwaited = true
    if (this.#routed !== undefined) return
    this.#routed = new RoutedSocket(this.#socket, this)
    this.#route(this.#routed)
  }

  /** Passes on what is the router's. */
  pass(incoming: Incoming): void {
    while (this.#toPass > 0 && incoming.length > 0 && !this.#isFull) this.#passPiece(incoming)
  }

  /** Passes on all, and that nothing more comes. */
  end(incoming: Incoming): void {
    this.begin(Number.POSITIVE_INFINITY)
    while (incoming.length > 0) this.#passPiece(incoming)
    this.#routed?.push(null)
  }

  cut(): void {
    this.#routed?.destroy()
  }

  wanted(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#onChange()
  }

  answered(): void {
    this.#isAnswerAwaited = false
    // It has said that the connection ends.
    if (this.#routed?.writableEnded !== false) this.#toPass = Number.POSITIVE_INFINITY
    this.#onChange()
  }

  closed(): void {
    if (this.isBusy) this.#socket.destroy()
    this.#routed = undefined
  }

  #passPiece(incoming: Incoming): void {
    const piece = incoming.shift(this.#toPass)
    this.#toPass -= piece.length
    this.#isFull = this.#routed?.push(piece) === false
  }
}
