/**
 * A connection, read before node:http. Requests are answered one after the other, each once it is whole. One that is plain and not
 * for a hot route goes through the router, and the next is looked at here again; from the first bytes that are not plainly a
 * request on, all belongs to node:http, which answers or refuses it as it does.
 */
import type { Socket } from 'node:net'
import { Asked } from './hot-caller.ts'
import type { Connection, HotHost, HotTimes } from './hot-host.ts'
import type { HotRequest } from './hot-route.ts'
import { Incoming } from './incoming.ts'
import { readPlain } from './plain-head.ts'
import { newRequestId } from './request-id.ts'
import { RoutedRequests } from './routed-requests.ts'
import { writeAtEnd } from './turn.ts'

const NO_BODY = Buffer.alloc(0)
/** Bytes that wait behind a request that is not answered yet; more are not read. */
const WAITING_BYTES_MAX = 64 * 1024
/** Responses that are put together before they are written. */
const WAITING_CHARS_MAX = 64 * 1024
/** node:http too waits longer than it says, so that a request that is on its way is not cut. */
const KEPT_LONGER_MS = 1_000

export class HotConnection implements Connection {
  readonly #socket: Socket
  readonly #host: HotHost
  readonly #routed: RoutedRequests
  readonly #incoming = new Incoming()
  /** Without so many bytes nothing can be done. */
  #wantedBytes = 1
  /** The request that is not answered yet. */
  #asked: Asked | undefined
  #out = ''
  #isPlanned = false
  #isAdvancing = false
  #hasAsked = false
  /** Nothing more comes. */
  #hasEnded = false
  /** Nothing more is looked at. */
  #isOver = false
  /** What waits to be written ends the connection. */
  #isLast = false
  /** Since when it waits for what it waits for: its first request, the rest of a body, the next request. */
  #sinceMs = performance.now()

  constructor(socket: Socket, host: HotHost) {
    this.#socket = socket
    this.#host = host
    this.#routed = new RoutedRequests(socket, host.route, () => this.#routerDid())
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#readEnd())
    socket.on('drain', () => this.#plan())
    socket.on('error', () => {})
    socket.on('close', () => this.#close())
  }

  advance(): void {
    this.#isPlanned = false
    this.#isAdvancing = true
    while (this.#canGoOn()) this.#next()
    this.#isAdvancing = false
    if (this.#out !== '') writeAtEnd(this.#write, this.#out.length)
    if (this.#hasEnded) this.#end()
    else if (this.#socket.isPaused() && !this.#holdsTooMuch()) this.#socket.resume()
  }

  closeIdle(): void {
    const isBusy = this.#asked !== undefined || this.#routed.isBusy || this.#incoming.length > 0 || this.#out !== ''
    if (!isBusy && this.#socket.writableLength === 0) this.cut()
  }

  cut(): void {
    this.#socket.destroy()
  }

  sweep({ headersTimeout, requestTimeout, keepAliveTimeout }: HotTimes): void {
    if (this.#isOver || this.#asked !== undefined || this.#socket.writableNeedDrain) return
    const waitedMs = performance.now() - this.#sinceMs
    const isOverdue = (ms: number) => ms > 0 && waitedMs > ms
    if (this.#routed.isBusy) {
      if (isOverdue(this.#routed.keptMs)) this.cut()
    } else if (this.#hasAsked && this.#incoming.length === 0) {
      if (isOverdue(keepAliveTimeout + KEPT_LONGER_MS)) this.cut()
    } else if (isOverdue(this.#hasAsked ? requestTimeout : headersTimeout)) {
      this.#isOver = true
      this.#host.timedOut(this.#socket)
    }
  }

  /** The answer to what was asked. */
  respond(head: string, body: string, hangsUp: boolean): void {
    this.#asked = undefined
    this.#out += head + this.#host.headEnd(hangsUp) + body
    this.#sinceMs = this.#host.sweptMs
    if (hangsUp || !this.#host.isOpen) this.#isOver = this.#isLast = true
    if (this.#out.length > WAITING_CHARS_MAX) this.#write()
    if (!this.#isAdvancing) this.#plan()
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    this.#host.arrived(this)
  }

  #read(chunk: Buffer): void {
    if (this.#isOver) return
    this.#incoming.add(chunk)
    if (this.#incoming.length >= this.#wantedBytes) this.#plan()
    if (this.#holdsTooMuch()) this.#socket.pause()
  }

  #readEnd(): void {
    this.#hasEnded = true
    this.#plan()
  }

  #holdsTooMuch(): boolean {
    return this.#incoming.length > Math.max(WAITING_BYTES_MAX, this.#wantedBytes)
  }

  #canGoOn(): boolean {
    if (this.#isOver || this.#asked !== undefined || this.#socket.writableNeedDrain) return false
    if (this.#routed.isBusy) this.#routed.pass(this.#incoming)
    return !this.#routed.isBusy && this.#incoming.length >= this.#wantedBytes
  }

  /** The first request of what has come. */
  #next(): void {
    this.#incoming.gather()
    const { bytes, at } = this.#incoming
    const plain = readPlain(bytes, at)
    this.#hasAsked = true
    if (plain === undefined) {
      this.#routeFrom(Number.POSITIVE_INFINITY)
      return
    }
    const { method, url, head, headBytes } = plain
    const hot = this.#host.isOpen && head.isSimple ? this.#host.take(method, url, head) : undefined
    const wholeBytes = headBytes + Math.max(head.bodyBytes, 0)
    if (hot === undefined) this.#routeFrom(wholeBytes)
    else if (this.#incoming.length < wholeBytes) this.#waitFor(wholeBytes)
    else {
      this.#wantedBytes = 1
      const body = head.bodyBytes > 0 ? bytes.subarray(at + headBytes, at + wholeBytes) : NO_BODY
      this.#incoming.skip(wholeBytes)
      this.#answer(hot, new Asked(head.requestId ?? newRequestId(), this), body)
    }
  }

  #waitFor(bytes: number): void {
    this.#wantedBytes = bytes
    this.#sinceMs = performance.now()
  }

  #answer(hot: HotRequest, asked: Asked, body: Buffer): void {
    this.#asked = asked
    try {
      const waiting = hot.answer(asked, body)
      if (waiting !== undefined) waiting.catch((thrown: unknown) => this.#host.refuse(asked, hot, thrown))
    } catch (thrown) {
      this.#host.refuse(asked, hot, thrown)
    }
  }

  #routeFrom(bytes: number): void {
    this.#wantedBytes = 1
    this.#write()
    this.#routed.begin(bytes)
  }

  #routerDid(): void {
    this.#sinceMs = performance.now()
    this.#plan()
  }

  /** Who says that he sends nothing more has left. What he sent before and cannot be answered at once is for node:http to end. */
  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (this.#asked === undefined && (this.#routed.isBusy || this.#incoming.length > 0)) {
      this.#write()
      this.#routed.end(this.#incoming)
    } else {
      this.#asked?.leave()
      writeAtEnd(() => this.#socket.end(), 0)
    }
  }

  #close(): void {
    this.#isOver = true
    this.#asked?.leave()
    this.#routed.cut()
    this.#host.closed(this)
  }

  readonly #write = (): void => {
    const text = this.#out
    this.#out = ''
    if (text !== '') this.#socket.write(text, 'latin1')
    if (this.#isLast) this.#socket.destroySoon()
  }
}
