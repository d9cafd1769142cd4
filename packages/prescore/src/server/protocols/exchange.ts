/** Bodies of both protocols as they come and go: whole, perhaps compressed; answers as bytes, and errors in the protocol's own shape. */
import { promisify } from 'node:util'
import { deflate, gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ERRORS, PrescoreError } from '../../base/index.ts'
import { refuseHot, respondHot } from '../hot-response.ts'
import type { HotCaller } from '../hot-route.ts'
import { LIMITS } from '../limits.ts'
import { unpacked } from '../packed-body.ts'
import { errorOf, isDefect, type OnDefect } from '../problem.ts'
import { REQUEST_ID_HEADER } from '../request-id.ts'
import { respondBody } from '../respond.ts'
import { after } from './after.ts'

const JSON_TYPE = 'application/json'
const JSON_HEADERS = ['content-type', JSON_TYPE]

/** Smaller answers are sent as they are, whatever the client accepts. */
const COMPRESSED_BYTES_MIN = 1_024
const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const
type Coding = keyof typeof ENCODERS

export interface ProtocolOptions {
  /** Of a route that does not exist under the prefix. */
  readonly notFound: (request: FastifyRequest) => PrescoreError
  readonly onDefect: OnDefect
}

/** The one shape of errors: both protocols have `error`, in which a remedy stands too if one is known; the code of our table stands beside it. */
export function errorJson(error: PrescoreError): string {
  const { code, message, details } = error
  const told = details.fix === undefined ? message : `${message} ${details.fix}`
  return JSON.stringify({ error: isDefect(error) ? `${ERRORS[code].title}.` : told, code })
}

/** A scope whose bodies come as bytes, whatever their content type says or leaves out, and whose errors are the protocol's. */
export function protocolScope(
  app: FastifyInstance,
  prefix: string,
  { notFound, onDefect }: ProtocolOptions,
  register: (scope: FastifyInstance) => void,
): void {
  app.register(
    async scope => {
      scope.removeAllContentTypeParsers()
      scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: LIMITS.inferBytes }, (_request, body, done) => done(null, body))
      scope.setErrorHandler((thrown, request, reply) => {
        const error = request.is404 ? notFound(request) : protocolError(thrown)
        if (isDefect(error)) onDefect(error, request.id)
        sendError(reply, error)
      })
      scope.setNotFoundHandler((request, reply) => sendError(reply, notFound(request)))
      register(scope)
    },
    { prefix },
  )
}

/** The bound of a body is another one here. */
function protocolError(thrown: unknown): PrescoreError {
  const error = errorOf(thrown)
  return error.code === 'body_too_large' && error !== thrown
    ? new PrescoreError('body_too_large', { expected: `at most ${LIMITS.inferBytes} bytes` })
    : error
}

/** As bytes: to a text Fastify would add a charset, and the KServe SDK reads errors only where the type is JSON's to the letter. */
function sendError(reply: FastifyReply, error: PrescoreError): void {
  if (error.status === 503) reply.header('retry-after', LIMITS.retryAfterSeconds)
  reply
    .header(REQUEST_ID_HEADER, reply.request.id)
    .code(error.status)
    .header('content-type', JSON_TYPE)
    .send(Buffer.from(errorJson(error)))
}

/** The same before the router. */
export function refuseHotly(caller: HotCaller, error: PrescoreError): void {
  refuseHot(caller, error, JSON_TYPE, errorJson(error), false)
}

/** The body as it was before it was compressed. At once where it was not. @throws PrescoreError `invalid_request`, `body_too_large`, `unsupported_media` */
export function bodyOf({ body, headers }: FastifyRequest): Buffer | Promise<Buffer> {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  return unpacked(bytes, headers, LIMITS.inferBytes)
}

/** A response that is 200. */
export interface Outgoing {
  /** Names and values in turn, beside the length and the request's id. */
  readonly headers: readonly string[]
  readonly body: string | Buffer
}

/** The same, compressed where the client accepts it and it is worth it. @param accepted the header `accept-encoding` */
export function packed(outgoing: Outgoing, accepted: string | undefined): Outgoing | Promise<Outgoing> {
  const { headers, body } = outgoing
  const coding = accepted === undefined || bytesOf(body) < COMPRESSED_BYTES_MIN ? undefined : codingOf(accepted)
  if (coding === undefined) return outgoing
  return ENCODERS[coding](body, { level: 1 }).then(bytes => ({
    headers: [...headers, 'content-encoding', coding, 'vary', 'accept-encoding'],
    body: bytes,
  }))
}

/** Before the router. */
export function respondHotly(caller: HotCaller, { headers, body }: Outgoing): void {
  let lines = ''
  for (let i = 0; i < headers.length; i += 2) lines += `${headers[i]}: ${headers[i + 1]}\r\n`
  respondHot(caller, lines, body)
}

export function sendOutgoing(request: FastifyRequest, reply: FastifyReply, outgoing: Outgoing): void | Promise<void> {
  const send = (each: Outgoing): void => {
    reply.hijack()
    respondBody(reply.raw, 200, each.headers, each.body, request.id)
  }
  const ready = packed(outgoing, request.headers['accept-encoding'] as string | undefined)
  return after(ready, send)
}

export function sendJson(request: FastifyRequest, reply: FastifyReply, text: string): void | Promise<void> {
  return sendOutgoing(request, reply, jsonOutgoing(text))
}

export function jsonOutgoing(text: string): Outgoing {
  return { headers: JSON_HEADERS, body: text }
}

function bytesOf(body: string | Buffer): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}

/** The first that the client accepts with any weight but 0. */
function codingOf(accepted: string): Coding | undefined {
  for (const part of accepted.split(',')) {
    const [name = '', ...parameters] = part.split(';').map(each => each.trim().toLowerCase())
    if (isCoding(name) && !parameters.some(each => /^q=0(\.0*)?$/.test(each))) return name
  }
  return undefined
}

function isCoding(name: string): name is Coding {
  return Object.hasOwn(ENCODERS, name)
}
