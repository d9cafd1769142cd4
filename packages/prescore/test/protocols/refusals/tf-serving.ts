/** Requests of TensorFlow Serving's API, which is KServe's V1, that are refused. */
import { LIMITS } from '../../../src/server/index.ts'
import type { Refusal } from './refusal.ts'

const LATE = '/v1/models/late:predict'
const JFK = { origin: 'JFK', destination: 'LAX', hour: 18 }
const QUOTE = { hour: 18, distance: '100.0', mean: '3.5', rush: true }
/** Floats have a point. */
const QUOTE_JSON = JSON.stringify(QUOTE).replaceAll('"100.0"', '100.0').replaceAll('"3.5"', '3.5')

const get = (title: string, path: string): Refusal => ({ title, path })
const post = (title: string, path: string, body: unknown = '{}'): Refusal => ({ title, path, body })
const late = (title: string, body: unknown, headers = {}): Refusal => ({ title, path: LATE, body, headers })
const rows = (title: string, ...instances: readonly unknown[]): Refusal => late(title, { instances })
const row = (title: string, member: string): Refusal => late(title, `{"instances":[{"origin":"JFK","destination":"LAX",${member}}]}`)
const model = (title: string, instances: string): Refusal => post(title, '/v1/models/quote.model:predict', `{"instances":${instances}}`)
const regress = (title: string, body: unknown, name = 'quote'): Refusal => post(title, `/v1/models/${name}:regress`, body)
const told = (key: string): Refusal =>
  post(`the live step fails: ${key}`, '/v1/models/told:predict', { signature_name: 'value', instances: [key] })

const PATHS: readonly Refusal[] = [
  get('no path', '/v1/'),
  get('a path that is none', '/v1/nope'),
  get('a path below a model that is none', '/v1/models/a/b'),
  get('a version that is no number', '/v1/models/late/versions/x'),
  get('predict by GET', LATE),
  { title: 'the status by PUT', path: '/v1/models/late', method: 'PUT' },
  { title: 'the status by DELETE', path: '/v1/models/late', method: 'DELETE' },
  post('a method that is none', '/v1/models/late:explain'),
  post('a prediction without a method', '/v1/models/late'),
  get('broken percent-encoding', '/v1/models/%zz'),
  get('percent-encoding that is not UTF-8', '/v1/models/%ff'),
  get('a label with broken percent-encoding', '/v1/models/late/labels/%e0%a4'),
  get('a path that is very long', `/v1/models/${'n'.repeat(LIMITS.pathKeyChars + 1)}`),
  get('a model that is not there', '/v1/models/nope'),
  get('a member of objects', '/v1/models/__proto__'),
  get('a name that leads out', '/v1/models/..%2Fx'),
  get('metadata of a model that is not there', '/v1/models/nope/metadata'),
  get('a version that is not served', '/v1/models/late/versions/7'),
  get('a label that is not there', '/v1/models/late/labels/stable'),
  get('a label of a model that is not there', '/v1/models/nope/labels/current'),
  post('predict of a model that is not there', '/v1/models/nope:predict'),
  post('predict of a version that is not served', '/v1/models/late/versions/9:predict'),
  post('predict of a label that is not there', '/v1/models/late/labels/stable:predict'),
]

/** KServe asks for readiness where TensorFlow Serving has the status: it is told with 200. */
const READINESS: readonly Refusal[] = [
  get('a prediction that has nothing to answer with', '/v1/models/empty'),
  get('a model that cannot be opened', '/v1/models/empty.model'),
  get('metadata of a model that cannot be opened', '/v1/models/empty.model/metadata'),
  post('a prediction of which nothing is published', '/v1/models/empty:predict', { instances: ['ann'] }),
  post('a model that cannot be opened is asked', '/v1/models/empty.model:predict', { instances: ['ann'] }),
]

