/** Live answers and ingest over HTTP, against a bare node:http server that reads the same bodies. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepare } from '../examples/fraud/prepare.ts'
import { inTurns, type Measured, suite } from './harness.ts'
import type { LoadOrder, LoadResult } from './lookup/load.ts'
import type { ServerReport } from './lookup/server.ts'

const TURNS = 5
const TURN_MS = 2_000
const WARM_UP_MS = 2_000
const CONNECTIONS = 32
const EVENTS_PER_REQUEST = 1_000
const EVENT_REQUESTS = 400
const EVENT_CONNECTIONS = 4

suite({
  name: 'live',
  about: 'card fraud: inputs, two entities with windows, a tree model; limits: a bare node:http server that reads the same bodies',
  async *run(say) {
    await prepare()
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    const load = fork(join(import.meta.dirname, 'lookup/load.ts'))
    try {
      say(`live answers, ${CONNECTIONS} connections, ${TURNS} turns of ${TURN_MS / 1000} s each`)
      yield* liveAnswers(load, join(folder, 'state'))
      say(`events, ${EVENTS_PER_REQUEST} a request`)
      yield* ingest(load, 'log', join(folder, 'log'), 'POST events, on disk')
      yield* ingest(load, 'fraud', join(folder, 'ingest'), '… and in the features of two entities')
    } finally {
      load.kill()
      rmSync(folder, { recursive: true })
    }
  },
})

interface Turn {
  readonly perSecond: number
  readonly cpuUs: number
}
const perSecond = (each: Turn) => each.perSecond
const cpuUs = (each: Turn) => each.cpuUs

async function* liveAnswers(load: ReturnType<typeof fork>, state: string): AsyncGenerator<Measured> {
  const ours = await startServer('fraud', state)
  const url = `http://127.0.0.1:${ours.port}/api/predictions/fraud/answers`
  const ask = async () => (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: bodyOf(1) })).text()
  const bare = await startServer('bare', await ask(), '200')
  const requests = Array.from({ length: 20_000 }, (_, i) => post('/api/predictions/fraud/answers', bodyOf(i)))
  const measure = ({ child, port }: BenchServer, durationMs: number) =>
    turnOf(load, child, { port, connections: CONNECTIONS, durationMs, requests })
  await measure(ours, WARM_UP_MS)
  await measure(bare, WARM_UP_MS)
  const turns = await inTurns(
    TURNS,
    () => measure(ours, TURN_MS),
    () => measure(bare, TURN_MS),
  )
  if (!(await ask()).includes('"source":"live"')) throw new Error('the answers were not live')
  for (const { child } of [ours, bare]) child.kill()
  const both = { better: 'higher', unit: 'req/s', ours: turns.ours.map(perSecond), limit: turns.limit.map(perSecond) } as const
  yield { figure: 'POST inputs, a live answer', goal: 0.6, ...both }
  yield {
    figure: 'processor time of the server',
    unit: 'µs/request',
    ours: turns.ours.map(cpuUs),
    limit: turns.limit.map(cpuUs),
    better: 'lower',
  }
}

/** New payments, twenty a millisecond, each request's with ids of their own; every request is answered when they are on disk, and in the features where there are some. */
async function* ingest(load: ReturnType<typeof fork>, kind: 'log' | 'fraud', state: string, figure: string): AsyncGenerator<Measured> {
  const { child, port } = await startServer(kind, state)
  const rates: number[] = []
  for (let turn = 0; turn < 3; turn++) {
    const requests = Array.from({ length: EVENT_REQUESTS }, (_, i) => eventsRequest(turn * EVENT_REQUESTS + i))
    const order = { port, connections: EVENT_CONNECTIONS, durationMs: 60_000, requests, once: true }
    load.send(order satisfies LoadOrder)
    const [{ requests: done, seconds, failures }] = (await once(load, 'message')) as [LoadResult]
    if (failures > 0 || done !== EVENT_REQUESTS) throw new Error(`${failures} of ${done} requests were refused`)
    rates.push((done * EVENTS_PER_REQUEST) / seconds)
  }
  child.kill()
  yield { figure, unit: 'events/s', ours: rates, goal: 100_000, better: 'higher' }
}

function bodyOf(i: number): string {
  const amount = ((i * 7919) % 20_000) / 100 + 1
  return JSON.stringify({ inputs: { card: `C-${10_001 + ((i * 31) % 4000)}`, merchant: `M-${101 + ((i * 17) % 400)}`, amount } })
}

function eventsRequest(number: number): string {
  const lines = Array.from({ length: EVENTS_PER_REQUEST }, (_, i) => {
    const event = number * EVENTS_PER_REQUEST + i
    const id = 10_000_000 + event
    const time = new Date(Date.parse('2025-07-01T00:00:00+02:00') + Math.floor(event / 20)).toISOString()
    return `{"id":${id},"time":"${time}","received":"${time}","card":"C-${10_001 + ((id * 31) % 4000)}","merchant":"M-${101 + ((id * 17) % 400)}","amount":12.5}`
  })
  return post('/api/sources/transactions/events', lines.join('\n'), 'application/x-ndjson')
}

function post(path: string, body: string, type = 'application/json'): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

interface BenchServer {
  readonly child: ReturnType<typeof fork>
  readonly port: number
}

async function startServer(...args: readonly string[]): Promise<BenchServer> {
  const child = fork(join(import.meta.dirname, 'live/server.ts'), args)
  const [report] = (await once(child, 'message')) as [ServerReport]
  if (!('port' in report)) throw new Error('the server did not start')
  return { child, port: report.port }
}

async function turnOf(load: ReturnType<typeof fork>, server: ReturnType<typeof fork>, order: LoadOrder): Promise<Turn> {
  const before = await cpuOf(server)
  load.send(order)
  const [result] = (await once(load, 'message')) as [LoadResult]
  const after = await cpuOf(server)
  if (result.failures > 0) throw new Error(`${result.failures} answers were not 200`)
  return { perSecond: result.requests / result.seconds, cpuUs: (after - before) / result.requests }
}

async function cpuOf(child: ReturnType<typeof fork>): Promise<number> {
  child.send('cpu')
  const [report] = (await once(child, 'message')) as [ServerReport]
  return 'cpuUs' in report ? report.cpuUs : 0
}
