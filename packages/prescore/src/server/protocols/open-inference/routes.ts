/** The Open Inference Protocol V2 over HTTP, as clients of Triton, KServe and MLServer speak it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import packageJson from '../../../../package.json' with { type: 'json' }
import { PrescoreError } from '../../../base/index.ts'
import type { OnDefect } from '../../problem.ts'
import { type ApiHandler, registerPath } from '../../routes/path.ts'
import { bodyOf, JSON_TYPE, protocolScope, sendBody } from '../exchange.ts'
import { type Subject, versionOf } from '../subject.ts'
import type { Subjects } from '../subjects.ts'
import { refused } from '../tensors.ts'
import { parseTolerantJson } from '../tolerant-json.ts'
import { metadataJson } from './metadata.ts'
import { readRequest } from './request.ts'
import { responseOf } from './response.ts'

const JSON_HEADERS = ['content-type', JSON_TYPE]
/** The header's name as clients look for it. */
const HEADER = 'Inference-Header-Content-Length'

export function registerOpenInference(app: FastifyInstance, subjects: Subjects, onDefect: OnDefect): void {
  const options = {
    notFound: ({ url }: FastifyRequest) => new PrescoreError('route_not_found', { where: url.slice(0, 200) }),
    onDefect,
  }
  protocolScope(app, '/v2', options, scope => {
    registerServer(scope, subjects)
    for (const path of ['/models/:name', '/models/:name/versions/:version']) registerModel(scope, path, subjects)
    registerPath(scope, '/repository/index', { POST: each(async request => indexJson(subjects, await bodyOf(request))) })
  })
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
    POST: (request, reply) => {
      const subject = subjectOf(request)
      const body = bodyOf(request)
      if (subject instanceof Promise || body instanceof Promise)
        return Promise.all([subject, body]).then(([found, bytes]) => infer(found, bytes, request, reply))
      return infer(subject, body, request, reply)
    },
  })
}

function infer(subject: Subject, body: Buffer, request: FastifyRequest, reply: FastifyReply): void | Promise<void> {
  const asked = readRequest(subject, body, jsonBytesOf(request, body.length))
  const send = (tensors: Awaited<ReturnType<Subject['infer']>>) => {
    const { body: answer, jsonBytes } = responseOf(subject, asked, tensors)
    const headers = jsonBytes === undefined ? JSON_HEADERS : ['content-type', 'application/octet-stream', HEADER, String(jsonBytes)]
    return sendBody(request, reply, answer, headers)
  }
  const tensors = subject.infer({ ...asked.call, caller: reply.raw })
  return tensors instanceof Promise ? tensors.then(send) : send(tensors)
}

/** @throws PrescoreError `invalid_request` for a header that is no length within the body */
function jsonBytesOf({ headers }: FastifyRequest, bodyBytes: number): number | undefined {
  const text = headers[HEADER.toLowerCase()]
  if (text === undefined) return undefined
  const length = typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (length <= bodyBytes) return length
  throw refused(HEADER, JSON.stringify(text).slice(0, 60), `a number from 0 to the body's ${bodyBytes} bytes`)
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
    await sendBody(request as unknown as FastifyRequest, reply, await text(request as unknown as FastifyRequest), JSON_HEADERS)
    return reply
  }
}
