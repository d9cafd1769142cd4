/**
 * The requests that come most, answered before the router: one stored answer by the key in the path, and answers to a JSON body.
 * What is anything but plain (a query, encoded characters, other headers or methods, a name that is not there) is left to the
 * router, whose answers have the same bytes. What came within a turn of the event loop is answered at its end.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { answerJson, type Resolver } from '../resolve/index.ts'
import type { Catalog } from '../stores/index.ts'
import { hasManyHosts } from './hosts.ts'
import { LIMITS } from './limits.ts'
import { PlainBody } from './plain-body.ts'
import { errorOf, isDefect, type OnDefect } from './problem.ts'
import { pathKey } from './request.ts'
import { requestId } from './request-id.ts'
import { JSON_TYPE, respondProblem, respondText } from './respond.ts'
import { answerBody } from './routes/answers.ts'
import { answerAtEnd } from './turn.ts'

const PREFIX = '/api/predictions/'
const MIDDLE = '/answers'
/** By code: whether a character of a name or key means itself, encoded or not. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.~-]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Puts the hot path before the router of the app's server, until the app begins to close. */
export function takeHotRequests(app: FastifyInstance, resolvers: Iterable<Resolver>, catalog: Catalog, onDefect: OnDefect): void {
  const hot = new HotPath(resolvers, catalog, onDefect)
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

/** What is known of a prediction when the server starts. */
interface Hot {
  readonly resolver: Resolver
  readonly body: PlainBody
}

/** A request that has come whole. */
interface Arrived {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly hot: Hot
  /** Of the path; undefined: there is a body. */
  readonly key: string | undefined
  readonly chunks: readonly Buffer[]
}

const NO_CHUNKS: readonly Buffer[] = []

class HotPath {
  readonly #hot: ReadonlyMap<string, Hot>
  readonly #catalog: Catalog
  readonly #onDefect: OnDefect
  #arrived: Arrived[] = []

  constructor(resolvers: Iterable<Resolver>, catalog: Catalog, onDefect: OnDefect) {
    const named = [...resolvers].map(resolver => {
      const body = new PlainBody(resolver, LIMITS.requestsPerBody)
      return [resolver.prediction.name, { resolver, body }] as const
    })
    this.#hot = new Map(named.filter(([name]) => isPlain(name, 0)))
    this.#catalog = catalog
    this.#onDefect = onDefect
  }

  /** Whether the request is answered here, later. */
  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const { method, url = '' } = request
    if ((method !== 'GET' && method !== 'POST') || !url.startsWith(PREFIX)) return false
    const nameEnd = url.indexOf('/', PREFIX.length)
    if (nameEnd < 0 || !url.startsWith(MIDDLE, nameEnd)) return false
    const hot = this.#hot.get(url.slice(PREFIX.length, nameEnd))
    const keyAt = nameEnd + MIDDLE.length + 1
    if (hot === undefined || hasManyHosts(request.rawHeaders)) return false
    if (method === 'POST') return url.length === keyAt - 1 && this.#takesPost(request, response, hot)
    if (url.charCodeAt(keyAt - 1) !== 0x2f || url.length - keyAt > LIMITS.pathKeyChars) return false
    if (!isPlain(url, keyAt)) return false
    this.#arrive({ request, response, hot, key: url.slice(keyAt), chunks: NO_CHUNKS })
    return true
  }

  #takesPost(request: IncomingMessage, response: ServerResponse, hot: Hot): boolean {
    if (!isPlainJson(request.rawHeaders)) return false
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => this.#arrive({ request, response, hot, key: undefined, chunks }))
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

  #answer({ request, response, hot, key, chunks }: Arrived): void {
    const id = requestId(request)
    try {
      const text = key === undefined ? this.#answerBody(response, id, hot, chunks) : answerKey(response, hot.resolver, key)
      if (typeof text === 'string') respondText(response, 200, JSON_TYPE, text, id)
      else this.#respondLater(response, id, text)
    } catch (thrown) {
      this.#refuse(response, id, thrown)
    }
  }

  #answerBody(response: ServerResponse, id: string, { resolver, body }: Hot, chunks: readonly Buffer[]): string | Promise<string> {
    const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
    return answerBody(resolver, body, bytes, error => this.#onDefect(error, id), response)
  }

  #respondLater(response: ServerResponse, id: string, text: Promise<string>): void {
    text.then(
      each => respondText(response, 200, JSON_TYPE, each, id),
      (thrown: unknown) => this.#refuse(response, id, thrown),
    )
  }

  #refuse(response: ServerResponse, id: string, thrown: unknown): void {
    const error = errorOf(thrown)
    if (isDefect(error)) this.#onDefect(error, id)
    // The router hangs up on a body that is no JSON.
    respondProblem(response, error, id, error.code === 'invalid_json')
  }
}

function answerKey(response: ServerResponse, resolver: Resolver, text: string): string | Promise<string> {
  const startedMs = performance.now()
  const key = pathKey(resolver.keyColumns, text)
  const stored = resolver.stored()
  const storedText = stored?.textOf(key)
  if (stored !== undefined && storedText !== undefined) {
    resolver.tellStored(stored, 1, startedMs)
    return storedText
  }
  const answer = resolver.answer(key, undefined, response)
  return answer instanceof Promise ? answer.then(answerJson) : answerJson(answer)
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
    if (length !== 12 && length !== 14 && length !== 16 && length !== 17) continue
    const name = (rawHeaders[i] as string).toLowerCase()
    if (name === 'transfer-encoding' || name === 'content-encoding') return false
    if (name === 'content-type' && (rawHeaders[i + 1] !== 'application/json' || ++types > 1)) return false
    if (name === 'content-length') isShort = Number(rawHeaders[i + 1]) <= LIMITS.bodyBytes
  }
  return types === 1 && isShort
}
