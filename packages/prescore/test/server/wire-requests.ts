/** Requests as bytes, a character a byte: plain ones, odd ones, and what is none. */

const id = 'x-request-id: same\r\n'
const API = '/api/predictions'
export const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nhost: x\r\n${id}${headers}\r\n`
export const post = (path: string, body: string, headers = `content-length: ${Buffer.byteLength(body, 'latin1')}\r\n`) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${id}content-type: application/json\r\n${headers}\r\n${body}`
export const ANSWERS = `${API}/score/answers`
export const ANN = '{"key":"ann"}'
const TENSORS = '{"inputs":[{"name":"customer","datatype":"BYTES","shape":[1],"data":["ann"]}]}'

/** Each is one request, whose answer leaves the connection as it was. */
export const REQUESTS: readonly string[] = [
  ...['ann', '1', 'nobody', 'Zo%C3%AB', '%zz', 'ann?explain=true'].map(key => get(`${ANSWERS}/${key}`)),
  get(`${API}/fixed/answers/ann`),
  ...[
    ANN,
    '{"key":"nobody"}',
    '{"requests":[{"key":"ann"},{"key":"1"}]}',
    '{"key":"Zo\xc3\xab \xf0\x9f\x9a\x80"}',
    `{"key":"${'x'.repeat(9_000)}"}`,
  ].map(body => post(ANSWERS, body)),
  post('/v2/models/score/infer', TENSORS),
  post('/v2/models/score/infer', '{'),
  post('/v1/models/score:predict', '{"instances":["ann"]}'),
  get('/v2/models/score'),
  get('/livez'),
  get('/nowhere'),
  get('/livez').replace('GET', 'HEAD'),
  get(`${ANSWERS}/ann`).replace('GET', 'HEAD'),
  get(`${ANSWERS}/ann`).replace('GET', 'PUT'),
  `DELETE /livez HTTP/1.1\r\nhost: x\r\n${id}content-length: 3\r\n\r\nabc`,
  `${get(`${ANSWERS}/ann`, 'content-length: 3\r\n')}abc`,
  get(`${ANSWERS}/ann`, 'content-length: 0\r\n'),
  get(`${ANSWERS}/ann`, 'Connection: Keep-Alive\r\nAccept: */*\r\n'),
  get(`${ANSWERS}/ann`, `cookie: ${'x'.repeat(8_000)}\r\n`),
  post(ANSWERS, ANN, 'content-length: 13 \r\n'),
]
/** Each as well, and from there on all belongs to node:http. */
export const ODD: readonly string[] = [
  get(`http://x${ANSWERS}/ann`),
  get(ANSWERS).replace('GET', 'OPTIONS'),
  get(`${ANSWERS}/ann`, 'te: trailers\r\n'),
  get(`${ANSWERS}/ann`, 'x: b\xe4r\r\n'),
  get(`${ANSWERS}/ann`, 'x: y\r\n'.repeat(150)),
  post(ANSWERS, 'd\r\n{"key":"ann"}\r\n0\r\n\r\n', 'transfer-encoding: chunked\r\n'),
  post(ANSWERS, ANN, 'content-length: 013\r\n'),
  `\r\n${get('/livez')}`,
  get(`${ANSWERS}/ann`, 'Connection: Keep-Alive\r\nAccept: */*\r\nX-Empty:\r\n'),
  post(ANSWERS, ANN, 'content-length: 13\r\nexpect: 100-continue\r\n'),
]
/** Each ends the connection, but for an upgrade: after one, node:http passes over what it has read already. */
export const LAST: readonly string[] = [
  get(`${ANSWERS}/ann`, 'upgrade: websocket\r\nconnection: upgrade\r\n'),
  get(`${ANSWERS}/ann`, 'connection: close\r\n'),
  get(`${ANSWERS}/ann`).replace('HTTP/1.1', 'HTTP/1.0'),
  get(`${ANSWERS}/ann`).replace('host: x\r\n', ''),
  get(`${ANSWERS}/ann`, 'Host: y\r\n'),
  get(`${ANSWERS}/ann`).replace('GET', 'CONNECT'),
  get(`${ANSWERS}/ann`).replaceAll('\r\n', '\n'),
  get(`${ANSWERS}/ann`, 'a: b\nc: d\r\n'),
  get(`${ANSWERS}/ann`, 'a: b\rc: d\r\n'),
  get(`${ANSWERS}/ann`, 'a: b\r\n c\r\n'),
  get(`${ANSWERS}/ann`, 'a : b\r\n'),
  get(`${ANSWERS}/ann`, 'a: \0\r\n'),
  get(`${ANSWERS}/ann`, 'abc\r\n'),
  get(`${ANSWERS}/\xe4`),
  get(`${ANSWERS}/a b`),
  get(`${ANSWERS}/ann`, `cookie: ${'x'.repeat(17_000)}\r\n`),
  post(ANSWERS, '{'),
  post(ANSWERS, ''),
  ...['+13', '0xd', '13,13', '13 13', '-1', '', '13\r\ncontent-length: 13', '13\r\ntransfer-encoding: chunked', '99999999999999999999'].map(
    length => post(ANSWERS, ANN, `content-length: ${length}\r\n`),
  ),
  post(ANSWERS, ANN, 'transfer-encoding : chunked\r\n'),
  'garbage\r\n\r\n',
  `BREW ${get('/livez')}`,
]
