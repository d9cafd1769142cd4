/** What a Prometheus server scrapes. */
import type { FastifyInstance } from 'fastify'
import type { Monitor } from '../../monitor/index.ts'
import { registerPath, sendText } from './path.ts'

export function registerMetrics(app: FastifyInstance, monitor: Monitor): void {
  registerPath(app, '/metrics', {
    GET: async (_request, reply) => {
      const { type, text } = await monitor.text()
      sendText(reply, type, text)
      return reply
    },
  })
}
