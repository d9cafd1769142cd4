/** The catalog's runs. */
import type { FastifyInstance, FastifyReply } from 'fastify'
import { type Clock, formatInstant, PrescoreError } from '../../base/index.ts'
import type { Catalog, RunRecord } from '../../stores/index.ts'
import type { AdminGuard } from '../admin.ts'
import { LIMITS } from '../limits.ts'
import { parseQuery } from '../request.ts'
import type { Resolvers } from './answers.ts'
import { type ApiRequest, registerPath, sendJson } from './path.ts'
import { activityJson, type RunService, startRun } from './run-orders.ts'

/** What it takes to start runs. */
export interface Starting {
  readonly resolvers: Resolvers
  readonly runs: RunService
  readonly clock: Clock
}

/** @param starting absent: runs are listed, and none is started. */
export function registerRuns(app: FastifyInstance, catalog: Catalog, guard: AdminGuard, starting?: Starting): void {
  const start =
    starting &&
    (async ({ body }: ApiRequest, reply: FastifyReply) => {
      const text = await startRun(body, { ...starting, catalog })
      sendJson(reply.code(202), text)
      return reply
    })
  registerPath(
    app,
    '/api/runs',
    {
      GET: ({ query }, reply) => {
        const { prediction, ...others } = parseQuery(query.text)
        const [unknown] = Object.keys(others)
        if (unknown !== undefined)
          throw new PrescoreError('invalid_request', { found: `\`${unknown}\``, expected: '`prediction`, or nothing' })
        sendJson(reply, JSON.stringify({ runs: catalog.listRuns(prediction).slice(0, LIMITS.runsListed).map(runSummaryJson) }))
      },
      ...(start === undefined ? {} : { POST: start }),
    },
    guard,
  )
  registerPath(app, '/api/runs/:id', {
    GET: ({ params }, reply) => {
      const run = catalog.getRun(params.id as string)
      const activity = starting === undefined ? {} : { activity: activityJson(starting.runs.activity(run.id)) }
      sendJson(reply, JSON.stringify({ ...runJson(run), ...activity }))
    },
  })
}

/** A run as the API and the command line give it. */
export function runJson(run: RunRecord): object {
  return { ...runSummaryJson(run), report: run.report }
}

export function runSummaryJson({ id, prediction, release, state, asOfUs, dataThroughUs, createdAtUs, updatedAtUs }: RunRecord): object {
  return {
    id,
    prediction,
    release,
    state,
    asOf: formatInstant(asOfUs),
    dataThrough: dataThroughUs === null ? null : formatInstant(dataThroughUs),
    createdAt: formatInstant(createdAtUs),
    updatedAt: formatInstant(updatedAtUs),
  }
}
