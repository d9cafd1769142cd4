/**
 * The requests that come most, answered before the router, with the same bytes. What is anything but plain (a query, encoded
 * characters, other headers or methods, a name that is not there) is left to the router. What came within a turn of the event loop
 * is answered at its end.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { PrescoreError } from '../base/index.ts'
import type { Catalog } from '../stores/index.ts'
import { hasManyHosts } from './hosts.ts'
import { errorOf, isDefect, type OnDefect } from './problem.ts'
import { requestId } from './request-id.ts'
import { answerAtEnd } from './turn.ts'

/** Requests of one kind. */
export interface HotRoute {
  /** What answers the request, once it has come whole; undefined: the router does. Nothing of its body is there yet. */
  take(request: IncomingMessage): HotRequest | undefined
}

export interface HotRequest {
  /** Whether there is a body, which is waited for. */
  readonly hasBody: boolean
  /** Responds; what it throws, also as a rejection, is refused. */
  answer(response: ServerResponse, id: string, body: Buffer): void | Promise<void>
  /** Responds with an error. */
  refuse(response: ServerResponse, id: string, error: PrescoreError): void
}

/** By code: whether a character of a name or key means itself, encoded or not. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.~-]/.test(String.fromCharCode(code)) ? 1 : 0))
const NO_BODY = Buffer.alloc(0)

/** Whether there is something from there on, and all of it plain. */
export function isPlain(text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) if (PLAIN[text.charCodeAt(i)] !== 1) return false
  return from < text.length
}

/** Puts the hot path before the router of the app's server, until the app begins to close. */
export function takeHotRequests(app: FastifyInstance, routes: readonly HotRoute[], catalog: Catalog, onDefect: OnDefect): void {
  const hot = new HotPath(routes, catalog, onDefect)
  const routed = app.server.listeners('request') as ((request: IncomingMessage, response: ServerResponse) => void)[]
  let isOpen = true
  // A response of a server that closes says so in a header.
  app.addHook('preClose', done => {
    isOpen = false
    done()
  })
  app.server.removeAllListeners('request')
  app.server.on('request', (request, response) => {
    if (isOpen && hot.takes(request, response)) return
    for (const handle of routed) handle(request, response)
  })
}

/** A request that has come whole. */
interface Arrived {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly asked: HotRequest
  readonly body: Buffer
}

class HotPath {
  readonly #routes: readonly HotRoute[]
  readonly #catalog: Catalog
  readonly #onDefect: OnDefect
  #arrived: Arrived[] = []

  constructor(routes: readonly HotRoute[], catalog: Catalog, onDefect: OnDefect) {
    this.#routes = routes
    this.#catalog = catalog
    this.#onDefect = onDefect
  }

  /** Whether the request is answered here, later. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    for (let i = 0; i < this.#routes.length; i++) {
      const asked = this.#routes[i]!.take(request)
      if (asked !== undefined) return !hasManyHosts(request.rawHeaders) && this.#take(request, response, asked)
    }
    return false
  }

  #take(request: IncomingMessage, response: ServerResponse, asked: HotRequest): true {
    if (!asked.hasBody) {
      this.#arrive({ request, response, asked, body: NO_BODY })
      return true
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
      this.#arrive({ request, response, asked, body })
    })
    return true
  }

  #arrive(arrived: Arrived): void {
    if (this.#arrived.push(arrived) === 1) answerAtEnd(() => this.#answerAll())
  }

  #answerAll(): void {
    const all = this.#arrived
    this.#arrived = []
    for (const each of all) this.#answer(each)
    // What the router answers in the next turn must see what was committed since.
    this.#catalog.renew()
  }

  #answer({ request, response, asked, body }: Arrived): void {
    const id = requestId(request)
    try {
      const waiting = asked.answer(response, id, body)
      if (waiting !== undefined) waiting.catch((thrown: unknown) => this.#refuse(response, id, asked, thrown))
    } catch (thrown) {
      this.#refuse(response, id, asked, thrown)
    }
  }

  #refuse(response: ServerResponse, id: string, asked: HotRequest, thrown: unknown): void {
    const error = errorOf(thrown)
    if (isDefect(error)) this.#onDefect(error, id)
    asked.refuse(response, id, error)
  }
}
