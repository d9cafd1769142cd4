/** Sources: where their live features stand, and heartbeats of their feeds. */
import type { FastifyInstance } from 'fastify'
import { type Clock, formatInstant } from '../../base/index.ts'
import type { LiveReport } from '../../monitor/index.ts'
import type { LogOf } from './events.ts'
import { registerPath, sendJson } from './path.ts'

/** What the server asks of live features. */
export interface LiveSide extends LiveReport {
  catchUp(source: string): Promise<void>
}

export function registerSources(app: FastifyInstance, logOf: LogOf, live: LiveSide | undefined, clock: Clock): void {
  registerPath(app, '/api/sources', {
    GET: (_request, reply) => {
      const nowUs = clock.nowUs()
      const sources = (live?.status() ?? []).map(({ source, position, applied, dataThroughUs, passedOver, failure }) => ({
        name: source,
        position,
        applied,
        dataThrough: dataThroughUs === null ? null : formatInstant(dataThroughUs),
        lagSeconds: dataThroughUs === null ? null : Math.max(0, Math.ceil((nowUs - dataThroughUs) / 1_000_000)),
        passedOver,
        failure: failure === undefined ? null : { code: failure.code, message: failure.message },
      }))
      sendJson(reply, JSON.stringify({ now: formatInstant(nowUs), sources }))
    },
  })
  registerPath(app, '/api/sources/:name/heartbeat', {
    POST: async ({ params }, reply) => {
      const log = logOf(params.name as string)
      await log.heartbeat()
      await live?.catchUp(params.name as string)
      sendJson(reply, JSON.stringify({ through: formatInstant(log.status().clockUs) }))
      return reply
    },
  })
}
