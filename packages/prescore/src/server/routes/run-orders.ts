/** What starts runs and changes which one is served. */
import type { FastifyInstance } from 'fastify'
import { type Clock, formatInstant, PrescoreError, parseInstantUs, shown } from '../../base/index.ts'
import { type OutputResults, PUBLISHING, type Published, type PublishOrder, RESCORED } from '../../batch/index.ts'
import { bodyObject } from '../../resolve/index.ts'
import type { PlannedRun, RunActivity, RunOrder } from '../../schedule/index.ts'
import type { Catalog, Pointer, PublishNote } from '../../stores/index.ts'
import type { AdminGuard } from '../admin.ts'
import { type Resolvers, resolverOf } from './answers.ts'
import { registerPath, sendJson } from './path.ts'

/** What a server does with runs. */
export interface RunService {
  /** Resolves when the run is planned; it goes on whatever becomes of the caller. @throws PrescoreError `busy`, and what planning throws */
  start(order: RunOrder): Promise<PlannedRun>
  /** Of a run that was started here. */
  activity(run: string): RunActivity | undefined
  publish(run: string, order: PublishOrder): Promise<Published>
  rollback(prediction: string, note: PublishNote): Promise<Published>
}

const MEMBERS = ['prediction', 'asOf', 'publish', 'reason', 'repin', 'rescore']
const REASON_CHARS_MAX = 1_000

export function registerRunOrders(app: FastifyInstance, resolvers: Resolvers, runs: RunService, guard: AdminGuard): void {
  registerPath(
    app,
    '/api/runs/:id/publish',
    {
      POST: async ({ params, body }, reply) => {
        const { pointer, outputs } = await runs.publish(params.id as string, publishOrderOf(body))
        sendJson(reply, JSON.stringify(publishedJson(pointer, outputs)))
        return reply
      },
    },
    guard,
  )
  registerPath(
    app,
    '/api/predictions/:name/rollback',
    {
      POST: async ({ params, body }, reply) => {
        const { prediction } = resolverOf(resolvers, params.name as string)
        const { pointer, outputs } = await runs.rollback(prediction.name, noteOf(body))
        sendJson(reply, JSON.stringify(publishedJson(pointer, outputs)))
        return reply
      },
    },
    guard,
  )
}

/** Answers when the run is planned: its id is there from then on. */
export async function startRun(
  body: unknown,
  {
    resolvers,
    runs,
    clock,
    catalog,
  }: { readonly resolvers: Resolvers; readonly runs: RunService; readonly clock: Clock; readonly catalog: Catalog },
): Promise<string> {
  const order = orderOf(bodyObject(body), clock)
  resolverOf(resolvers, order.prediction)
  const { run, release, rows } = await runs.start(order)
  return JSON.stringify({ run, prediction: order.prediction, release, asOf: formatInstant(catalog.getRun(run).asOfUs), rows })
}

/** How a run goes that was started here: null for others. */
export function activityJson(activity: RunActivity | undefined): object | null {
  if (activity === undefined) return null
  const { isRunning, stage, end } = activity
  const failure = end?.failure
  return {
    running: isRunning,
    stage,
    exitCode: end?.exitCode ?? null,
    failure: failure === undefined ? null : { code: failure.code, message: failure.message },
  }
}

/** What is served now, what rollback would return to, and what came of the outputs. */
export function publishedJson({ prediction, run, history, publishedAtUs, who, reason }: Pointer, outputs: OutputResults): object {
  return { prediction, run, publishedAt: formatInstant(publishedAtUs), earlier: history, who, reason, outputs }
}

function orderOf(body: Readonly<Record<string, unknown>>, clock: Clock): RunOrder {
  refuseOthers(body, MEMBERS)
  const { prediction, asOf, publish = 'gated', repin = false } = body
  if (typeof prediction !== 'string') throw invalid('prediction', prediction, 'the name of a prediction')
  const policy = PUBLISHING.find(each => each === publish)
  if (policy === undefined) throw invalid('publish', publish, PUBLISHING.join(', '))
  if (typeof repin !== 'boolean') throw invalid('repin', repin, 'true or false')
  const { reason } = noteOf({ reason: body.reason })
  if (policy === 'force' && reason === undefined) throw invalid('reason', undefined, 'why the gates are passed over')
  const rescore = body.rescore === undefined ? {} : { rescore: rescoreOf(body.rescore) }
  return {
    prediction,
    ...momentOf(asOf, 'rescore' in rescore, clock),
    publish: policy,
    repin,
    ...rescore,
    ...(reason === undefined ? {} : { reason }),
  }
}

/** A rescore is as of the moment of the earlier run. */
function momentOf(asOf: unknown, isRescore: boolean, clock: Clock): Pick<RunOrder, 'asOfUs'> {
  if (asOf === undefined) return isRescore ? {} : { asOfUs: clock.nowUs() }
  const asOfUs = typeof asOf === 'string' ? parseInstantUs(asOf) : undefined
  if (asOfUs === undefined) throw invalid('asOf', asOf, 'a time with a zone')
  return { asOfUs }
}

function rescoreOf(value: unknown): NonNullable<RunOrder['rescore']> {
  const expected = `\`{"run": …}\`, and some of ${RESCORED.join(', ')} as \`only\``
  if (typeof value !== 'object' || value === null) throw invalid('rescore', value, expected)
  const { run, only, ...others } = value as Readonly<Record<string, unknown>>
  if (Object.keys(others).length > 0 || typeof run !== 'string' || run === '') throw invalid('rescore', value, expected)
  if (only === undefined) return { run }
  if (!Array.isArray(only) || only.length === 0 || !only.every(sort => RESCORED.includes(sort)))
    throw invalid('rescore.only', only, expected)
  return { run, only }
}

function publishOrderOf(body: unknown): PublishOrder {
  const { force = false, ...others } = bodyObject(body)
  if (typeof force !== 'boolean') throw invalid('force', force, 'true or false')
  refuseOthers(others, ['reason', 'force'])
  const note = noteOf(others)
  if (force && note.reason === undefined) throw invalid('reason', undefined, 'why an earlier moment is to be served')
  return { ...note, force }
}

function noteOf(body: unknown): { readonly reason?: string } {
  const { reason, ...others } = bodyObject(body)
  refuseOthers(others, [])
  if (reason === undefined) return {}
  if (typeof reason === 'string' && reason.trim() !== '' && reason.length <= REASON_CHARS_MAX) return { reason }
  throw invalid('reason', reason, `a text of at most ${REASON_CHARS_MAX} characters`)
}

function refuseOthers(others: object, allowed: readonly string[]): void {
  const other = Object.keys(others).find(name => !allowed.includes(name))
  if (other === undefined) return
  const expected = allowed.length === 0 ? '`reason`, or nothing' : `some of ${allowed.join(', ')}`
  throw new PrescoreError('invalid_request', { found: `\`${other}\``, expected })
}

function invalid(name: string, value: unknown, expected: string): PrescoreError {
  return new PrescoreError('invalid_request', { where: `\`${name}\``, found: value === undefined ? 'nothing' : shown(value), expected })
}
