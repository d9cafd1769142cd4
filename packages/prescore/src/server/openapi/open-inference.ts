/** The operations of the Open Inference Protocol V2: its own specification tells what tensors mean. */
import { ERRORS, type ErrorCode } from '../../base/index.ts'
import { ANY_OBJECT, json, jsonBody, type Operation, object, parameter, type Response, ref, type Schema } from './operation.ts'
import { TEXT } from './parts.ts'

const READY = object({ name: TEXT, ready: { const: true } })
const METADATA = { name: 'late', versions: ['9f2c41a07be3'], platform: 'prescore_prediction', inputs: [], outputs: [] }
const TENSOR = { name: 'hour', shape: [1], datatype: 'INT64', data: [18] }
/** An inference request fails in as many ways as an answer. */
const INFER: readonly ErrorCode[] = [
  'invalid_request',
  'unknown_model',
  'body_too_large',
  'unsupported_media',
  'not_supported',
  'nothing_published',
  'deadline_exceeded',
]

export const OPEN_INFERENCE: readonly Operation[] = [
  operation(
    'get',
    '',
    'The server',
    { name: TEXT, version: TEXT, extensions: { type: 'array', items: TEXT } },
    { name: 'prescore', version: '1', extensions: [] },
    [],
  ),
  operation('get', '/health/live', 'The process answers', { live: { const: true } }, { live: true }, []),
  operation('get', '/health/ready', 'Each prediction has something to answer with', { ready: { const: true } }, { ready: true }, [
    'not_ready',
  ]),
  operation('get', '/models', 'What can be asked', { models: { type: 'array', items: TEXT } }, { models: ['late', 'late.model'] }, []),
  {
    ...operation('post', '/repository/index', 'What can be asked, with versions', {}, {}, [
      'invalid_request',
      'invalid_json',
      'body_too_large',
      'unsupported_media',
    ]),
    body: jsonBody({ description: 'Anything; `ready: true` in an object leaves out what cannot answer' }, { ready: true }),
    responses: {
      200: json('The models', { type: 'array', items: ANY_OBJECT }, [
        { name: 'late', version: '9f2c41a07be3', state: 'READY', reason: '' },
      ]),
      ...protocolErrors(['invalid_request', 'invalid_json', 'body_too_large', 'unsupported_media']),
    },
  },
  ...['/models/{name}', '/models/{name}/versions/{version}'].flatMap(modelOperations),
]

function modelOperations(path: string): Operation[] {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter('path', name, TEXT, true))
  const open: readonly ErrorCode[] = [
    'invalid_request',
    'invalid_key',
    'unknown_model',
    'model_unreadable',
    'release_not_found',
    'route_not_found',
    'not_ready',
    'nothing_published',
  ]
  const whole = object({
    name: TEXT,
    versions: { type: 'array', items: TEXT },
    platform: TEXT,
    inputs: { type: 'array', items: ANY_OBJECT },
    outputs: { type: 'array', items: ANY_OBJECT },
  })
  const infer = { ...operation('post', `${path}/infer`, 'Answers, a row each', {}, {}, []), parameters }
  return [
    {
      ...operation('get', path, 'Its inputs and outputs', {}, {}, []),
      parameters,
      responses: { 200: json('The metadata', whole, METADATA), ...protocolErrors(open) },
    },
    {
      ...operation('get', `${path}/ready`, 'It has something to answer with', {}, {}, []),
      parameters,
      responses: { 200: json('It has', READY, { name: 'late', ready: true }), ...protocolErrors(open) },
    },
    {
      ...infer,
      body: {
        ...jsonBody(
          { ...ANY_OBJECT, properties: { inputs: { type: 'array', items: ANY_OBJECT } }, required: ['inputs'] },
          { inputs: [TENSOR] },
        ),
        'application/octet-stream': { schema: { ...TEXT, format: 'binary' } },
      },
      responses: {
        200: {
          description: 'The outputs, in JSON or binary',
          content: {
            'application/json': {
              schema: {
                ...ANY_OBJECT,
                properties: { model_name: TEXT, outputs: { type: 'array', items: ANY_OBJECT } },
                required: ['model_name', 'outputs'],
              },
              example: { model_name: 'late', outputs: [] },
            },
            'application/octet-stream': { schema: { ...TEXT, format: 'binary' } },
          },
        },
        ...protocolErrors([
          ...open,
          ...INFER,
          'unknown_key',
          'invalid_input',
          'missing_input',
          'as_of_out_of_range',
          'overloaded',
          'no_answer',
        ]),
      },
    },
  ]
}

function operation(
  method: 'get' | 'post',
  path: string,
  summary: string,
  properties: Schema,
  example: object,
  codes: readonly ErrorCode[],
): Operation {
  return {
    method,
    path: `/v2${path}`,
    route: `/v2${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    id: `v2_${method}${path.replaceAll(/\W+/g, '_')}`,
    tag: 'Open Inference Protocol',
    summary,
    responses: { 200: json(summary, object(properties), example), ...protocolErrors(codes) },
  }
}

/** In the protocol's own shape. */
export function protocolErrors(codes: readonly ErrorCode[]): Record<string, Response> {
  const statuses = [...new Set([...codes.map(code => ERRORS[code].status), 500])].sort()
  const responses = statuses.map(status => {
    const own = codes.filter(code => ERRORS[code].status === status)
    const code = own[0] ?? 'internal'
    const description = own.length === 0 ? 'A defect, or what cannot be read' : own.map(each => `\`${each}\``).join(', ')
    return [String(status), json(description, ref('ProtocolError'), { error: `${ERRORS[code].title}.`, code })] as const
  })
  return Object.fromEntries(responses)
}
