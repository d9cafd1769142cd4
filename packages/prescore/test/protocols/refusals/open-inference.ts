/** Requests of the Open Inference Protocol that are refused. */
import { gzipSync } from 'node:zlib'
import { LIMITS } from '../../../src/server/index.ts'
import { binaryRequest, tensor, type WireTensor } from '../asked.ts'
import type { Refusal } from './refusal.ts'

const [ORIGIN, DESTINATION, HOUR] = [
  tensor('origin', 'BYTES', ['JFK']),
  tensor('destination', 'BYTES', ['LAX']),
  tensor('hour', 'INT64', [18]),
]
const JFK_LAX = [ORIGIN, DESTINATION, HOUR]
const ANN = [tensor('customer', 'BYTES', ['ann'])]
const QUOTE = [
  tensor('hour', 'INT64', [18]),
  tensor('distance', 'FP64', [100]),
  tensor('mean', 'FP64', [3.5]),
  tensor('rush', 'BOOL', [true]),
]
const LATE = '/v2/models/late/infer'

const get = (title: string, path: string): Refusal => ({ title, path })
const late = (title: string, body: unknown, headers = {}): Refusal => ({ title, path: LATE, body, headers })
const inputs = (title: string, ...tensors: readonly unknown[]): Refusal => late(title, { inputs: tensors })
const hour = (title: string, tensor: object): Refusal => inputs(title, ORIGIN, DESTINATION, { ...HOUR, ...tensor })
const outputs = (title: string, value: unknown): Refusal => late(title, { inputs: JFK_LAX, outputs: value })
const parameters = (title: string, value: unknown): Refusal => late(title, { inputs: JFK_LAX, parameters: value })
const infer = (title: string, name: string, tensors: readonly WireTensor[]): Refusal => ({
  title,
  path: `/v2/models/${name}/infer`,
  body: { inputs: tensors },
})
const told = (key: string): Refusal => infer(`the live step fails: ${key}`, 'told', [tensor('customer', 'BYTES', [key])])
const column = (name: string, datatype: string, value: unknown, rows: number) => tensor(name, datatype, Array(rows).fill(value))
const MANY = LIMITS.rowsPerInfer + 1

const PATHS: readonly Refusal[] = [
  get('a path that is none', '/v2/nope'),
  get('a path below a model that is none', '/v2/models/late/nope'),
  { title: 'a method that is not allowed', path: '/v2/models/late', method: 'DELETE' },
  get('a model asked by GET', LATE),
  { title: 'the index asked by GET', path: '/v2/repository/index', method: 'PUT' },
  get('broken percent-encoding', '/v2/models/%zz'),
  get('a name that is too long', `/v2/models/${'n'.repeat(LIMITS.pathKeyChars + 1)}`),
  get('a model that is not there', '/v2/models/nope'),
  get('a model that is nearly there', '/v2/models/lat'),
  get('a member of objects', '/v2/models/__proto__'),
  get('a name that leads out', '/v2/models/..%2f..%2fetc%2fpasswd'),
  get('a name that is very long', `/v2/models/${'n'.repeat(300)}`),
  get('a model of a model', '/v2/models/late.model.model'),
  get('another version', '/v2/models/late/versions/9/ready'),
  get('a version where nothing is served', '/v2/models/empty/versions/1'),
  get('a version with too few digits', '/v2/models/late/versions/9f2'),
]

const READINESS: readonly Refusal[] = [
  get('the server, while a prediction has nothing to answer with', '/v2/health/ready'),
  get('a prediction that has nothing to answer with', '/v2/models/empty/ready'),
  get('a model that cannot be opened', '/v2/models/empty.model/ready'),
  get('metadata of a model that cannot be opened', '/v2/models/empty.model'),
  infer('a prediction of which nothing is published', 'empty', ANN),
  infer('a model that cannot be opened is asked', 'empty.model', ANN),
]

