/** The operations of one prediction: its answers and overrides, with its own keys, inputs and values. */
import type { ErrorCode } from '../../base/index.ts'
import type { Resolver } from '../../resolve/index.ts'
import { ADMIN, json, jsonBody, type Operation, object, parameter, problems, ref, type Schema } from './operation.ts'
import { INSTANT, TEXT } from './parts.ts'
import { kindSchema, OPTION_SCHEMAS, REQUESTS_MAX, sampleOf, schemaName } from './schemas.ts'

/** What may keep an answer from being given. */
const UNANSWERED: readonly ErrorCode[] = [
  'invalid_request',
  'invalid_key',
  'invalid_input',
  'invalid_attribute',
  'missing_input',
  'as_of_out_of_range',
  'lossy_cast',
  'function_failed',
  'model_unreadable',
  'unknown_prediction',
  'unknown_key',
  'inputs_differ',
  'nothing_published',
  'no_answer',
  'not_ready',
  'overloaded',
  'deadline_exceeded',
]
export const BODY: readonly ErrorCode[] = ['invalid_json', 'body_too_large', 'unsupported_media']
const ANSWERS = '/api/predictions/:name/answers'
const OVERRIDES = '/api/predictions/:name/overrides'

export function predictionOperations(resolver: Resolver): Operation[] {
  const { name, entity } = resolver.prediction
  const columns = Object.entries(resolver.keyColumns)
  const tag = name
  const sample = sampleOf(resolver.keyColumns)
  const answer = json('The answer: also one that is degraded, and says why', ref(schemaName(name, 'Answer')), answerExample(resolver))
  const options = Object.entries(OPTION_SCHEMAS).map(([option, schema]) => {
    const { description, ...type } = schema as { readonly description?: string }
    return parameter('query', option, type, false, description)
  })
  const isColumn = (option: Schema): boolean => columns.some(([column]) => column === option.name)
  const path = `/api/predictions/${name}/answers`
  const byKey: Operation[] =
    columns.length !== 1
      ? []
      : [
          {
            method: 'get',
            path: `${path}/{key}`,
            route: `${ANSWERS}/:key`,
            id: `${name}_answer_by_key`,
            tag,
            summary: 'An answer, by the key in the path',
            parameters: [parameter('path', 'key', kindSchema(columns[0]?.[1] ?? 'string'), true), ...options],
            responses: { 200: answer, ...problems([...UNANSWERED, 'route_not_found']) },
          },
        ]
  return [
    {
      method: 'get',
      path,
      route: ANSWERS,
      id: `${name}_answer`,
      tag,
      summary: 'An answer, by key columns in the query',
      parameters: [
        ...columns.map(([column, kind]) => parameter('query', column, kindSchema(kind), true)),
        ...options.filter(each => !isColumn(each)),
      ],
      responses: { 200: answer, ...problems(UNANSWERED) },
    },
    ...byKey,
    {
      method: 'post',
      path,
      route: ANSWERS,
      id: `${name}_answers`,
      tag,
      summary: 'An answer, with inputs and attributes; or many, in order, each on its own',
      body: jsonBody(
        {
          anyOf: [
            ref(schemaName(name, 'Request')),
            // Each is judged on its own: one that does not fit its schema is answered by an error, and the others are answered.
            object({ requests: { type: 'array', maxItems: REQUESTS_MAX, items: ref(schemaName(name, 'Request')) } }),
          ],
        },
        entity === undefined ? { inputs: sampleOf(resolver.prediction.inputs) } : { key: sample },
      ),
      responses: {
        200: json(
          'The answer; or many',
          {
            anyOf: [
              ref(schemaName(name, 'Answer')),
              object({ answers: { type: 'array', items: { anyOf: [ref(schemaName(name, 'Answer')), ref('FailedAnswer')] } } }),
            ],
          },
          answerExample(resolver),
        ),
        ...problems([...UNANSWERED, ...BODY]),
      },
    },
  ]
}

/** Human values. */
export function overrideOperations(resolver: Resolver): Operation[] {
  const { name, entity } = resolver.prediction
  if (entity === undefined) return []
  const shared = { path: `/api/predictions/${name}/overrides`, route: OVERRIDES, tag: name }
  const key = ref(schemaName(name, 'RequestKey'))
  const override = ref(schemaName(name, 'Override'))
  const sample = sampleOf(resolver.keyColumns)
  const set = { value: 0.02, author: 'kim', reason: 'checked by hand' }
  const whole = { key: sample, ...set, setAt: '2001-06-15T08:30:00.000000Z', expiresAt: null }
  const refused: readonly ErrorCode[] = ['invalid_request', 'invalid_key', 'invalid_value', ...ADMIN, ...BODY]
  const note = { ...TEXT, minLength: 1, maxLength: 1_000 }
  const body = {
    key,
    value: ref('Value'),
    author: note,
    reason: note,
    expiresAt: { ...INSTANT, type: ['string', 'null'] },
  }
  return [
    {
      ...shared,
      method: 'get',
      id: `${name}_overrides`,
      summary: 'Human values that are set',
      responses: {
        200: json('The overrides', object({ overrides: { type: 'array', items: override } }), { overrides: [whole] }),
        ...problems(['unknown_prediction']),
      },
    },
    {
      ...shared,
      method: 'put',
      id: `${name}_set_override`,
      isAdmin: true,
      summary: 'Set the value of a key by hand',
      body: jsonBody(object(body, ['key', 'value', 'author', 'reason']), { key: sample, ...set }),
      responses: { 200: json('The override', override, whole), ...problems([...refused, 'unknown_prediction', 'read_only']) },
    },
    {
      ...shared,
      method: 'delete',
      id: `${name}_remove_override`,
      isAdmin: true,
      summary: 'Take back the override of a key',
      body: jsonBody(object({ key }), { key: sample }),
      responses: {
        200: json('Removed', object({ removed: { const: true } }), { removed: true }),
        ...problems([...refused, 'unknown_prediction', 'override_not_found', 'read_only']),
      },
    },
  ]
}

function answerExample({ prediction: { name, entity, policy }, keyColumns }: Resolver): object {
  const isLive = policy.mode === 'live' || entity === undefined
  return {
    prediction: name,
    key: entity === undefined ? null : sampleOf(keyColumns),
    value: 0.31,
    source: isLive ? 'live' : 'store',
    computedBy: isLive ? 'live' : 'batch',
    asOf: '2001-06-15T03:00:00.000000Z',
    ageSeconds: 5_400,
    dataThrough: '2001-06-15T02:58:00.000000Z',
    release: '9f2c41a07be3',
    run: isLive ? null : 'b81d2277aa01',
    degraded: false,
  }
}
