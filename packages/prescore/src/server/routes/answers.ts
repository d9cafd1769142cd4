/** Answers: one by the key in the path or the query, or many in a body. A request that need not wait is answered at once. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { PrescoreError, suggestion } from '../../base/index.ts'
import {
  type AnswerOptions,
  type AnswerParts,
  answerJson,
  bodyObject,
  bodyRequest,
  type Caller,
  type Resolver,
} from '../../resolve/index.ts'
import { asciiText, parseJson } from '../json.ts'
import { LIMITS } from '../limits.ts'
import type { PlainBody, PlainRequest } from '../plain-body.ts'
import { elementErrorJson, errorOf, isDefect, type OnDefect } from '../problem.ts'
import { pathKey, queryOptions, queryRequest } from '../request.ts'
import { registerPath, sendJson } from './path.ts'

const NO_OPTIONS: AnswerOptions = Object.freeze({})

export type Resolvers = ReadonlyMap<string, Resolver>

export function registerAnswers(app: FastifyInstance, resolvers: Resolvers, onDefect: OnDefect): void {
  registerPath(app, '/api/predictions/:name/answers/:key', {
    GET: ({ params, query }, reply) => {
      const resolver = resolverOf(resolvers, params.name as string)
      const options = queryOptions(query.text)
      return send(reply, resolver.answer(pathKey(resolver.keyColumns, params.key as string), options, reply.raw))
    },
  })
  registerPath(app, '/api/predictions/:name/answers', {
    GET: ({ params, query }, reply) => {
      const resolver = resolverOf(resolvers, params.name as string)
      const { key, options } = queryRequest(resolver.keyColumns, query.text)
      return send(reply, resolver.answer(key, options, reply.raw))
    },
    POST: ({ params, body, id }, reply) => {
      const text = bodyText(resolverOf(resolvers, params.name as string), body, error => onDefect(error, id), reply.raw)
      if (text instanceof Promise) return text.then(each => sendJson(reply, each))
      sendJson(reply, text)
      return undefined
    },
  })
}

export function resolverOf(resolvers: Resolvers, name: string): Resolver {
  const resolver = resolvers.get(name)
  if (resolver !== undefined) return resolver
  throw new PrescoreError('unknown_prediction', { where: name, fix: suggestion(name, resolvers.keys()) })
}

function send(reply: FastifyReply, answer: AnswerParts | Promise<AnswerParts>): Promise<void> | undefined {
  if (answer instanceof Promise) return answer.then(parts => sendJson(reply, answerJson(parts)))
  sendJson(reply, answerJson(answer))
  return undefined
}

/**
 * The answer to a body, or the answers, as JSON text.
 * @param onDefect told of errors of ours in elements of `requests`
 * @throws PrescoreError what the request is refused with; also as a rejection
 */
function bodyText(resolver: Resolver, body: unknown, onDefect: (error: PrescoreError) => void, caller: Caller): string | Promise<string> {
  const asked = bodyObject(body)
  if (asked.requests !== undefined) return answerAll(resolver, asked, onDefect, caller)
  const answer = answerOne(resolver, asked, caller)
  return answer instanceof Promise ? answer.then(answerJson) : answerJson(answer)
}

/**
 * The same, of a body as it came.
 * @throws PrescoreError as {@link bodyText} does, and `invalid_json`
 */
export function answerBody(
  resolver: Resolver,
  plain: PlainBody,
  body: Buffer,
  onDefect: (error: PrescoreError) => void,
  caller: Caller,
): string | Promise<string> {
  const text = asciiText(body)
  const asked = text === undefined ? undefined : plain.read(text)
  if (asked === undefined) return bodyText(resolver, parseJson(body), onDefect, caller)
  if ('length' in asked) return answerPlain(resolver, asked, onDefect, caller)
  const answer = resolver.answer(asked.key, optionsOfPlain(asked), caller)
  return answer instanceof Promise ? answer.then(answerJson) : answerJson(answer)
}

/** Keys alone are answered with stored texts, as far as there are some. */
function answerPlain(
  resolver: Resolver,
  requests: readonly PlainRequest[],
  onDefect: (error: PrescoreError) => void,
  caller: Caller,
): string | Promise<string> {
  let startedMs = performance.now()
  const stored = resolver.stored()
  const texts: (string | Promise<string>)[] = []
  let fromStore = 0
  let waits = false
  for (const request of requests) {
    const { key, inputs } = request
    const storedText = stored === undefined || key === undefined || inputs !== undefined ? undefined : stored.textOf(key)
    if (storedText !== undefined) {
      fromStore++
      texts.push(storedText)
      continue
    }
    const askedMs = performance.now()
    const text = element(() => resolver.answer(key, optionsOfPlain(request), caller), onDefect)
    startedMs += performance.now() - askedMs
    if (typeof text !== 'string') waits = true
    texts.push(text)
  }
  if (stored !== undefined) resolver.tellStored(stored, fromStore, startedMs)
  return waits ? Promise.all(texts).then(answersJson) : answersJson(texts as string[])
}

function optionsOfPlain({ inputs }: PlainRequest): AnswerOptions {
  return inputs === undefined ? NO_OPTIONS : { inputs }
}

function answerOne(resolver: Resolver, body: unknown, caller: Caller): AnswerParts | Promise<AnswerParts> {
  const { key, options } = bodyRequest(resolver, body)
  return resolver.answer(key, options, caller)
}

/** Each on its own, in order: an element is an answer, or `{"error": {"code", "message"}}`. */
function answerAll(
  resolver: Resolver,
  { requests, ...others }: Readonly<Record<string, unknown>>,
  onDefect: (error: PrescoreError) => void,
  caller: Caller,
): string | Promise<string> {
  const [beside] = Object.keys(others)
  if (beside !== undefined)
    throw new PrescoreError('invalid_request', { found: `\`${beside}\` beside \`requests\``, expected: 'it in each request' })
  if (!Array.isArray(requests)) throw new PrescoreError('invalid_request', { where: '`requests`', expected: 'an array' })
  if (requests.length > LIMITS.requestsPerBody) {
    throw new PrescoreError('invalid_request', {
      where: '`requests`',
      found: `${requests.length} requests`,
      expected: `at most ${LIMITS.requestsPerBody}`,
    })
  }
  const texts: (string | Promise<string>)[] = []
  let waits = false
  for (const request of requests) {
    const text = element(() => answerOne(resolver, request, caller), onDefect)
    if (typeof text !== 'string') waits = true
    texts.push(text)
  }
  return waits ? Promise.all(texts).then(answersJson) : answersJson(texts as string[])
}

function answersJson(texts: readonly string[]): string {
  return `{"answers":[${texts.join(',')}]}`
}

/** An element of `requests`, on its own. */
function element(ask: () => AnswerParts | Promise<AnswerParts>, onDefect: (error: PrescoreError) => void): string | Promise<string> {
  const refused = (thrown: unknown): string => {
    const error = errorOf(thrown)
    if (isDefect(error)) onDefect(error)
    return elementErrorJson(error)
  }
  try {
    const answer = ask()
    return answer instanceof Promise ? answer.then(answerJson, refused) : answerJson(answer)
  } catch (thrown) {
    return refused(thrown)
  }
}