const BODIES: readonly Refusal[] = [
  late('an empty body', ''),
  late('JSON that is not whole', '{"inputs":'),
  late('what is no JSON', '{"inputs":[nan]}'),
  late('NaN and something after it', '{"inputs":[NaN]]'),
  late('a number that is none', '{"inputs":[9007199254740993,-]}'),
  late('bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])),
  late('a list', '[]'),
  late('null', 'null'),
  late('levels without end', `{"inputs":${'['.repeat(5_000)}NaN${']'.repeat(5_000)}}`),
  late('an id that is no text', { inputs: JFK_LAX, id: 5 }),
  late('an encoding that is not known', { inputs: JFK_LAX }, { 'content-encoding': 'br' }),
  late('bytes that are not gzip', { inputs: JFK_LAX }, { 'content-encoding': 'gzip' }),
  late('bytes that are not deflate', { inputs: JFK_LAX }, { 'content-encoding': 'deflate' }),
  {
    ...late('a body that is too large once it is unpacked', gzipSync(Buffer.alloc(LIMITS.inferBytes + 1)), { 'content-encoding': 'gzip' }),
    shown: '‹32 MiB and a byte of zeros, packed›',
  },
  late('a body that says it is too large', '{}', { 'content-length': '99999999999' }),
  late('a body that is longer than it says', '{"inputs":[]}', { 'content-length': '5' }),
  { title: 'an index asked with what is no JSON', path: '/v2/repository/index', body: '{"ready":' },
]

const INPUTS: readonly Refusal[] = [
  late('no inputs', {}),
  late('inputs that are no list', { inputs: { origin: 'JFK' } }),
  inputs('an input that is no object', 'JFK'),
  inputs('an input without a name', { shape: [1], datatype: 'BYTES', data: ['JFK'] }),
  inputs('a name that is not known', ORIGIN, DESTINATION, { ...HOUR, name: 'hours' }),
  inputs('a member of objects as a name', { ...ORIGIN, name: '__proto__' }),
  inputs('an input twice', ...JFK_LAX, ORIGIN),
  inputs('a key column that is missing', ORIGIN, HOUR),
  late('an empty list of inputs', { inputs: [] }),
  infer('no input of a prediction that needs none', 'quote', []),
  hour('no shape', { shape: undefined }),
  hour('a shape that is no list', { shape: 1 }),
  hour('a length below zero', { shape: [-1] }),
  hour('a length that is not whole', { shape: [1.5] }),
  hour('too many axes', { shape: [1, 1, 1, 1, 1, 1, 1, 1, 1] }),
  hour('a shape beyond all bounds', { shape: [1e9, 1e9] }),
  hour('a shape that does not fit', { shape: [1, 1, 1], data: [[[18]]] }),
  hour('no datatype', { datatype: undefined }),
  hour('a datatype that is not served', { datatype: 'FP16' }),
  hour('a datatype that does not fit', { datatype: 'FP64' }),
  hour('a datatype that could lose digits', { datatype: 'UINT64', data: [18446744073709551615n.toString()].map(Number) }),
  late(
    'an unsigned number beyond int64',
    '{"inputs":[{"name":"origin","datatype":"BYTES","shape":[1],"data":["JFK"]},{"name":"destination","datatype":"BYTES","shape":[1],"data":["LAX"]},{"name":"hour","datatype":"UINT64","shape":[1],"data":[18446744073709551615]}]}',
  ),
  hour('no data', { data: undefined }),
  hour('data that is no list', { data: 18 }),
  hour('less data than the shape says', { shape: [2], data: [18] }),
  hour('more data than the shape says', { data: [18, 19] }),
  hour('nested data of another length', { shape: [1, 1], data: [[18, 19]] }),
  hour('nested data with a bare value', { shape: [2, 1], data: [[18], 19] }),
  hour('nested data below nested data', { data: [[18, 19]] }),
  hour('a text for a number', { data: ['18'] }),
  hour('a fraction for a whole number', { data: [18.5] }),
  hour('null for a whole number', { data: [null] }),
  hour('a whole number out of range', { datatype: 'UINT8', data: [300] }),
  hour('a number for a truth', { datatype: 'BOOL', data: [1] }),
  inputs('a number for a text', { ...ORIGIN, data: [5] }, DESTINATION, HOUR),
  late('a lone surrogate', '{"inputs":[{"name":"origin","datatype":"BYTES","shape":[1],"data":["\\ud800"]}]}'),
  infer('a text for a fraction', 'quote', [...QUOTE.slice(0, 1), tensor('distance', 'FP64', ['100'])]),
  hour('an object for a number', { data: [{}] }),
  hour('rows that differ', { shape: [2], data: [18, 19] }),
  {
    ...inputs(
      'more rows than are taken',
      column('origin', 'BYTES', 'JFK', MANY),
      column('destination', 'BYTES', 'LAX', MANY),
      column('hour', 'INT64', 18, MANY),
    ),
    shown: `‹${MANY} rows›`,
  },
  hour('parameters that are no object', { parameters: [] }),
  hour('a parameter that is an object', { parameters: { binary_data_size: {} } }),
]

const OUTPUTS: readonly Refusal[] = [
  outputs('outputs that are no list', 'value'),
  outputs('an output that is no object', ['value']),
  outputs('an output that is not known', [{ name: 'values' }]),
  outputs('an output twice', [{ name: 'value' }, { name: 'value' }]),
  outputs('a parameter of an output that is not known', [{ name: 'value', parameters: { classification: 2 } }]),
  outputs('binary_data that is no truth', [{ name: 'value', parameters: { binary_data: 'yes' } }]),
]

const PARAMETERS: readonly Refusal[] = [
  parameters('parameters that are no object', []),
  parameters('a parameter that is a list', { prefer: ['live'] }),
  parameters('a parameter that is not known', { max_age_second: 1 }),
  parameters('a parameter of other servers', { sequence_id: 7 }),
  parameters('binary_data_output that is no truth', { binary_data_output: 1 }),
  parameters('a preference that is none', { prefer: 'cache' }),
  parameters('an age below zero', { max_age_seconds: -1 }),
  parameters('a deadline of nothing', { deadline_ms: 0 }),
  parameters('a timeout that is a text', { timeout: '5s' }),
  parameters('an as-of without a zone', { as_of: '2001-06-15T03:00:00' }),
  parameters('an as-of that is a number', { as_of: 992574000 }),
  parameters('an as-of to come', { as_of: '2031-06-15T03:00:00Z' }),
  {
    title: 'an option for a model',
    path: '/v2/models/score.model/infer',
    body: { inputs: [tensor('origin', 'BYTES', ['a'], [1, 1])], parameters: { prefer: 'live' } },
  },
]

const ANSWERS: readonly Refusal[] = [
  infer('no answer for the key', 'score', [tensor('customer', 'BYTES', ['nobody'])]),
  infer('a key that is too long', 'score', [tensor('customer', 'BYTES', ['x'.repeat(2_000)])]),
  infer('a request input that is missing', 'quote', QUOTE.slice(0, 1)),
  infer('a time without a zone', 'quote', [...QUOTE, tensor('at', 'BYTES', ['noon'])]),
  infer('rows of different widths', 'mixed', [tensor('customer', 'BYTES', ['ann', 'nobody'])]),
  infer('a model that refuses the tensors', 'vector.model', [tensor('features', 'FP32', [13], [1, 1])]),
  infer('a store that cannot be read', 'broken', ANN),
  ...['overloaded', 'not_ready', 'deadline_exceeded', 'model_unavailable', 'value_not_finite', 'model_failed', 'a defect'].map(told),
]

const { body: WHOLE, headers: WHOLE_HEADERS } = binaryRequest(JFK_LAX)
const LENGTH = 'inference-header-content-length'
const split = (title: string, length: string): Refusal => late(title, WHOLE, { [LENGTH]: length })

/** Sizes, and bytes, as they come. */
function raw(title: string, sizes: readonly unknown[], tail: Buffer, tensors: readonly object[] = JFK_LAX): Refusal {
  const given = tensors.map((each, i) => ({ ...each, data: undefined, parameters: { binary_data_size: sizes[i] } }))
  const json = Buffer.from(JSON.stringify({ inputs: given }))
  return late(title, Buffer.concat([json, tail]), { [LENGTH]: String(json.length) })
}

const JFK = Buffer.from('\x03\0\0\0JFK')
const LAX = Buffer.from('\x03\0\0\0LAX')
const EIGHTEEN = Buffer.from('\x12\0\0\0\0\0\0\0')

const BINARY: readonly Refusal[] = [
  split('a length that is no number', 'ten'),
  split('a length below zero', '-1'),
  split('a length beyond the body', String(WHOLE.length + 1)),
  split('a length of too many digits', '00000000001'),
  late('JSON that is cut by its length', WHOLE, { [LENGTH]: String(Number(WHOLE_HEADERS[LENGTH]) - 1) }),
  late('raw tensors without a length', WHOLE),
  raw('a size that is a text', ['7', 7, 8], Buffer.concat([JFK, LAX, EIGHTEEN])),
  raw('a size below zero', [-7, 7, 8], Buffer.concat([JFK, LAX, EIGHTEEN])),
  raw('a size beyond what is left', [7, 7, 8], Buffer.concat([JFK, LAX, EIGHTEEN.subarray(1)])),
  raw('bytes that no input takes', [7, 7, 8], Buffer.concat([JFK, LAX, EIGHTEEN, JFK])),
  late('data beside raw bytes', {
    inputs: [{ ...ORIGIN, parameters: { binary_data_size: 0 } }, DESTINATION, HOUR],
  }),
  raw('numbers of another width', [7, 7, 4], Buffer.concat([JFK, LAX, EIGHTEEN.subarray(4)])),
  raw('a text whose length is cut', [7, 3, 8], Buffer.concat([JFK, LAX.subarray(0, 3), EIGHTEEN])),
  raw('a text that is shorter than its length', [7, 6, 8], Buffer.concat([JFK, LAX.subarray(0, 6), EIGHTEEN])),
  raw('a text that is not UTF-8', [7, 7, 8], Buffer.concat([JFK, Buffer.from('030000004cff58', 'hex'), EIGHTEEN])),
  raw('more texts than the shape says', [14, 7, 8], Buffer.concat([JFK, JFK, LAX, EIGHTEEN])),
  raw('no text where the shape says one', [0, 7, 8], Buffer.concat([LAX, EIGHTEEN])),
  raw('a truth that is neither', [1, 7, 8], Buffer.concat([Buffer.from([2]), LAX, EIGHTEEN]), [
    { ...ORIGIN, datatype: 'BOOL' },
    DESTINATION,
    HOUR,
  ]),
  { title: 'raw bytes for several inputs', path: LATE, body: JFK, headers: { [LENGTH]: '0' } },
  { title: 'raw bytes for two open lengths', path: '/v2/models/vector.model/infer', body: EIGHTEEN, headers: { [LENGTH]: '0' } },
  { title: 'raw bytes for two texts', path: '/v2/models/balance.model/infer', body: JFK, headers: { [LENGTH]: '0' } },
  { title: 'a raw text that is not UTF-8', path: '/v2/models/score/infer', body: Buffer.from('61ff', 'hex'), headers: { [LENGTH]: '0' } },
  { title: 'raw numbers that are not whole rows', path: '/v2/models/quote.model/infer', body: EIGHTEEN, headers: { [LENGTH]: '0' } },
]

export const OPEN_INFERENCE: Readonly<Record<string, readonly Refusal[]>> = {
  'V2: paths': PATHS,
  'V2: not ready': READINESS,
  'V2: bodies': BODIES,
  'V2: inputs': INPUTS,
  'V2: outputs': OUTPUTS,
  'V2: parameters': PARAMETERS,
  'V2: answers': ANSWERS,
  'V2: raw tensors': BINARY,
}
