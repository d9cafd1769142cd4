/** How everything stands, on one screen. */
import type { FastifyInstance } from 'fastify'
import { type Standing, statusOf } from '../../monitor/index.ts'
import { registerPath, sendJson } from './path.ts'

export function registerStatus(app: FastifyInstance, standing: Standing): void {
  registerPath(app, '/api/status', { GET: (_request, reply) => sendJson(reply, JSON.stringify(statusOf(standing))) })
}
