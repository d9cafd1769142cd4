/** The HTTP server: routes over resolvers and the catalog, one form of errors, a start and a stop. */
import { METHODS } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuditView } from '../audit/index.ts'
import { type Clock, ERRORS, lazily, PrescoreError, systemClock } from '../base/index.ts'
import { Monitor, type Standing } from '../monitor/index.ts'
import type { SourceDefinition } from '../project/index.ts'
import type { Resolver } from '../resolve/index.ts'
import type { ScheduleView } from '../schedule/index.ts'
import type { Catalog, Overrides } from '../stores/index.ts'
import { adminGuard } from './admin.ts'
import { hasManyHosts, manyHosts } from './hosts.ts'
import { type HotPath, takeHotRequests } from './hot-path.ts'
import { parseJson } from './json.ts'
import { LIMITS } from './limits.ts'
import { unpacked } from './packed-body.ts'
import { errorOf, isDefect, type OnDefect, PROBLEM_TYPE, problemJson } from './problem.ts'
import { type ModelOf, protocolErrorText, registerProtocols } from './protocols/index.ts'
import { REQUEST_ID_HEADER, requestId } from './request-id.ts'
import { registerAnswers } from './routes/answers.ts'
import { registerClock } from './routes/clock.ts'
import { registerDocs } from './routes/docs.ts'
import { type LogOf, registerEvents } from './routes/events.ts'
import { HotAnswers } from './routes/hot-answers.ts'
import { registerMetrics } from './routes/metrics.ts'
import { registerOverrides } from './routes/overrides.ts'
import { registerHealth, registerPredictions } from './routes/predictions.ts'
import { type RunService, registerRunOrders } from './routes/run-orders.ts'
import { registerRuns } from './routes/runs.ts'
import { type LiveSide, registerSources } from './routes/sources.ts'
import { registerStatus } from './routes/status.ts'
import { refuseUnreadable } from './unreadable.ts'

/** While stopping: how often connections that have fallen idle are closed. */
const HANG_UP_MS = 20

const fastifyModule = lazily<typeof import('fastify')>('fastify')

export interface ServerOptions {
  /** One for each prediction that is served. */
  readonly resolvers: Iterable<Resolver>
  readonly catalog: Catalog
  /** Absent: no overrides are taken. */
  readonly overrides?: Overrides
  /** Absent: nothing is answered live. */
  readonly live?: LiveSide
  /** What the status and the metrics tell of audits; absent: nothing. */
  readonly audits?: AuditView
  /** What the status and the metrics tell of schedules; absent: nothing. */
  readonly schedules?: ScheduleView
  /** What "now" is. */
  readonly clock?: Clock
  /** The models behind predictions, for clients that bring tensors of their own; absent: only predictions are served. */
  readonly modelOf?: ModelOf
  /** Starts runs, publishes and rolls back; absent: nobody can by HTTP. */
  readonly runs?: RunService
  /** Whoever sends it may change what is served; absent: only this machine may. */
  readonly adminToken?: string | undefined
  /** Those of the project: what the document of the routes and the status tell of. */
  readonly sources?: Readonly<Record<string, SourceDefinition>>
  /** Where events go; absent: none are taken. */
  readonly logOf?: LogOf
  /** Where to listen; 127.0.0.1 and any free port when left out. */
  readonly host?: string
  readonly port?: number
  /** Told of each error that is ours (status 500), with its details; a warning of the process when left out. */
  readonly onDefect?: OnDefect
  /** Told of each request once it is answered, or its caller has left: then all go through the router, which costs as much as a lookup. */
  readonly onAnswered?: (request: AnsweredRequest) => void
}

/** What became of a request. */
export interface AnsweredRequest {
  readonly requestId: string
  readonly method: string
  readonly url: string
  /** 499: the caller left before there was an answer. */
  readonly status: number
  /** Until the last byte was given to the socket, or the caller left. */
  readonly ms: number
}

export interface Address {
  readonly host: string
  readonly port: number
  readonly url: string
}

