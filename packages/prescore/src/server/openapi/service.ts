/** The operations that every server has. */
import type { SourceDefinition } from '../../project/index.ts'
import { BODY } from './answers.ts'
import { ADMIN, ANY_OBJECT, json, jsonBody, type Operation, object, parameter, problems, type Response, ref } from './operation.ts'
import { FAULT, INSTANT, TEXT } from './parts.ts'
import { eventSchema, sampleOf } from './schemas.ts'

const NOW = '2001-06-15T08:30:00.000000Z'
const CLOCK = { now: NOW, simulated: true }
const clock = json('The clock', object({ now: INSTANT, simulated: { type: 'boolean' } }), CLOCK)
const RUN = {
  id: 'b81d2277aa01',
  prediction: 'late',
  release: '9f2c41a07be3',
  state: 'published',
  asOf: '2001-06-15T03:00:00.000000Z',
  dataThrough: '2001-06-15T02:58:00.000000Z',
  createdAt: '2001-06-15T03:00:01.000000Z',
  updatedAt: '2001-06-15T03:01:00.000000Z',
}
const text = (description: string, type: string, example: string): Response => ({
  description,
  content: { [type]: { schema: TEXT, example } },
})

const NOT_LIVE = object({ prediction: TEXT, reason: FAULT })

export const SERVICE: readonly Operation[] = [
  {
    method: 'get',
    path: '/api/predictions',
    route: '/api/predictions',
    id: 'predictions',
    tag: 'service',
    summary: 'What there is to ask for, and the release and run that are served',
    responses: {
      200: json('The predictions', object({ predictions: { type: 'array', items: ref('Prediction') } }), { predictions: [] }),
      ...problems([]),
    },
  },
  {
    method: 'get',
    path: '/api/runs',
    route: '/api/runs',
    id: 'runs',
    tag: 'service',
    summary: 'The runs, newest first',
    parameters: [parameter('query', 'prediction', TEXT, false, 'Of this one only')],
    responses: {
      200: json('The runs', object({ runs: { type: 'array', items: ref('Run') } }), { runs: [RUN] }),
      ...problems(['invalid_request']),
    },
  },
  {
    method: 'get',
    path: '/api/runs/{id}',
    route: '/api/runs/:id',
    id: 'run',
    tag: 'service',
    summary: 'A run with its report',
    parameters: [parameter('path', 'id', TEXT, true, 'Its id, or a beginning that no other has')],
    responses: {
      200: json('The run', ref('Run'), { ...RUN, report: null }),
      ...problems(['invalid_value', 'invalid_request', 'invalid_key', 'run_not_found', 'route_not_found']),
    },
  },
  {
    method: 'get',
    path: '/api/status',
    route: '/api/status',
    id: 'status',
    tag: 'service',
    summary: 'How everything stands, and what should be done',
    responses: { 200: json('The status', ref('Status'), { now: NOW, predictions: [], sources: [], warnings: [] }), ...problems([]) },
  },
  {
    method: 'get',
    path: '/api/clock',
    route: '/api/clock',
    id: 'clock',
    tag: 'service',
    summary: 'What time it is for the server',
    responses: { 200: clock, ...problems([]) },
  },
  {
    method: 'post',
    path: '/api/clock',
    route: '/api/clock',
    id: 'move_clock',
    tag: 'service',
    isAdmin: true,
    summary: 'Move a simulated clock on',
    body: jsonBody(object({ now: INSTANT }), { now: NOW }),
    responses: { 200: clock, ...problems(['invalid_request', 'clock_not_simulated', ...ADMIN, ...BODY]) },
  },
  {
    method: 'get',
    path: '/',
    route: '/',
    id: 'root',
    tag: 'service',
    summary: 'The process answers, and where to look',
    responses: {
      200: json('It does', object({ status: { const: 'alive' }, docs: TEXT, predictions: TEXT }), {
        status: 'alive',
        docs: '/docs',
        predictions: '/api/predictions',
      }),
      ...problems([]),
    },
  },
  {
    method: 'get',
    path: '/livez',
    route: '/livez',
    id: 'livez',
    tag: 'service',
    summary: 'The process answers',
    responses: { 200: json('It does', object({ live: { const: true } }), { live: true }), ...problems([]) },
  },
  {
    method: 'get',
    path: '/readyz',
    route: '/readyz',
    id: 'readyz',
    tag: 'service',
    summary: 'Each prediction has something to answer with, and live features are filled',
    responses: {
      200: json('It has', object({ ready: { const: true }, notLive: { type: 'array', items: NOT_LIVE } }, ['ready']), { ready: true }),
      ...problems(['not_ready']),
    },
  },
  {
    method: 'get',
    path: '/metrics',
    route: '/metrics',
    id: 'metrics',
    tag: 'service',
    summary: 'What Prometheus scrapes',
    responses: { 200: text('The metrics', 'text/plain', '# TYPE prescore_answers_total counter'), ...problems([]) },
  },
  {
    method: 'get',
    path: '/docs',
    route: '/docs',
    id: 'docs',
    tag: 'service',
    summary: 'This document as a page',
    responses: { 200: text('The page', 'text/html', '<!doctype html>'), ...problems([]) },
  },
  {
    method: 'get',
    path: '/docs/openapi.json',
    route: '/docs/openapi.json',
    id: 'openapi',
    tag: 'service',
    summary: 'This document',
    responses: { 200: json('The document', ANY_OBJECT, { openapi: '3.1.0' }), ...problems([]) },
  },
]

