/** What there is to ask for, and whether it can be asked now. */
import type { FastifyInstance } from 'fastify'
import { formatInstant, PrescoreError } from '../../base/index.ts'
import type { PolicyDefinition } from '../../project/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import type { Resolvers } from './answers.ts'
import { registerPath, sendJson } from './path.ts'

export function registerPredictions(app: FastifyInstance, resolvers: Resolvers): void {
  registerPath(app, '/api/predictions', {
    GET: (_request, reply) => sendJson(reply, JSON.stringify({ predictions: [...resolvers.values()].map(described) })),
  })
}

/** `/`: where to look; KServe's clients of V1 take it for the word that the server lives. `/livez`: the process answers. `/readyz`: each prediction has something to answer with, and live features are filled. */
export function registerHealth(app: FastifyInstance, resolvers: Resolvers): void {
  registerPath(app, '/', {
    GET: (_request, reply) => sendJson(reply, '{"status":"alive","docs":"/docs","predictions":"/api/predictions"}'),
  })
  registerPath(app, '/livez', { GET: (_request, reply) => sendJson(reply, '{"live":true}') })
  registerPath(app, '/readyz', {
    GET: (_request, reply) => {
      const all = [...resolvers.values()]
      const filling = all.filter(resolver => resolver.isFilling()).map(({ prediction }) => prediction.name)
      if (filling.length > 0)
        throw new PrescoreError('not_ready', { found: `live features of ${filling.join(', ')} that are being filled from history` })
      const waiting = all.filter(resolver => !resolver.isReady()).map(({ prediction }) => prediction.name)
      if (waiting.length > 0) throw new PrescoreError('not_ready', { found: `nothing published for ${waiting.join(', ')}` })
      const others = all.flatMap(notLive)
      sendJson(reply, JSON.stringify({ ready: true, ...(others.length === 0 ? {} : { notLive: others }) }))
    },
  })
}

/** A prediction that is to answer live and does not, and why: it is ready all the same, with what else there is. */
function notLive(resolver: Resolver): object[] {
  const live = resolver.liveStatus()
  return live === null || live.ready ? [] : [{ prediction: resolver.prediction.name, reason: live.reason }]
}

function described(resolver: Resolver): object {
  const { name, inputs, policy } = resolver.prediction
  const served = resolver.served()
  return {
    name,
    entity: resolver.keyColumns,
    inputs,
    policy: policyOf(policy),
    release: served?.release ?? null,
    run: served?.run ?? null,
    asOf: served === undefined ? null : formatInstant(served.asOfUs),
    dataThrough: served === undefined || served.dataThroughUs === null ? null : formatInstant(served.dataThroughUs),
    live: resolver.liveStatus(),
    publishedAt: served === undefined ? null : formatInstant(served.publishedAtUs),
    keys: served?.rows ?? 0,
  }
}

function policyOf({ mode, schedule, maxAgeUs, maxLagUs, deadlineUs, rememberUs, default: declared }: PolicyDefinition): object {
  return {
    mode,
    schedule,
    maxAgeSeconds: maxAgeUs === undefined ? undefined : maxAgeUs / 1_000_000,
    maxLagSeconds: maxLagUs === undefined ? undefined : maxLagUs / 1_000_000,
    deadlineMs: deadlineUs === undefined ? undefined : deadlineUs / 1_000,
    rememberSeconds: rememberUs === undefined ? undefined : rememberUs / 1_000_000,
    default: declared,
  }
}
