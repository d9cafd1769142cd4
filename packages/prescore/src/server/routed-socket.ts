/** A connection as node:http sees it, while its requests go through the router: what is passed on to it, it reads; what it writes goes out. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export interface RoutedListener {
  /** More may be passed on. */
  wanted(): void
  /** A response is complete, or nothing more comes of it. */
  answered(): void
  /** Nothing is read or written any more. */
  closed(): void
}

export class RoutedSocket extends Duplex {
  /** Time that node:http keeps the connection without a request, from now on; 0: it is not told. */
  keptMs = 0
  readonly #socket: Socket
  readonly #listener: RoutedListener

  constructor(socket: Socket, listener: RoutedListener) {
    super({ decodeStrings: false })
    this.#socket = socket
    this.#listener = listener
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort
  }

  /** Of node:http. */
  setTimeout(ms: number): this {
    this.keptMs = ms
    return this
  }

  /** Of node:http: the end, once all is written. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy()).end()
  }

  answered(): void {
    this.#listener.answered()
  }

  override _read(): void {
    this.#listener.wanted()
  }

  override _write(chunk: string | Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    write(this.#socket, chunk, encoding, done)
  }

  override _writev(chunks: { chunk: string | Buffer; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    this.#socket.cork()
    for (const [i, { chunk, encoding }] of chunks.entries()) write(this.#socket, chunk, encoding, i === chunks.length - 1 ? done : () => {})
    this.#socket.uncork()
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(() => done())
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#listener.closed()
    done(error)
  }
}

function write(socket: Socket, chunk: string | Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
  if (typeof chunk === 'string') socket.write(chunk, encoding, done)
  else socket.write(chunk, done)
}
