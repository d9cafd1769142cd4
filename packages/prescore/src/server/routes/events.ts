/** Events: taken into the log of their source, each on its own, on disk and in the live features before they are answered. */
import type { FastifyInstance } from 'fastify'
import { PrescoreError } from '../../base/index.ts'
import { type AppendResult, decodeEvents, type EventLog, type EventsForm } from '../../sources/index.ts'
import { LIMITS } from '../limits.ts'
import { unpacked } from '../packed-body.ts'
import { registerPath, sendJson } from './path.ts'

/** The log of a source. @throws PrescoreError `unknown_source`, `not_supported` */
export type LogOf = (source: string) => EventLog

const FORMS: Readonly<Record<string, EventsForm>> = { 'application/json': 'json', 'application/x-ndjson': 'ndjson' }

/**
 * The routes have a scope of their own, because a body of events is read otherwise than one of a request.
 * @param taken resolves when what the source's log has by now can be read live.
 */
export function registerEvents(app: FastifyInstance, logOf: LogOf, taken: (source: string, result: AppendResult) => Promise<void>): void {
  app.register(async scope => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(Object.keys(FORMS), { parseAs: 'buffer', bodyLimit: LIMITS.eventsBytes }, (_request, body, done) =>
      done(null, body),
    )
    registerPath(scope, '/api/sources/:name/events', {
      POST: async ({ params, headers, body }, reply) => {
        const log = logOf(params.name as string)
        const result = await log.append(
          decodeEvents(await unpacked(bytesOf(body), headers, LIMITS.eventsBytes), formOf(headers['content-type'])),
        )
        await taken(params.name as string, result)
        sendJson(reply.code(202), JSON.stringify(result))
        return reply
      },
    })
  })
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body
  throw new PrescoreError('invalid_json', { found: 'no body', expected: 'events: a JSON array, or one object a line' })
}

function formOf(contentType = ''): EventsForm {
  return FORMS[(contentType.split(';')[0] as string).trim().toLowerCase()] ?? 'json'
}
