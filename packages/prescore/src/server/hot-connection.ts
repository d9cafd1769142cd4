/**
 * A connection, read before node:http. Requests are answered one after the other, each once it is whole. One that is plain and not
 * for a hot route goes through the router, and the next is looked at here again; with the first bytes that are not plainly a
 * request the connection is handed over to node:http, which answers or refuses them as it does.
 */
import type { Socket } from 'node:net'
import { Asked } from './hot-caller.ts'
import type { Broken, Connection, HotHost, HotTimes } from './hot-host.ts'
import type { HotRequest } from './hot-route.ts'
import { Incoming } from './incoming.ts'
import { Outbox } from './outbox.ts'
import { type PlainRequest, readPlain } from './plain-head.ts'
import { newRequestId } from './request-id.ts'
import { type RoutedListener, RoutedRequest } from './routed-request.ts'
import { writeAtEnd } from './turn.ts'

const NO_BODY = Buffer.alloc(0)
/** Bytes that wait behind a request that is not answered yet; more are not read. */
const WAITING_BYTES_MAX = 64 * 1024
/** node:http too waits longer than it says, so that a request that is on its way is not cut. */
const KEPT_LONGER_MS = 1_000

export class HotConnection implements Connection, RoutedListener {
  readonly #socket: Socket
  readonly #host: HotHost
  readonly #incoming = new Incoming()
  readonly #outbox: Outbox
  /** Without so many bytes nothing can be done. */
  #wantedBytes = 1
  /** The request that is not answered yet: a hot one, or the router's. */
  #asked: Asked | undefined
  #routed: RoutedRequest | undefined
  #isPlanned = false
  #isAdvancing = false
  #hasAsked = false
  /** Nothing more comes. */
  #hasEnded = false
  /** Nothing more is looked at. */
  #isOver = false
  readonly #listeners: readonly (readonly [event: string, listener: (chunk: Buffer) => void])[] = [
    ['data', chunk => this.#read(chunk)],
    ['end', () => this.#readEnd()],
    ['drain', () => this.#drained()],
    ['error', () => {}],
    ['close', () => this.#close()],
  ]
  /** Since when it waits for what it waits for: its first request, the rest of a body, the next request. */
  #sinceMs = performance.now()

  constructor(socket: Socket, host: HotHost) {
    this.#socket = socket
    this.#host = host
    this.#outbox = new Outbox(socket)
    for (const [event, listener] of this.#listeners) socket.on(event, listener)
  }

  advance(): void {
    this.#isPlanned = false
    this.#isAdvancing = true
    while (this.#canGoOn()) this.#next()
    this.#isAdvancing = false
    this.#outbox.writeLater()
    if (this.#hasEnded) this.#end()
    else if (!this.#isOver && this.#socket.isPaused() && !this.#holdsTooMuch()) this.#socket.resume()
  }

  closeIdle(): void {
    const isBusy = this.#isAsked || this.#incoming.length > 0 || !this.#outbox.isEmpty
    if (!isBusy && this.#socket.writableLength === 0) this.cut()
  }

  cut(): void {
    this.#socket.destroy()
  }

  sweep({ headersTimeout, requestTimeout, keepAliveTimeout }: HotTimes): void {
    const isIncomplete = this.#routed?.isIncomplete ?? (this.#asked === undefined && this.#incoming.length > 0)
    if (this.#isOver || this.#isPlanned || this.#socket.writableNeedDrain || (this.#isAsked && !isIncomplete)) return
    const isIdle = this.#hasAsked && !isIncomplete
    const mostMs = isIdle ? keepAliveTimeout + KEPT_LONGER_MS : this.#hasAsked ? requestTimeout : headersTimeout
    if (performance.now() - this.#sinceMs < mostMs) return
    if (isIdle) this.cut()
    else this.#break('ERR_HTTP_REQUEST_TIMEOUT')
  }

  /** The answer to what was asked. */
  respond(head: string, body: string, hangsUp: boolean): void {
    this.#asked = undefined
    this.#sinceMs = this.#host.sweptMs
    this.#isOver = hangsUp || !this.#host.isOpen
    this.#outbox.add(head + this.#host.headEnd(hangsUp) + body, this.#isOver)
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

  get #isAsked(): boolean {
    return this.#asked !== undefined || this.#routed !== undefined
  }

  #canGoOn(): boolean {
    this.#routed?.pass(this.#incoming)
    return !this.#isOver && !this.#isAsked && !this.#socket.writableNeedDrain && this.#incoming.length >= this.#wantedBytes
  }

  /** The first request of what has come. */
  #next(): void {
    this.#incoming.gather()
    const { bytes, at } = this.#incoming
    const plain = readPlain(bytes, at)
    this.#hasAsked = true
    if (plain === undefined) {
      this.#handOver()
      return
    }
    const { method, url, head, headBytes } = plain
    const hot = this.#host.isOpen && head.isSimple ? this.#host.take(method, url, head) : undefined
    const wholeBytes = headBytes + Math.max(head.bodyBytes, 0)
    if (hot === undefined) this.#route(plain)
    else if (this.#incoming.length < wholeBytes) this.#waitFor(wholeBytes)
    else {
      this.#wantedBytes = 1
      const body = head.bodyBytes > 0 ? bytes.subarray(at + headBytes, at + wholeBytes) : NO_BODY
      this.#incoming.drop(wholeBytes)
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

  #route(plain: PlainRequest): void {
    this.#waitFor(1)
    this.#outbox.write()
    this.#incoming.drop(plain.headBytes)
    this.#routed = new RoutedRequest(this.#host.server, this.#socket, plain, this)
  }

  routerWants(): void {
    this.#plan()
  }

  routerIsDone(isLast: boolean): void {
    this.#routed = undefined
    this.#sinceMs = this.#host.sweptMs
    if (isLast) {
      this.#isOver = true
      this.#socket.destroySoon()
    } else if (this.#incoming.length > 0 || this.#hasEnded) this.#plan()
  }

  #handOver(): void {
    const socket = this.#socket
    if (this.#hasEnded) {
      this.#break('HPE_INVALID_EOF_STATE')
      return
    }
    this.#outbox.write()
    this.#isOver = true
    this.#host.left(this)
    for (const [event, listener] of this.#listeners) socket.off(event, listener)
    socket.pause()
    socket.unshift(this.#incoming.shift(this.#incoming.length))
    this.#host.handOver(socket)
    socket.resume()
  }

  /** Who says that he sends nothing more has left; if it was in the middle of a request, he is told. */
  #end(): void {
    if (this.#isOver) return
    // Whoever does not read as fast as he sends may still read what he sent for.
    if (!this.#isAsked && this.#socket.writableNeedDrain) return
    if (this.#routed?.isIncomplete ?? (this.#asked === undefined && this.#incoming.length > 0)) this.#break('HPE_INVALID_EOF_STATE')
    else {
      this.#isOver = true
      this.#asked?.leave()
      writeAtEnd(() => this.#socket.end(), 0)
    }
  }

  #break(why: Broken): void {
    this.#isOver = true
    this.#outbox.write()
    this.#host.refuseBroken(this.#socket, why)
  }

  #drained(): void {
    this.#routed?.drained()
    this.#plan()
  }

  #close(): void {
    this.#isOver = true
    this.#asked?.leave()
    this.#routed?.abort()
    this.#host.left(this)
  }
}