export interface Server {
  /** For requests without a socket. */
  readonly app: FastifyInstance
  /** What was registered, as `GET /api/runs/:id`; complete once the app is ready. */
  readonly routes: ReadonlySet<string>
  /** Listens; may be called once. @throws PrescoreError `port_in_use`, `invalid_value` (an address that is not this machine's) */
  start(): Promise<Address>
  /** Takes no more connections, lets requests under way finish, and returns. May be called at any time, and twice. */
  stop(): Promise<void>
}

export function createServer(options: ServerOptions): Server {
  const {
    resolvers,
    catalog,
    overrides,
    live,
    audits,
    schedules,
    clock = systemClock,
    logOf,
    sources = {},
    modelOf,
    runs,
    adminToken,
    host = '127.0.0.1',
    port = 0,
    onDefect = warn,
    onAnswered,
  } = options
  const app = bareApp(onDefect)
  const routes = noteRoutes(app)
  if (onAnswered !== undefined) tellAnswered(app, onAnswered)
  const byName = new Map([...resolvers].map(resolver => [resolver.prediction.name, resolver]))
  const monitor = new Monitor({ resolvers: [...byName.values()], catalog, clock, live, audits, schedules })
  registerAnswers(app, byName, onDefect)
  registerPredictions(app, byName)
  const guard = adminGuard(adminToken)
  registerRuns(app, catalog, guard, runs && { resolvers: byName, runs, clock })
  if (runs !== undefined) registerRunOrders(app, byName, runs, guard)
  registerStatus(app, standingOf(options, [...byName.values()], monitor))
  registerClock(app, clock, guard)
  if (overrides !== undefined) registerOverrides(app, byName, overrides, guard)
  if (logOf !== undefined) {
    registerEvents(app, logOf, async (source, result) => {
      monitor.appended(source, result)
      await live?.catchUp(source)
    })
    registerSources(app, logOf, live, clock)
  }
  registerHealth(app, byName)
  registerMetrics(app, monitor)
  registerDocs(app, {
    resolvers: [...byName.values()],
    hasOverrides: overrides !== undefined,
    hasRuns: runs !== undefined,
    sources: logOf && sources,
  })
  const hotProtocols = registerProtocols(app, byName.values(), modelOf, onDefect)
  const hotPath =
    onAnswered === undefined ? takeHotRequests(app, [new HotAnswers(byName, onDefect), ...hotProtocols], catalog, onDefect) : undefined
  let stopping: Promise<void> | undefined
  return {
    app,
    routes,
    start: () => listen(app, host, port),
    stop: () => (stopping ??= drain(app, hotPath)),
  }
}

/** Fastify with our limits, our JSON and our errors: no logger, no schemas, one hook, so that a request runs straight to its handler. */
function bareApp(onDefect: OnDefect): FastifyInstance {
  const { fastify } = fastifyModule()
  const app = fastify({
    logger: false,
    genReqId: requestId,
    bodyLimit: LIMITS.bodyBytes,
    requestTimeout: LIMITS.requestMs,
    keepAliveTimeout: LIMITS.keepAliveMs,
    http: {
      headersTimeout: LIMITS.headersMs,
      requestTimeout: LIMITS.requestMs,
      connectionsCheckingInterval: LIMITS.checkMs,
      maxHeaderSize: LIMITS.headerBytes,
    },
    return503OnClosing: false,
    routerOptions: { maxParamLength: LIMITS.pathKeyChars, querystringParser: text => ({ text }) },
    frameworkErrors: (error, { url }, reply) => sendError(reply as unknown as FastifyReply, url, errorOf(error)),
    clientErrorHandler: refuseUnreadable,
  })
  for (const method of METHODS) if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method)
  app.addHook('onRequest', ({ raw }, reply, done) => {
    if (!hasManyHosts(raw.rawHeaders)) return done()
    // Whoever sends such may see other requests on the connection than we do.
    reply.raw.shouldKeepAlive = false
    return done(manyHosts())
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async ({ headers }: FastifyRequest, body: Buffer) =>
    parseJson(await unpacked(body, headers, LIMITS.bodyBytes)),
  )
  app.setNotFoundHandler((request, reply) => sendProblem(reply, routeNotFound(request.url)))
  app.setErrorHandler((thrown, request, reply) => {
    // A path that is not there is 404, whatever its body.
    const error = request.is404 && !hasManyHosts(request.raw.rawHeaders) ? routeNotFound(request.url) : errorOf(thrown)
    if (isDefect(error)) onDefect(error, request.id)
    sendProblem(reply, error)
  })
  return app
}