const BODIES: readonly Refusal[] = [
  late('an empty body', ''),
  late('JSON that is not whole', '{"instances":'),
  late('what is no JSON', '{"instances":[nan]}'),
  late('bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])),
  late('a list', '[]'),
  late('levels without end', `{"instances":${'['.repeat(5_000)}${']'.repeat(5_000)}}`),
  late('an encoding that is not known', { instances: [JFK] }, { 'content-encoding': 'br' }),
  late('bytes that are not gzip', { instances: [JFK] }, { 'content-encoding': 'gzip' }),
  late('a body that says it is too large', '{}', { 'content-length': '99999999999' }),
  late('a signature that is no text', { signature_name: 5, instances: [JFK] }),
  late('a signature that is not there', { signature_name: 'x', instances: [JFK] }),
  post('JSON that is not whole, for a model that is not there', '/v1/models/nope:predict', '{"instances":'),
]

const INSTANCES: readonly Refusal[] = [
  late('neither rows nor columns', '{}'),
  late('rows and columns', { instances: [JFK], inputs: {} }),
  late('rows that are no list', { instances: JFK }),
  rows('no rows'),
  rows('bare values for several inputs', 'JFK'),
  rows('a bare value among objects', JFK, 5),
  post('an object among bare values', '/v1/models/score:predict', { instances: ['ann', { customer: 'ann' }] }),
  rows('a member that is not known', { ...JFK, x: 1 }),
  row('a member of objects', '"hour":18,"__proto__":{}'),
  rows('a member that is missing', JFK, { origin: 'JFK', destination: 'LAX' }),
  rows('a member that is missing in all rows', { origin: 'JFK', destination: 'LAX' }),
  post(
    'a member that the rows before do not have',
    '/v1/models/quote:predict',
    `{"instances":[{"hour":18,"distance":100.0,"rush":true},${QUOTE_JSON}]}`,
  ),
  late('a bare list of columns for several inputs', { inputs: ['JFK'] }),
  late('a column that is missing', { inputs: { origin: ['JFK'], destination: ['LAX'] } }),
  late('columns of different lengths', { inputs: { origin: ['JFK'], destination: ['LAX'], hour: [18, 19] } }),
  post('no columns at all', '/v1/models/quote:predict', { inputs: {} }),
]

const VALUES: readonly Refusal[] = [
  row('a fraction for a whole number', '"hour":18.0'),
  row('a text for a whole number', '"hour":"18"'),
  row('a number beyond int64', '"hour":9223372036854775808'),
  row('NaN for a whole number', '"hour":NaN'),
  row('null', '"hour":null'),
  row('an object', '"hour":{"a":1}'),
  rows('a number for a text', { ...JFK, origin: 5 }),
  late('a lone surrogate', '{"instances":[{"origin":"\\ud800","destination":"LAX","hour":18}]}'),
  rows('base64 that is none', { ...JFK, origin: { b64: '%%' } }),
  rows('base64 of bytes that are not UTF-8', { ...JFK, origin: { b64: '/w==' } }),
  model('rows of different lengths', '[[1,2,3,4,5],[1,2]]'),
  model('a bare value among lists', '[[1,2,3,4,5],7]'),
  model('a list among bare values', '[1,[2]]'),
  model('rows that are too short', '[[1,2,3,4]]'),
  model('a truth for a number', '[[1,2,3,4,true]]'),
  post('a text for a truth', '/v1/models/quote:predict', `{"instances":[${QUOTE_JSON.replace('true', '"yes"')}]}`),
]

const ANSWERS: readonly Refusal[] = [
  post('an option that is not known', '/v1/models/late:predict', { instances: [JFK], parameters: { prefers: 'live' } }),
  post('options that are no object', '/v1/models/late:predict', { instances: [JFK], parameters: [] }),
  post('an option that is an object', '/v1/models/late:predict', { instances: [JFK], parameters: { prefer: {} } }),
  post(
    'an option that is of another kind',
    '/v1/models/late:predict',
    '{"instances":[{"origin":"JFK","destination":"LAX","hour":18}],"parameters":{"max_age_seconds":-1.5}}',
  ),
  post('an option for a model', '/v1/models/score.model:predict', { instances: [['a']], parameters: { prefer: 'live' } }),
  post('no answer for the key', '/v1/models/score:predict', { instances: ['nobody'] }),
  post('no answer for one of the keys, where nothing tells so', '/v1/models/score:predict', {
    signature_name: 'value',
    instances: ['ann', 'nobody'],
  }),
  post('a request input that is missing', '/v1/models/quote:predict', { instances: [{ hour: 18 }] }),
  post('rows of different widths', '/v1/models/mixed:predict', { instances: ['ann', 'nobody'] }),
  post('a model that refuses the tensors', '/v1/models/vector.model:predict', '{"instances":[[13]]}'),
  post('a model whose output has no rows', '/v1/models/late.model:predict', '{"instances":[{"a":1,"b":2}]}'),
  post('a model whose outputs differ in rows', '/v1/models/vector.model:predict', '{"instances":[[1]]}'),
  post('a store that cannot be read', '/v1/models/broken:predict', { instances: ['ann'] }),
  ...['overloaded', 'deadline_exceeded', 'value_not_finite', 'a defect'].map(told),
]

const EXAMPLES: readonly Refusal[] = [
  regress('no examples', {}),
  regress('examples that are no list', { examples: {} }),
  regress('an empty list', { examples: [] }),
  regress('an example that is no object', { examples: [5] }),
  regress('a context that is no object', { examples: [{}], context: [] }),
  regress('a feature that is null', { examples: [{ hour: null }] }),
  regress('a feature of nested lists', { examples: [{ hour: [[1]] }] }),
  regress('a feature of mixed kinds', { examples: [{ hour: [1, 2.5] }] }),
  regress('a feature that is not known', { examples: [{ x: 1 }] }),
  regress('a feature that some examples lack', { examples: [{ customer: 'ann' }, {}] }, 'score'),
  regress('an input that is missing', { examples: [{ hour: 1 }] }),
  regress('no answer for the key', { examples: [{ customer: 'nobody' }] }, 'score'),
  regress('no answer for one of the keys', { examples: [{ customer: 'ann' }, { customer: 'nobody' }] }, 'score'),
  regress('one number of a list', { examples: [{ customer: 'ann' }] }, 'vector'),
  regress('a model that has no single number', { examples: [{ names: ['a', 'b'] }] }, 'balance.model'),
  post('a required feature of a model', '/v1/models/quote.model:classify', { examples: [{}] }),
  post('classes of a number', '/v1/models/score:classify', { examples: [{ customer: 'ann' }] }),
  post('classes of a model that has none', '/v1/models/vector.model:classify', '{"examples":[{"features":[1.5,2.5]}]}'),
]

export const TF_SERVING: Readonly<Record<string, readonly Refusal[]>> = {
  'V1: paths': PATHS,
  'V1: not ready': READINESS,
  'V1: bodies': BODIES,
  'V1: rows and columns': INSTANCES,
  'V1: values': VALUES,
  'V1: answers': ANSWERS,
  'V1: classify and regress': EXAMPLES,
}
