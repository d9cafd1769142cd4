/** The clock: what time it is for the server, and, on a simulated clock, what time it shall be. */
import type { FastifyInstance } from 'fastify'
import { type Clock, formatInstant, PrescoreError, parseInstantUs, type SimulatedClock, shown } from '../../base/index.ts'
import { bodyObject } from '../../resolve/index.ts'
import type { AdminGuard } from '../admin.ts'
import { registerPath, sendJson } from './path.ts'

export function registerClock(app: FastifyInstance, clock: Clock | SimulatedClock, guard: AdminGuard): void {
  const answer = () => JSON.stringify({ now: formatInstant(clock.nowUs()), simulated: 'moveTo' in clock })
  const handlers: Parameters<typeof registerPath>[2] = {
    GET: (_request, reply) => sendJson(reply, answer()),
    POST: ({ body }, reply) => {
      if (!('moveTo' in clock)) throw new PrescoreError('clock_not_simulated')
      const { now, ...others } = bodyObject(body)
      const [other] = Object.keys(others)
      const us = typeof now === 'string' ? parseInstantUs(now) : undefined
      if (us === undefined || other !== undefined || us < clock.nowUs())
        throw new PrescoreError('invalid_request', {
          where: '`now`',
          found: other === undefined ? shown(now) : `\`${other}\``,
          expected: `a time with a zone that is not before ${formatInstant(clock.nowUs())}`,
        })
      clock.moveTo(us)
      sendJson(reply, answer())
    },
  }
  registerPath(app, '/api/clock', handlers, guard)
}
