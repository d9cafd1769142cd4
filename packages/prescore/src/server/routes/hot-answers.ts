/** Answers before the router: one stored answer by the key in the path, and answers to a JSON body. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PrescoreError } from '../../base/index.ts'
import { answerJson, type Resolver } from '../../resolve/index.ts'
import { bodyHeaders } from '../hot-headers.ts'
import { type HotRequest, type HotRoute, isPlain } from '../hot-path.ts'
import { LIMITS } from '../limits.ts'
import { PlainBody } from '../plain-body.ts'
import type { OnDefect } from '../problem.ts'
import { pathKey } from '../request.ts'
import { JSON_TYPE, respondProblem, respondText } from '../respond.ts'
import { answerBody, type Resolvers } from './answers.ts'

const PREFIX = '/api/predictions/'
const MIDDLE = '/answers'

/** What is known of a prediction when the server starts. */
interface Hot {
  readonly resolver: Resolver
  readonly ofBody: AnswersOfBody
}

export class HotAnswers implements HotRoute {
  readonly #hot: ReadonlyMap<string, Hot>

  constructor(resolvers: Resolvers, onDefect: OnDefect) {
    const named = [...resolvers].filter(([name]) => isPlain(name, 0))
    this.#hot = new Map(named.map(([name, resolver]) => [name, { resolver, ofBody: new AnswersOfBody(resolver, onDefect) }]))
  }

  take({ method, url = '', rawHeaders }: IncomingMessage): HotRequest | undefined {
    if ((method !== 'GET' && method !== 'POST') || !url.startsWith(PREFIX)) return undefined
    const nameEnd = url.indexOf('/', PREFIX.length)
    if (nameEnd < 0 || !url.startsWith(MIDDLE, nameEnd)) return undefined
    const hot = this.#hot.get(url.slice(PREFIX.length, nameEnd))
    if (hot === undefined) return undefined
    const keyAt = nameEnd + MIDDLE.length + 1
    if (method === 'POST') return url.length === keyAt - 1 && isPlainJson(rawHeaders) ? hot.ofBody : undefined
    if (url.charCodeAt(keyAt - 1) !== 0x2f || url.length - keyAt > LIMITS.pathKeyChars) return undefined
    return isPlain(url, keyAt) ? new AnswerOfKey(hot.resolver, url.slice(keyAt)) : undefined
  }
}

class AnswerOfKey implements HotRequest {
  readonly hasBody = false
  readonly #resolver: Resolver
  readonly #key: string

  constructor(resolver: Resolver, key: string) {
    this.#resolver = resolver
    this.#key = key
  }

  answer(response: ServerResponse, id: string): void | Promise<void> {
    return respond(response, id, answerKey(response, this.#resolver, this.#key))
  }

  refuse(response: ServerResponse, id: string, error: PrescoreError): void {
    respondProblem(response, error, id)
  }
}

class AnswersOfBody implements HotRequest {
  readonly hasBody = true
  readonly #resolver: Resolver
  readonly #plain: PlainBody
  readonly #onDefect: OnDefect

  constructor(resolver: Resolver, onDefect: OnDefect) {
    this.#resolver = resolver
    this.#plain = new PlainBody(resolver, LIMITS.requestsPerBody)
    this.#onDefect = onDefect
  }

  answer(response: ServerResponse, id: string, body: Buffer): void | Promise<void> {
    const text = answerBody(this.#resolver, this.#plain, body, error => this.#onDefect(error, id), response)
    return respond(response, id, text)
  }

  refuse(response: ServerResponse, id: string, error: PrescoreError): void {
    // The router hangs up on a body that is no JSON.
    respondProblem(response, error, id, error.code === 'invalid_json')
  }
}

function respond(response: ServerResponse, id: string, text: string | Promise<string>): void | Promise<void> {
  if (text instanceof Promise) return text.then(each => respondText(response, 200, JSON_TYPE, each, id))
  respondText(response, 200, JSON_TYPE, text, id)
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

/** Whether the headers say, once each, that a body of JSON comes, and how long it is; what node:http lets through is that long. */
function isPlainJson(rawHeaders: readonly string[]): boolean {
  const headers = bodyHeaders(rawHeaders)
  return headers !== undefined && headers.type === 'application/json' && headers.bytes <= LIMITS.bodyBytes
}
