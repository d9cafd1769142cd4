/** Answers before the router: one stored answer by the key in the path, and answers to a JSON body. */
import type { PrescoreError } from '../../base/index.ts'
import { answerJson, type Resolver } from '../../resolve/index.ts'
import { refuseWithProblem, respondHot } from '../hot-response.ts'
import { type HotCaller, type HotRequest, type HotRoute, isPlain } from '../hot-route.ts'
import { LIMITS } from '../limits.ts'
import { PlainBody } from '../plain-body.ts'
import type { PlainHead } from '../plain-head.ts'
import type { OnDefect } from '../problem.ts'
import { pathKey } from '../request.ts'
import { JSON_TYPE } from '../respond.ts'
import { answerBody, type Resolvers } from './answers.ts'

const PREFIX = '/api/predictions/'
const MIDDLE = '/answers'
const HEADERS = `content-type: ${JSON_TYPE}\r\n`

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

  take(method: string, url: string, head: PlainHead): HotRequest | undefined {
    if ((method !== 'GET' && method !== 'POST') || !url.startsWith(PREFIX)) return undefined
    const nameEnd = url.indexOf('/', PREFIX.length)
    if (nameEnd < 0 || !url.startsWith(MIDDLE, nameEnd)) return undefined
    const hot = this.#hot.get(url.slice(PREFIX.length, nameEnd))
    if (hot === undefined) return undefined
    const keyAt = nameEnd + MIDDLE.length + 1
    if (method === 'POST') return url.length === keyAt - 1 && isJson(head) ? hot.ofBody : undefined
    if (head.bodyBytes >= 0 || url.charCodeAt(keyAt - 1) !== 0x2f || url.length - keyAt > LIMITS.pathKeyChars) return undefined
    return isPlain(url, keyAt) ? new AnswerOfKey(hot.resolver, url.slice(keyAt)) : undefined
  }
}

class AnswerOfKey implements HotRequest {
  readonly #resolver: Resolver
  readonly #key: string

  constructor(resolver: Resolver, key: string) {
    this.#resolver = resolver
    this.#key = key
  }

  answer(caller: HotCaller): void | Promise<void> {
    return respond(caller, answerKey(caller, this.#resolver, this.#key))
  }

  refuse(caller: HotCaller, error: PrescoreError): void {
    refuseWithProblem(caller, error, false)
  }
}

class AnswersOfBody implements HotRequest {
  readonly #resolver: Resolver
  readonly #plain: PlainBody
  readonly #onDefect: OnDefect

  constructor(resolver: Resolver, onDefect: OnDefect) {
    this.#resolver = resolver
    this.#plain = new PlainBody(resolver, LIMITS.requestsPerBody)
    this.#onDefect = onDefect
  }

  answer(caller: HotCaller, body: Buffer): void | Promise<void> {
    return respond(
      caller,
      answerBody(this.#resolver, this.#plain, body, error => this.#onDefect(error, caller.id), caller),
    )
  }

  refuse(caller: HotCaller, error: PrescoreError): void {
    // The router hangs up on a body that is no JSON.
    refuseWithProblem(caller, error, error.code === 'invalid_json')
  }
}

function respond(caller: HotCaller, text: string | Promise<string>): void | Promise<void> {
  if (text instanceof Promise) return text.then(each => respondHot(caller, HEADERS, each))
  respondHot(caller, HEADERS, text)
}

function answerKey(caller: HotCaller, resolver: Resolver, text: string): string | Promise<string> {
  const startedMs = performance.now()
  const key = pathKey(resolver.keyColumns, text)
  const stored = resolver.stored()
  const storedText = stored?.textOf(key)
  if (stored !== undefined && storedText !== undefined) {
    resolver.tellStored(stored, 1, startedMs)
    return storedText
  }
  const answer = resolver.answer(key, undefined, caller)
  return answer instanceof Promise ? answer.then(answerJson) : answerJson(answer)
}

function isJson({ bodyBytes, type }: PlainHead): boolean {
  return type === 'application/json' && bodyBytes >= 0 && bodyBytes <= LIMITS.bodyBytes
}
