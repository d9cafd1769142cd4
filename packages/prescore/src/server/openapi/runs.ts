/** The operations that start runs and change which one is served. */
import { BODY } from './answers.ts'
import { ADMIN, json, jsonBody, type Operation, object, parameter, problems } from './operation.ts'
import { INSTANT, TEXT } from './parts.ts'

const AS_OF = '2001-06-15T03:00:00.000000Z'
const REASON = { ...TEXT, minLength: 1, maxLength: 1_000, description: 'Why: recorded with the run' }
const WHOLE = { type: 'integer', minimum: 0 }

const planned = { run: 'b81d2277aa01', prediction: 'late', release: '9f2c41a07be3', asOf: AS_OF, rows: 3399 }
const order = {
  prediction: TEXT,
  asOf: { ...INSTANT, description: 'The moment to score for; left out: now' },
  publish: {
    enum: ['gated', 'latest', 'never', 'force'],
    description:
      'gated, if left out: when all gates pass; refused where a run of a later as-of is served. latest: then it stays staged. force asks for a reason',
  },
  reason: REASON,
  rescore: {
    ...object({ run: TEXT, only: { type: 'array', items: { enum: ['failed', 'missing'] }, minItems: 1 } }, ['run']),
    description:
      'Compute only keys that this earlier run rejected (failed) or has no row for (missing), both if left out, as of its moment, and take the others over. Where there is nothing to compute, `run` of the answer is the earlier one',
  },
  repin: { type: 'boolean', description: 'Take the data as it is now, though an earlier run of the moment has pinned it' },
}
const served = {
  prediction: 'late',
  run: 'b81d2277aa01',
  publishedAt: '2001-06-15T03:01:00.000000Z',
  earlier: ['77aa01b81d22'],
  who: 'deploy',
  reason: 'checked by hand',
  outputs: {},
}
const OUTPUT = object(
  {
    state: { enum: ['written', 'failed', 'superseded'] },
    sequence: WHOLE,
    atUs: WHOLE,
    target: TEXT,
    rows: WHOLE,
    attempts: WHOLE,
    message: TEXT,
    fix: TEXT,
  },
  ['state', 'target', 'rows', 'attempts'],
)
const SERVED = object(
  {
    prediction: TEXT,
    run: TEXT,
    publishedAt: INSTANT,
    earlier: { type: 'array', items: TEXT },
    who: TEXT,
    reason: TEXT,
    outputs: { type: 'object', additionalProperties: OUTPUT },
  },
  ['prediction', 'run', 'publishedAt', 'earlier', 'outputs'],
)
const body = jsonBody(object({ reason: REASON }, []), { reason: 'checked by hand' })
const FORCE = { type: 'boolean', description: 'Also in the place of a run of a later as-of; asks for a reason' }
const publishBody = jsonBody(object({ reason: REASON, force: FORCE }, []), { reason: 'checked by hand' })

export const RUN_ORDERS: readonly Operation[] = [
  {
    method: 'post',
    path: '/api/runs',
    route: '/api/runs',
    id: 'start_run',
    tag: 'runs',
    isAdmin: true,
    summary: 'Start a run; answered when it is planned, and it goes on by itself. One at a time for each prediction',
    body: jsonBody(object(order, ['prediction']), { prediction: 'late', asOf: AS_OF }),
    responses: {
      202: json(
        'It is planned, and goes on: GET /api/runs/{id} tells how far it is',
        object({ run: TEXT, prediction: TEXT, release: TEXT, asOf: INSTANT, rows: WHOLE }),
        planned,
      ),
      ...problems([
        'invalid_request',
        'unknown_prediction',
        'run_not_found',
        'invalid_value',
        'busy',
        'earlier_as_of',
        'no_population',
        'empty_population',
        'project_invalid',
        'source_unreadable',
        'source_changed',
        'as_of_out_of_range',
        'read_only',
        ...ADMIN,
        ...BODY,
      ]),
    },
  },
  {
    method: 'post',
    path: '/api/runs/{id}/publish',
    route: '/api/runs/:id/publish',
    id: 'publish_run',
    tag: 'runs',
    isAdmin: true,
    summary: 'Serve a run: one that was staged, stopped by a gate, or served before',
    parameters: [parameter('path', 'id', TEXT, true, 'Its id, or a beginning that no other has')],
    body: publishBody,
    responses: {
      200: json('What is served now', SERVED, served),
      ...problems([
        'invalid_request',
        'invalid_value',
        'invalid_key',
        'run_not_found',
        'route_not_found',
        'publish_conflict',
        'earlier_as_of',
        'read_only',
        ...ADMIN,
        ...BODY,
      ]),
    },
  },
  {
    method: 'post',
    path: '/api/predictions/{name}/rollback',
    route: '/api/predictions/:name/rollback',
    id: 'rollback',
    tag: 'runs',
    isAdmin: true,
    summary: 'Serve the run that was served before',
    parameters: [parameter('path', 'name', TEXT, true)],
    body,
    responses: {
      200: json('What is served now', SERVED, served),
      ...problems([
        'invalid_request',
        'invalid_key',
        'unknown_prediction',
        'route_not_found',
        'nothing_to_roll_back',
        'read_only',
        ...ADMIN,
        ...BODY,
      ]),
    },
  },
]