export const SOURCES: Operation = {
  method: 'get',
  path: '/api/sources',
  route: '/api/sources',
  id: 'sources',
  tag: 'sources',
  summary: 'Where live features stand',
  responses: {
    200: json('The sources of live predictions', object({ now: INSTANT, sources: { type: 'array', items: ref('Source') } }), {
      now: NOW,
      sources: [{ name: 'flights', position: 12, applied: 12, dataThrough: NOW, lagSeconds: 0, passedOver: 0, failure: null }],
    }),
    ...problems([]),
  },
}

/** Of a source that takes events. */
export function sourceOperations(name: string, definition: SourceDefinition): Operation[] {
  const event = { ...sampleOf(definition.columns) }
  const path = `/api/sources/${name}`
  const result = { accepted: 2, late: 0, duplicate: 1, rejected: [{ index: 3, code: 'wrong_type', message: 'A type does not fit.' }] }
  return [
    {
      method: 'post',
      path: `${path}/events`,
      route: '/api/sources/:name/events',
      id: `${name}_events`,
      tag: 'sources',
      summary: 'Events, each judged on its own; answered when the good ones are on disk and in the live features',
      body: {
        // Each is judged on its own: one that does not fit its schema is rejected by its index, and the others are taken.
        'application/json': { schema: { type: 'array', items: eventSchema(definition) }, example: [event] },
        'application/x-ndjson': { schema: TEXT, example: JSON.stringify(event) },
      },
      responses: {
        202: json('What became of them', ref('EventsResult'), result),
        ...problems([
          'invalid_request',
          'invalid_utf8',
          'body_cut_short',
          'log_mismatch',
          'read_only',
          'unknown_source',
          'not_supported',
          ...BODY,
        ]),
      },
    },
    {
      method: 'post',
      path: `${path}/heartbeat`,
      route: '/api/sources/:name/heartbeat',
      id: `${name}_heartbeat`,
      tag: 'sources',
      summary: 'Nothing else has arrived until now',
      responses: {
        200: json('Up to when the log is read', object({ through: INSTANT }), { through: NOW }),
        ...problems(['log_mismatch', 'read_only', 'unknown_source', 'not_supported', ...BODY]),
      },
    },
  ]
}
