/** The operations of TensorFlow Serving's REST API, which is KServe's V1: its own documentation tells what instances mean. */
import type { ErrorCode } from '../../base/index.ts'
import { protocolErrors } from './open-inference.ts'
import { ANY_OBJECT, json, jsonBody, type Operation, parameter } from './operation.ts'
import { TEXT } from './parts.ts'

const OPEN: readonly ErrorCode[] = [
  'invalid_request',
  'unknown_model',
  'model_unreadable',
  'release_not_found',
  'not_ready',
  'nothing_published',
]
const ASKED: readonly ErrorCode[] = [
  ...OPEN,
  'body_too_large',
  'unsupported_media',
  'not_supported',
  'unknown_key',
  'no_answer',
  'overloaded',
  'deadline_exceeded',
]
const RESULT = ANY_OBJECT
const INSTANCES = { instances: [{ hour: 18 }] }
const EXAMPLES = { examples: [{ hour: 18 }] }

export const TF_SERVING: readonly Operation[] = [
  read('/v1/models', 'What can be asked', { models: ['late', 'late.model'] }),
  ...['', '/versions/{version}', '/labels/{label}'].flatMap(which => {
    const path = `/v1/models/{name}${which}`
    return [
      read(path, 'Whether it can be asked', { model_version_status: [] }),
      read(`${path}/metadata`, 'Its inputs and outputs', { model_spec: { name: 'late' } }),
      ask(`${path}:predict`, 'Answers, a row each', INSTANCES, { predictions: [0.31] }),
      ask(`${path}:classify`, 'Answers to examples, as labels with scores', EXAMPLES, { results: [[['0', 0.31]]] }),
      ask(`${path}:regress`, 'Answers to examples, as numbers', EXAMPLES, { results: [0.31] }),
    ]
  }),
]

function read(path: string, summary: string, example: object): Operation {
  const responses = { 200: json(summary, RESULT, example), ...protocolErrors(OPEN) }
  return { ...shared(path, summary), method: 'get', id: idOf('get', path), responses }
}

function ask(path: string, summary: string, body: object, example: object): Operation {
  const responses = { 200: json(summary, RESULT, example), ...protocolErrors(ASKED) }
  return { ...shared(path, summary), method: 'post', id: idOf('post', path), body: jsonBody(ANY_OBJECT, body), responses }
}

function shared(path: string, summary: string): Pick<Operation, 'path' | 'route' | 'tag' | 'summary' | 'parameters'> {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => parameter('path', name, TEXT, true))
  return { path, route: '/v1/*', tag: 'TensorFlow Serving', summary, ...(parameters.length === 0 ? {} : { parameters }) }
}

function idOf(method: string, path: string): string {
  return `v1_${method}${path.slice('/v1'.length).replaceAll(/\W+/g, '_')}`
}
