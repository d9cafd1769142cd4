/** The Open Inference Protocol V2 over HTTP, as clients of Triton, KServe and MLServer speak it. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import packageJson from '../../../../package.json' with { type: 'json' }
import { PrescoreError } from '../../../base/index.ts'
import type { HotRoute } from '../../hot-route.ts'
import type { OnDefect } from '../../problem.ts'
import { type ApiHandler, registerPath } from '../../routes/path.ts'
import { after } from '../after.ts'
import { bodyOf, protocolScope, sendJson, sendOutgoing } from '../exchange.ts'
import { HotProtocol } from '../hot-protocol.ts'
import { type Subject, versionOf } from '../subject.ts'
import type { Subjects } from '../subjects.ts'
import { parseTolerantJson } from '../tolerant-json.ts'
import { JSON_LENGTH_HEADER } from './binary.ts'
import { infer } from './infer.ts'
import { metadataJson } from './metadata.ts'

/** @returns what of it is answered before the router. */
export function registerOpenInference(app: FastifyInstance, subjects: Subjects, onDefect: OnDefect): HotRoute {
  const options = {
    notFound: ({ url }: FastifyRequest) => new PrescoreError('route_not_found', { where: url.slice(0, 200) }),
    onDefect,
  }
  protocolScope(app, '/v2', options, scope => {
    registerServer(scope, subjects)
    for (const path of ['/models/:name', '/models/:name/versions/:version']) registerModel(scope, path, subjects)
    registerPath(scope, '/repository/index', { POST: each(async request => indexJson(subjects, await bodyOf(request))) })
  })
  return new HotProtocol('/v2/models/:name/infer', subjects, (name, body, jsonBytes, caller) =>
    after(subjects.find(name), subject => infer(subject, body, jsonBytes, caller)),
  )
}

function registerServer(scope: FastifyInstance, subjects: Subjects): void {
  const server = JSON.stringify({ name: 'prescore', version: packageJson.version, extensions: ['binary_tensor_data'] })
  registerPath(scope, '/', { GET: each(() => server) })
  registerPath(scope, '/health/live', { GET: each(() => '{"live":true}') })
  registerPath(scope, '/health/ready', {
    GET: each(() => {
      const waiting = [...subjects.predictions()].filter(subject => !subject.isReady()).map(({ name }) => name)
      if (waiting.length > 0) throw new PrescoreError('not_ready', { found: `nothing to answer with for ${waiting.join(', ')}` })
      return '{"ready":true}'
    }),
  })
  registerPath(scope, '/models', { GET: each(() => JSON.stringify({ models: subjects.names() })) })
}

function registerModel(scope: FastifyInstance, path: string, subjects: Subjects): void {
  const subjectOf = ({ params }: FastifyRequest): Subject | Promise<Subject> => {
    const { name, version } = params as { readonly name: string; readonly version?: string }
    return subjects.find(name, version)
  }
  registerPath(scope, path, { GET: each(async request => metadataJson(await subjectOf(request))) })
  registerPath(scope, `${path}/ready`, {
    GET: each(async request => {
      const subject = await subjectOf(request)
      if (!subject.isReady()) throw new PrescoreError('not_ready', { where: subject.name, found: 'nothing to answer with' })
      return JSON.stringify({ name: subject.name, ready: true })
    }),
  })
  registerPath(scope, `${path}/infer`, {
    POST: (request, reply) =>
      after(subjectOf(request), subject =>
        after(bodyOf(request), body => {
          const jsonBytes = request.headers[JSON_LENGTH_HEADER.toLowerCase()] as string | undefined
          const outgoing = infer(subject, body, jsonBytes, reply.raw)
          return after(outgoing, each => sendOutgoing(request, reply, each))
        }),
      ),
  })
}

/** What can be asked for, each as the one version that is served. `{"ready": true}` leaves out what cannot answer. */
function indexJson(subjects: Subjects, body: Buffer): string {
  const asked = body.length === 0 ? {} : parseTolerantJson(body)
  const isReadyOnly = asked !== null && typeof asked === 'object' && 'ready' in asked && asked.ready === true
  const listed = [...subjects.predictions()].map(subject => {
    const release = subject.release()
    const isReady = subject.isReady()
    return {
      name: subject.name,
      version: release === undefined ? '1' : versionOf(release),
      state: isReady ? 'READY' : 'UNAVAILABLE',
      reason: isReady ? '' : 'nothing to answer with',
    }
  })
  const models = listed.map(each => ({ ...each, name: `${each.name}.model` })).filter(({ name }) => subjects.names().includes(name))
  return JSON.stringify([...listed, ...models].filter(({ state }) => !isReadyOnly || state === 'READY'))
}

/** A handler that gives JSON text. */
function each(text: (request: FastifyRequest) => string | Promise<string>): ApiHandler {
  return async (request, reply) => {
    await sendJson(request as unknown as FastifyRequest, reply, await text(request as unknown as FastifyRequest))
    return reply
  }
}
