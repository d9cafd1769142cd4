/** What model servers do wrong, and what they write: recorded exchanges, and a server that follows a script. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { type ModelRunner, serveModel } from '../../src/models/index.ts'
import { RUNTIMES } from '../../src/models/runtimes/index.ts'
import { env, openInference, tfServing } from '../../src/project/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'prescore-remote-'))
type Reply = { readonly status?: number; readonly body?: unknown; readonly delayMs?: number; readonly hangUp?: boolean }
const asked: { readonly url: string; readonly text: string }[] = []
let script: (url: string, text: string) => Reply = () => ({ status: 404 })
const server = createServer((request, response) => void follow(request, response))
await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
after(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

async function follow(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString('latin1')
  asked.push({ url: request.url as string, text })
  const { status = 200, body = '', delayMs = 0, hangUp = false } = script(request.url as string, text)
  if (delayMs > 0) await new Promise(resolve => setTimeout(resolve, delayMs))
  if (hangUp) request.socket.destroy()
  else response.writeHead(status, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
}

const rejects = (code: string, found?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PrescoreError && error.code === code, String(error))
  if (found !== undefined) assert.match(error.message, found)
  return true
}

/** TensorFlow Serving's own words, with its spaces. */
const STATUS = `{
 "model_version_status": [
  { "version": "3", "state": "AVAILABLE", "status": { "error_code": "OK", "error_message": "" } },
  { "version": "12", "state": "AVAILABLE", "status": { "error_code": "OK", "error_message": "" } },
  { "version": "20", "state": "END", "status": { "error_code": "INTERNAL", "error_message": "broken" } }
 ]
}`
const dim = (...sizes: number[]) => ({ dim: sizes.map(size => ({ size: String(size), name: '' })), unknown_rank: false })
const METADATA = {
  model_spec: { name: 'late', signature_name: '', version: '12' },
  metadata: {
    signature_def: {
      signature_def: {
        serving_default: {
          inputs: { x: { dtype: 'DT_FLOAT', tensor_shape: dim(-1, 2), name: 'serving_default_x:0' } },
          outputs: { p: { dtype: 'DT_FLOAT', tensor_shape: dim(-1, 1), name: 'StatefulPartitionedCall:0' } },
          method_name: 'tensorflow/serving/predict',
          defaults: {},
        },
      },
    },
  },
}
/** The sum of a row, as TensorFlow Serving writes floats. */
function sums(text: string): string {
  const rows = (JSON.parse(text.replaceAll('NaN', 'null')) as { inputs: { x: (number | null)[][] } }).inputs.x
  const texts = rows
    .map(row => (row.includes(null) ? 'NaN' : (row[0] as number) + (row[1] as number)))
    .map(sum => (Number.isInteger(sum) ? `${sum}.0` : String(sum)))
  return `{\n    "outputs": [\n        [${texts.join('],\n        [')}]\n    ]\n}`
}
const serving = (path: string, text: string): Reply =>
  path.endsWith(':predict') ? { body: sums(text) } : path.endsWith('/metadata') ? { body: METADATA } : { body: STATUS }

const FEATURES = ['a', 'b']
const definition = tfServing({ url, model: 'late', timeoutMs: 1_500 })

async function frozen(made = definition): Promise<string> {
  const file = join(folder, 'model.json')
  writeFileSync(file, (await RUNTIMES[made.runtime].withoutFile?.freeze(made, FEATURES)) as Buffer)
  return file
}

async function opened(): Promise<ModelRunner> {
  script = serving
  return RUNTIMES.tfServing.open(await frozen(), definition, FEATURES)
}

describe('TensorFlow Serving', () => {
  test('the newest version that is served is frozen and asked; floats and NaN as it writes them', async () => {
    const runner = await opened()
    asked.length = 0
    const values = await runner.run(Float32Array.of(1, 2, 0.1, 0.2, Number.NaN, 1, -0, -0), 4)
    assert.deepEqual([...values], [3, Math.fround(0.1 + 0.2), Number.NaN, 0])
    assert.deepEqual(asked, [
      {
        url: '/v1/models/late/versions/12:predict',
        text: '{"signature_name":"serving_default","inputs":{"x":[[1,2],[0.1,0.2],[NaN,1],[-0.0,-0.0]]}}',
      },
    ])
    await runner.close()
  })

  test('a label is what it means when the release is made', async () => {
    script = serving
    asked.length = 0
    await frozen(tfServing({ url: env('PRESCORE_TEST_URL'), model: 'late', label: 'canary' })).then(
      assert.fail,
      rejects('model_unavailable', /no PRESCORE_TEST_URL in the environment/),
    )
    process.env.PRESCORE_TEST_URL = `${url}/behind/a/proxy`
    await frozen(tfServing({ url: env('PRESCORE_TEST_URL'), model: 'late', label: 'canary' }))
    assert.equal(asked[0]?.url, '/behind/a/proxy/v1/models/late/labels/canary')
    assert.ok(asked.slice(1).every(each => each.url.startsWith('/behind/a/proxy/v1/models/late/versions/12')))
  })

  test('no such model, signature or version, and answers that are none', async () => {
    const cases: readonly (readonly [Reply | typeof serving, string, RegExp])[] = [
      [
        { status: 404, body: { error: 'Servable not found for request: Latest(late)' } },
        'model_unreadable',
        /HTTP 404: Servable not found/,
      ],
      [{ body: '<html>' }, 'model_unreadable', /not JSON/],
      [{ body: '{"model_version_status":[]}' }, 'model_unavailable', /no version that is AVAILABLE/],
      [(path, text) => (path.endsWith('/metadata') ? { body: {} } : serving(path, text)), 'model_unreadable', /`serving_default`/],
      [(path, text) => (path.endsWith(':predict') ? { body: '{"outputs":[]}' } : serving(path, text)), 'model_output', /0 values for/],
      [
        (path, text) => (path.endsWith(':predict') ? { status: 400, body: { error: 'bad rows' } } : serving(path, text)),
        'model_failed',
        /HTTP 400: bad rows/,
      ],
    ]
    for (const [reply, code, found] of cases) {
      script = typeof reply === 'function' ? reply : () => reply
      await assert.rejects(frozen(), rejects(code, found))
    }
  })
})

