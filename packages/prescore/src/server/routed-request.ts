/**
 * A plain request that goes through the router, on a connection whose next request may be a hot one: the objects that node:http
 * would have made of it, over the same socket, until it is answered.
 */
import { IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Incoming } from './incoming.ts'
import { type PlainRequest, rawHeadersOf } from './plain-head.ts'

/** By the names that node:http has for what its own connections set. */
type Response = ServerResponse & { _keepAliveTimeout: number; readonly _last: boolean; _closed: boolean }

class Message extends IncomingMessage {
  /** Told when more of the body is wanted. */
  onWanted = (): void => {}

  setHeaders(pairs: string[]): void {
    const self = this as unknown as { _addHeaderLines(pairs: string[], count: number): void }
    self._addHeaderLines(pairs, pairs.length)
  }

  override _read(size: number): void {
    super._read(size)
    this.onWanted()
  }
}

export interface RoutedListener {
  /** More of the body is wanted. */
  routerWants(): void
  /** The request is answered, and has come to its end. @param isLast the answer says that the connection ends */
  routerIsDone(isLast: boolean): void
}

export class RoutedRequest {
  readonly #socket: Socket
  readonly #listener: RoutedListener
  readonly #request: Message
  readonly #response: Response
  /** Of its body. */
  #toPass: number
  #isFull = false
  #isAnswered = false

  constructor(server: Server, socket: Socket, { method, url, head, headers }: PlainRequest, listener: RoutedListener) {
    this.#socket = socket
    this.#listener = listener
    this.#toPass = Math.max(head.bodyBytes, 0)
    const request = new Message(socket)
    request.httpVersionMajor = 1
    request.httpVersionMinor = 1
    request.httpVersion = '1.1'
    request.method = method
    request.url = url
    request.setHeaders(rawHeadersOf(headers))
    request.onWanted = () => this.#wanted()
    const response = new ServerResponse(request) as unknown as Response
    response._keepAliveTimeout = server.keepAliveTimeout
    response.assignSocket(socket)
    response.on('finish', () => this.#finish())
    this.#request = request
    this.#response = response
    server.emit('request', request, response)
    if (this.#toPass === 0) this.#complete()
  }

  /** Whether it waits for the rest of its body. */
  get isIncomplete(): boolean {
    return this.#toPass > 0
  }

  /** Passes on what has come of its body; once it is answered, passes over it. */
  pass(incoming: Incoming): void {
    while (this.#toPass > 0 && incoming.length > 0 && (this.#isAnswered || !this.#isFull)) {
      const piece = incoming.shift(this.#toPass)
      this.#toPass -= piece.length
      if (!this.#isAnswered) this.#isFull = !this.#request.push(piece)
      if (this.#toPass === 0) this.#complete()
    }
  }

  /** The socket takes more again. */
  drained(): void {
    this.#response.emit('drain')
  }

  /** The connection is gone. */
  abort(): void {
    this.#request.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  }

  #wanted(): void {
    if (!this.#isFull) return
    this.#isFull = false
    this.#listener.routerWants()
  }

  #complete(): void {
    this.#request.complete = true
    this.#request.push(null)
    if (this.#isAnswered) this.#listener.routerIsDone(false)
  }

  #finish(): void {
    const response = this.#response
    this.#isAnswered = true
    response.detachSocket(this.#socket)
    process.nextTick(() => {
      response.destroyed = true
      response._closed = true
      response.emit('close')
    })
    if (response._last) this.#listener.routerIsDone(true)
    else if (this.#toPass === 0) this.#listener.routerIsDone(false)
    else this.#listener.routerWants()
  }
}
