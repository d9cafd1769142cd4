/** What there is to ask, for people and for machines. Made when it is first asked for. */
import type { FastifyInstance } from 'fastify'
import { type Documented, documentOf } from '../openapi/document.ts'
import { pageOf } from '../openapi/page.ts'
import { registerPath, sendJson, sendText } from './path.ts'

export function registerDocs(app: FastifyInstance, documented: Documented): void {
  let document: string | undefined
  let page: string | undefined
  registerPath(app, '/docs', {
    GET: (_request, reply) => {
      page ??= pageOf(documented)
      sendText(reply, 'text/html; charset=utf-8', page)
    },
  })
  registerPath(app, '/docs/openapi.json', {
    GET: (_request, reply) => {
      document ??= JSON.stringify(documentOf(documented))
      sendJson(reply, document)
    },
  })
}
