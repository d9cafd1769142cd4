/**
 * The requests that come most, answered before node:http has made objects of them, with the bytes that the router gives. What is
 * anything but plain (a query, encoded characters, other headers or methods, a name that is not there) is left to the router. What
 * came within a turn of the event loop is answered at its end.
 */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Catalog } from '../stores/index.ts'
import type { Asked } from './hot-caller.ts'
import { HotConnection } from './hot-connection.ts'
import type { Broken, Connection, HotHost } from './hot-host.ts'
import type { HotRequest, HotRoute } from './hot-route.ts'
import { LIMITS } from './limits.ts'
import type { PlainHead } from './plain-head.ts'
import { errorOf, isDefect, type OnDefect } from './problem.ts'
import { answerAtEnd } from './turn.ts'

type Listener = (socket: Socket) => void

/** What the parser of node:http says. */
const BROKEN: Readonly<Record<Broken, string>> = { ERR_HTTP_REQUEST_TIMEOUT: '', HPE_INVALID_EOF_STATE: 'Invalid EOF state' }

/** Puts the hot path before the app's server, until the app begins to close. */
export function takeHotRequests(app: FastifyInstance, routes: readonly HotRoute[], catalog: Catalog, onDefect: OnDefect): HotPath {
  const { server } = app
  const path = new HotPath(server, routes, catalog, onDefect)
  app.addHook('preClose', done => {
    path.close()
    done()
  })
  server.removeAllListeners('connection')
  server.on('connection', socket => path.connect(socket))
  return path
}

export class HotPath implements HotHost {
  readonly server: Server
  isOpen = true
  sweptMs = performance.now()
  readonly #routes: readonly HotRoute[]
  readonly #catalog: Catalog
  readonly #onDefect: OnDefect
  /** What node:http does with a connection. */
  readonly #listeners: readonly Listener[]
  readonly #connections = new Set<Connection>()
  #sweeping: NodeJS.Timeout | undefined
  #arrived: Connection[] = []
  #headEnd = ''
  #headEndUntilMs = 0

  /** @param server whose listeners of connections are still those of node:http. */
  constructor(server: Server, routes: readonly HotRoute[], catalog: Catalog, onDefect: OnDefect) {
    this.server = server
    this.#routes = routes
    this.#catalog = catalog
    this.#onDefect = onDefect
    this.#listeners = server.listeners('connection') as Listener[]
  }

  connect(socket: Socket): void {
    this.#sweeping ??= setInterval(() => this.#sweep(), LIMITS.checkMs).unref()
    this.#connections.add(new HotConnection(socket, this))
  }

  /** From now on the router answers what comes; who has nothing under way is disconnected. */
  close(): void {
    this.isOpen = false
    clearInterval(this.#sweeping)
    this.closeIdle()
  }

  closeIdle(): void {
    for (const connection of this.#connections) connection.closeIdle()
  }

  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  take(method: string, url: string, head: PlainHead): HotRequest | undefined {
    for (let i = 0; i < this.#routes.length; i++) {
      const hot = this.#routes[i]!.take(method, url, head)
      if (hot !== undefined) return hot
    }
    return undefined
  }

  arrived(connection: Connection): void {
    if (this.#arrived.push(connection) === 1) answerAtEnd(this.#answerAll)
  }

  headEnd(hangsUp: boolean): string {
    const nowMs = Date.now()
    if (nowMs >= this.#headEndUntilMs) {
      this.#headEndUntilMs = nowMs - (nowMs % 1_000) + 1_000
      this.#headEnd = `${dateLine(nowMs)}Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(this.server.keepAliveTimeout / 1_000)}\r\n\r\n`
    }
    if (!hangsUp && this.isOpen) return this.#headEnd
    return `${dateLine(nowMs)}${hangsUp ? '' : 'Connection: close\r\n'}\r\n`
  }

  refuse(asked: Asked, hot: HotRequest, thrown: unknown): void {
    const error = errorOf(thrown)
    if (isDefect(error)) this.#onDefect(error, asked.id)
    hot.refuse(asked, error)
  }

  handOver(socket: Socket): void {
    for (const listener of this.#listeners) listener.call(this.server, socket)
  }

  refuseBroken(socket: Socket, why: Broken): void {
    this.server.emit('clientError', Object.assign(new Error(why), { code: why, reason: BROKEN[why] }), socket)
  }

  left(connection: Connection): void {
    this.#connections.delete(connection)
  }

  readonly #answerAll = (): void => {
    const all = this.#arrived
    this.#arrived = []
    for (const connection of all) connection.advance()
    // What the router answers in the next turn must see what was committed since.
    this.#catalog.renew()
  }

  #sweep(): void {
    this.sweptMs = performance.now()
    for (const connection of this.#connections) connection.sweep(this.server)
  }
}

function dateLine(ms: number): string {
  return `Date: ${new Date(ms).toUTCString()}\r\n`
}
