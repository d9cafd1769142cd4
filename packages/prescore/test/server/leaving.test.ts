/** Callers who leave before their answer is there: nothing more is computed for them, and whoever stays is answered. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { App } from '../../src/app.ts'
import type { PrescoreError } from '../../src/base/index.ts'
import { type AnsweredRequest, createServer } from '../../src/server/index.ts'

/** A call takes so long that it runs in a worker, and longer the more `spins` it gets; then it gives them back. */
const CONFIG = `import { defineProject, entity, func, prediction } from 'prescore'
const customer = entity({ customer: 'string' })
export default defineProject({
  sources: {},
  predictions: {
    slow: prediction({
      entity: customer,
      inputs: { spins: { kind: 'float64', default: 0 } },
      features: s => ({ spins: s.inputs.spins }),
      model: func({
        run: f => {
          let sum = 0
          for (let i = 0; i < 3e7 * (1 + f.spins); i++) sum += i % 7
          return sum < 0 ? -1 : f.spins
        },
      }),
      policy: { mode: 'live' },
    }),
  },
})
`
const SPINS = 12

interface Setting {
  readonly port: number
  readonly defects: readonly PrescoreError[]
  readonly told: readonly AnsweredRequest[]
  /** Of the model: rows that wait, that are being computed, and that ever were. */
  rows(): readonly [waiting: number, running: number, all: number]
  /** Answers that were refused, by code. */
  refused(): Promise<string>
}

async function setting(t: TestContext, isRouted: boolean): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-leaving-'))
  writeFileSync(join(folder, 'prescore.config.ts'), CONFIG)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/prescore'))
  const app = await App.open({ project: folder, threads: 1 })
  const live = await app.startLive()
  await live.settled
  const defects: PrescoreError[] = []
  const told: AnsweredRequest[] = []
  const server = createServer({
    resolvers: [app.resolver('slow')],
    catalog: app.store().catalog,
    live,
    onDefect: error => void defects.push(error),
    ...(isRouted ? { onAnswered: request => void told.push(request) } : {}),
  })
  const { port, url } = await server.start()
  t.after(async () => {
    await server.stop()
    await app.close()
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  })
  return {
    port,
    defects,
    told,
    rows: () => {
      const [model] = live.models()
      assert.equal(model?.stats.place, 'workers')
      return [model.stats.waitingRows, model.stats.runningRows, model.stats.rows]
    },
    refused: async () => {
      const metrics = await (await fetch(`${url}/metrics`)).text()
      return [...metrics.matchAll(/^prescore_answer_errors_total(.*)$/gm)].map(([, line]) => line).join()
    },
  }
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

function send(socket: Socket, head: string, body = ''): void {
  const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
  socket.write(`${head} HTTP/1.1\r\nhost: x\r\n${length}\r\n${body}`)
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(2)
}

async function answerOf(socket: Socket): Promise<string> {
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return chunk.toString()
}

/** One of each way to ask, and the rows that it asks for. */
const WAYS: readonly (readonly [rows: number, head: string, body?: string])[] = [
  [1, 'GET /api/predictions/slow/answers/bob'],
  [1, 'GET /api/predictions/slow/answers/bob?explain=true'],
  [1, 'GET /api/predictions/slow/answers?customer=bob'],
  [1, 'POST /api/predictions/slow/answers', '{"key":"bob"}'],
  [3, 'POST /api/predictions/slow/answers', '{"requests":[{"key":"a"},{"key":"b"},{"key":"c"}]}'],
  [2, 'POST /v1/models/slow:predict', '{"instances":[{"customer":"bob"},{"customer":"cy"}]}'],
  [1, 'POST /v2/models/slow/infer', '{"inputs":[{"name":"customer","datatype":"BYTES","shape":[1],"data":["bob"]}]}'],
]
const ROWS = WAYS.reduce((sum, [rows]) => sum + rows, 0)

for (const isRouted of [false, true]) {
  test(`what waits for a caller who left is never computed, and counted once${isRouted ? ', and logged once' : ''}`, async t => {
    const { port, rows, refused, defects, told } = await setting(t, isRouted)
    const first = await opened(port)
    const leaving = await Promise.all(WAYS.map(() => opened(port)))
    send(first, 'POST /api/predictions/slow/answers', `{"key":"ann","inputs":{"spins":${SPINS}}}`)
    await until(() => rows()[1] === 1)
    WAYS.forEach(([, head, body], i) => send(leaving[i] as Socket, head, body))
    await until(() => rows()[0] === ROWS)
    // Who says that he sends nothing more has left too: that is how a caller who is gone looks.
    for (const socket of leaving) isRouted ? socket.end() : socket.destroy()
    await until(() => rows()[0] === 0)
    assert.match(await answerOf(first), new RegExp(`^HTTP/1.1 200 [\\s\\S]*"value":${SPINS},`))
    // Whoever comes later gets his own answer.
    const later = await opened(port)
    send(later, 'POST /api/predictions/slow/answers', '{"key":"dan","inputs":{"spins":0.5}}')
    assert.match(await answerOf(later), /^HTTP\/1\.1 200 [\s\S]*"customer":"dan"[\s\S]*"value":0\.5,/)
    assert.deepEqual(rows(), [0, 0, 2])
    assert.equal(await refused(), `{prediction="slow",code="cancelled"} ${ROWS}`)
    assert.deepEqual(defects, [])
    if (!isRouted) return
    const statuses = told.filter(({ url }) => url !== '/metrics').map(({ status }) => status)
    assert.deepEqual(statuses.sort(), [200, 200, ...WAYS.map(() => 499)])
  })
}
