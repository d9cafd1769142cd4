import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { PrescoreError } from '../../base/index.ts'
import type { AdminGuard } from '../admin.ts'
import { JSON_TYPE, respondText } from '../respond.ts'

/** A request as Fastify gives it here: the query is kept as it was sent. */
export type ApiRequest = FastifyRequest<{ Querystring: { readonly text: string }; Params: Readonly<Record<string, string>> }>
/** A handler that need not wait answers at once; one that waits gives the reply in the end. */
export type ApiHandler = (request: ApiRequest, reply: FastifyReply) => unknown

/** Registers a path: its handlers by method (HEAD comes with GET), and for all other methods 405 with `Allow`. The guard sees what may change something. */
export function registerPath(
  app: FastifyInstance,
  url: string,
  handlers: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', ApiHandler>>>,
  guard?: AdminGuard,
): void {
  for (const [method, handler] of Object.entries(handlers))
    app.route({ method, url, handler: handler as never, ...(guard === undefined || method === 'GET' ? {} : guarded(guard)) })
  const allowed = Object.keys(handlers).flatMap(method => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header('allow', allowed.join(', '))
    throw new PrescoreError('method_not_allowed', { found: request.method, expected: allowed.join(' or ') })
  }
  // Refused before the body is read.
  app.route({
    method: METHODS.filter(method => method !== 'CONNECT' && !allowed.includes(method)),
    url,
    onRequest: refuse,
    handler: refuse,
  })
}

/** Refused before the body is read. */
function guarded(guard: AdminGuard): Pick<RouteOptions, 'preParsing'> {
  return {
    preParsing: async request => {
      guard(request)
    },
  }
}

/** Answers with JSON text as it is: nothing that Fastify could still do to it is wanted. */
export function sendJson(reply: FastifyReply, text: string): void {
  sendText(reply, JSON_TYPE, text)
}

export function sendText(reply: FastifyReply, type: string, text: string): void {
  reply.hijack()
  respondText(reply.raw, reply.statusCode, type, text, reply.request.id)
}