describe('a server that falters', () => {
  test('what it turned away, or never got, is sent again; what it may be working on is not', async () => {
    const runner = await opened()
    const failing = (times: number, reply: Reply) => {
      let left = times
      asked.length = 0
      script = (path, text) => (left-- > 0 ? reply : serving(path, text))
    }
    const row = Float32Array.of(1, 2)
    for (const reply of [{ status: 503 }, { status: 429 }, { hangUp: true }]) {
      failing(2, reply)
      assert.deepEqual([...(await runner.run(row, 1))], [3])
      assert.equal(asked.length, 3)
    }
    failing(9, { status: 503, body: { error: 'loading' } })
    await assert.rejects(runner.run(row, 1), rejects('model_unavailable', /HTTP 503: loading/))
    assert.equal(asked.length, 3)
    failing(9, { status: 500, body: { error: 'boom' } })
    await assert.rejects(runner.run(row, 1), rejects('model_failed', /HTTP 500: boom/))
    assert.equal(asked.length, 1)
    failing(9, { delayMs: 4_000 })
    await assert.rejects(runner.run(row, 1), rejects('deadline_exceeded', /no answer within 1500 ms/))
    assert.equal(asked.length, 1)
    await runner.close()
  })

  test('a deadline is kept while the server thinks, and a dead server fails many rows at once', async () => {
    script = serving
    const model = await serveModel(await frozen(), definition, FEATURES)
    assert.deepEqual([...(await model.score(Float32Array.of(1, 2)))], [3])
    script = (path, text) => ({ ...serving(path, text), delayMs: 200 })
    await assert.rejects(
      async () => model.score(Float32Array.of(1, 2), { deadlineAtMs: performance.now() + 30 }),
      rejects('deadline_exceeded'),
    )
    asked.length = 0
    script = () => ({ hangUp: true })
    const rows = await Promise.allSettled(Array.from({ length: 40 }, async () => model.score(Float32Array.of(1, 2))))
    assert.ok(rows.every(({ status }) => status === 'rejected'))
    assert.ok(asked.length <= 3 * 16 + 1, `${asked.length} requests for rows that go together`)
    await model.close()
  })

  test('another model under the name that was frozen is refused', async () => {
    script = serving
    const file = await frozen()
    script = (path, text) => (path.endsWith(':predict') ? { body: sums(text).replaceAll('.0', '.5') } : serving(path, text))
    await assert.rejects(RUNTIMES.tfServing.open(file, definition, FEATURES), rejects('model_changed', /for a recorded row/))
    const wider = JSON.parse(JSON.stringify(METADATA).replace('DT_FLOAT', 'DT_DOUBLE')) as object
    script = (path, text) => (path.endsWith('/metadata') ? { body: wider } : serving(path, text))
    await assert.rejects(RUNTIMES.tfServing.open(file, definition, FEATURES), rejects('model_changed', /another signature/))
  })
})

describe('an Open Inference server without raw tensors, or that is not ready', () => {
  const metadata = {
    name: 'm',
    versions: ['1', '10', '9'],
    platform: 'x',
    inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
    outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
  }
  const remote = openInference({ url, model: 'm' })
  const answering = (path: string, text: string): Reply => {
    if (!path.endsWith('/infer')) return { body: path.endsWith('/ready') ? { ready: true } : metadata }
    const rows = /"shape":\[(\d+),2\]/.exec(text)?.[1]
    return {
      body: { model_name: 'm', outputs: [{ name: 'y', datatype: 'FP32', shape: [Number(rows)], data: Array(Number(rows)).fill(0.25) }] },
    }
  }

  test('JSON answers are taken; the greatest version is asked', async () => {
    script = answering
    asked.length = 0
    const runner = await RUNTIMES.openInference.open(await frozen(remote), remote, FEATURES)
    assert.deepEqual([...(await runner.run(Float32Array.of(1, 2, 3, 4), 2))], [0.25, 0.25])
    assert.equal(asked.at(-1)?.url, '/v2/models/m/versions/10/infer')
    await runner.close()
  })

  test('not ready, and no such output', async () => {
    script = (path, text) => (path.endsWith('/ready') ? { status: 400, body: { error: 'loading' } } : answering(path, text))
    await assert.rejects(frozen(remote), rejects('model_unavailable', /HTTP 400: loading/))
    script = (path, text) => (path.endsWith('/infer') ? { body: { outputs: [{ name: 'z' }] } } : answering(path, text))
    await assert.rejects(frozen(remote), rejects('model_failed', /without the float32 output `y`/))
    await assert.rejects(frozen({ ...remote, output: 'z' }), rejects('model_output', /no output `z`/))
  })
})

test('definitions that cannot be', () => {
  assert.throws(() => openInference({ url: 'model:8000', model: 'm' }), rejects('invalid_value', /url/))
  assert.throws(() => openInference({ url, model: 'm', timeoutMs: 0 }), rejects('invalid_value', /timeoutMs/))
  assert.throws(() => tfServing({ url, model: 'm', version: '1', label: 'x' }), rejects('invalid_value', /a version and a label/))
  assert.throws(() => tfServing({ url, model: 'm', output: 'a[b]' }), rejects('invalid_value', /output/))
})
