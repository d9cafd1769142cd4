/**
 * The requests that come most, answered before the router: one stored answer by the key in the path, and answers to a JSON body.
 * What is anything but plain (a query, encoded characters, other headers or methods, a name that is not there) is left to the
 * router, whose answers have the same bytes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { answerJson, type Resolver } from '../resolve/index.ts'
import { parseJson } from './json.ts'
import { LIMITS } from './limits.ts'
import { errorOf, isDefect, type OnDefect } from './problem.ts'
import { pathKey } from './request.ts'
import { requestId } from './request-id.ts'
import { JSON_TYPE, respondProblem, respondText } from './respond.ts'
import { bodyText } from './routes/answers.ts'

const PREFIX = '/api/predictions/'
const MIDDLE = '/answers'
/** By code: whether a character of a name or key means itself, encoded or not. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.~-]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Puts the hot path before the router of the app's server, until the app begins to close. */
export function takeHotRequests(app: FastifyInstance, resolvers: Iterable<Resolver>, onDefect: OnDefect): void {
  const hot = new HotPath(resolvers, onDefect)
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

class HotPath {
  readonly #resolvers: ReadonlyMap<string, Resolver>
  readonly #onDefect: OnDefect

  constructor(resolvers: Iterable<Resolver>, onDefect: OnDefect) {
    const named = [...resolvers].map(resolver => [resolver.prediction.name, resolver] as const)
    this.#resolvers = new Map(named.filter(([name]) => isPlain(name, 0)))
    this.#onDefect = onDefect
  }

  /** Whether the request is answered here, now or later. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request
    if ((method !== 'GET' && method !== 'POST') || !url.startsWith(PREFIX)) return false
    const nameEnd = url.indexOf('/', PREFIX.length)
    if (nameEnd < 0 || !url.startsWith(MIDDLE, nameEnd)) return false
    const resolver = this.#resolvers.get(url.slice(PREFIX.length, nameEnd))
    const keyAt = nameEnd + MIDDLE.length + 1
    if (resolver === undefined) return false
    if (method === 'POST') return url.length === keyAt - 1 && this.#post(request, response, resolver)
    if (url.charCodeAt(keyAt - 1) !== 0x2f || url.length - keyAt > LIMITS.pathKeyChars) return false
    if (!isPlain(url, keyAt)) return false
    this.#get(request, response, resolver, url.slice(keyAt))
    return true
  }

  #get(request: IncomingMessage, response: ServerResponse, resolver: Resolver, key: string): void {
    const id = requestId(request)
    try {
      const answer = resolver.answer(pathKey(resolver.keyColumns, key), undefined, response)
      if (answer instanceof Promise) this.#respondLater(response, id, answer.then(answerJson))
      else respondText(response, 200, JSON_TYPE, answerJson(answer), id)
    } catch (thrown) {
      this.#refuse(response, id, thrown)
    }
  }

  #post(request: IncomingMessage, response: ServerResponse, resolver: Resolver): boolean {
    if (!isPlainJson(request.rawHeaders)) return false
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => this.#answerBody(response, requestId(request), resolver, chunks))
    return true
  }

  #answerBody(response: ServerResponse, id: string, resolver: Resolver, chunks: readonly Buffer[]): void {
    let body: unknown
    try {
      body = parseJson(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks))
    } catch (thrown) {
      this.#refuse(response, id, thrown, true)
      return
    }
    try {
      const text = bodyText(resolver, body, error => this.#onDefect(error, id), response)
      if (text instanceof Promise) this.#respondLater(response, id, text)
      else respondText(response, 200, JSON_TYPE, text, id)
    } catch (thrown) {
      this.#refuse(response, id, thrown)
    }
  }

  #respondLater(response: ServerResponse, id: string, text: Promise<string>): void {
    text.then(
      each => respondText(response, 200, JSON_TYPE, each, id),
      (thrown: unknown) => this.#refuse(response, id, thrown),
    )
  }

  #refuse(response: ServerResponse, id: string, thrown: unknown, hangsUp = false): void {
    const error = errorOf(thrown)
    if (isDefect(error)) this.#onDefect(error, id)
    respondProblem(response, error, id, hangsUp)
  }
}

/** Whether there is something from there on, and all of it plain. */
function isPlain(text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) if (PLAIN[text.charCodeAt(i)] !== 1) return false
  return from < text.length
}

/** Whether the headers say, once each, that a body of JSON comes, and how long it is; what node:http lets through is that long. */
function isPlainJson(rawHeaders: readonly string[]): boolean {
  let types = 0
  let isShort = false
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string
    if (length !== 12 && length !== 14 && length !== 17) continue
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name === 'transfer-encoding') return false
    if (name === 'content-type' && (rawHeaders[i + 1] !== 'application/json' || ++types > 1)) return false
    if (name === 'content-length') isShort = Number(rawHeaders[i + 1]) <= LIMITS.bodyBytes
  }
  return types === 1 && isShort
}