function standingOf(
  { catalog, clock = systemClock, logOf, sources = {}, live, audits, schedules }: ServerOptions,
  resolvers: readonly Resolver[],
  monitor: Monitor,
): Standing {
  const names = logOf === undefined ? [] : Object.keys(sources).filter(name => sources[name]?.type === 'events')
  return { resolvers, catalog, clock, sources: names, logOf: logOf as LogOf, live, audits, schedules, answers: monitor.answers }
}

/** The routes that answer, from now on; those that only refuse other methods do so before anything else. */
function noteRoutes(app: FastifyInstance): ReadonlySet<string> {
  const routes = new Set<string>()
  app.addHook('onRoute', ({ method, url, onRequest }) => {
    if (onRequest === undefined && method !== 'HEAD') routes.add(`${Array.isArray(method) ? 'ALL' : method} ${url}`)
  })
  return routes
}

/** Each request once: when it is answered, or when its caller has left before. */
function tellAnswered(app: FastifyInstance, onAnswered: NonNullable<ServerOptions['onAnswered']>): void {
  app.addHook('onRequest', ({ id, method, url }, { raw }, done) => {
    const startedMs = performance.now()
    let isTold = false
    const tell = (status: number) => {
      if (!isTold) onAnswered({ requestId: id, method, url, status, ms: performance.now() - startedMs })
      isTold = true
    }
    raw.once('finish', () => tell(raw.statusCode))
    raw.once('close', () => tell(ERRORS.cancelled.status))
    done()
  })
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<Address> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw listenError(error, `${host}:${port}`)
  }
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new PrescoreError('internal', { found: `the address ${address}` })
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return { host: address.address, port: address.port, url: `http://${shownHost}:${address.port}` }
}

function listenError(error: unknown, where: string): PrescoreError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return new PrescoreError('port_in_use', { where })
  if (typeof code !== 'string' || !code.startsWith('E')) return errorOf(error)
  return new PrescoreError('invalid_value', {
    where,
    found: (error as Error).message,
    expected: 'an address of this machine, and a port it may use',
  })
}

async function drain(app: FastifyInstance, hotPath: HotPath | undefined): Promise<void> {
  const cut = setTimeout(() => {
    hotPath?.cut()
    app.server.closeAllConnections()
  }, LIMITS.drainMs)
  // A connection whose last request was under way when the stop began is kept alive after it, and would hold the stop up.
  const hangUp = setInterval(() => {
    hotPath?.closeIdle()
    app.server.closeIdleConnections()
  }, HANG_UP_MS)
  try {
    await app.close()
  } finally {
    clearTimeout(cut)
    clearInterval(hangUp)
  }
}

/** An error that was found before a route was: in the form of the protocol that the path belongs to. */
function sendError(reply: FastifyReply, url: string, error: PrescoreError): void {
  const text = protocolErrorText(url, error)
  if (text === undefined) sendProblem(reply, error)
  else
    reply.code(error.status).header(REQUEST_ID_HEADER, reply.request.id).header('content-type', 'application/json').send(Buffer.from(text))
}

function sendProblem(reply: FastifyReply, error: PrescoreError): void {
  if (error.status === 503) reply.header('retry-after', LIMITS.retryAfterSeconds)
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  const { id } = reply.request
  reply.code(error.status).header(REQUEST_ID_HEADER, id).header('content-type', PROBLEM_TYPE).send(problemJson(error, id))
}

function routeNotFound(url: string): PrescoreError {
  return new PrescoreError('route_not_found', { where: url.slice(0, 200) })
}

function warn(error: PrescoreError): void {
  process.emitWarning(error)
}
