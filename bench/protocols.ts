/** Other servers' protocols over HTTP, against a bare node:http server that reads the same bodies and gives the same bytes. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inTurns, type Measured, suite } from './harness.ts'
import type { LoadOrder, LoadResult } from './lookup/load.ts'
import type { ServerReport } from './lookup/server.ts'
import { BATCH_ROWS, batchRequests, featuresOf, rowRequests, secondsInProcess } from './protocols/fixture.ts'

const TURNS = 3
const TURN_MS = 1_500
const WARM_UP_MS = 1_500
const CONNECTIONS = 32

suite({
  name: 'protocols',
  about: 'Open Inference V2 over HTTP; limits: a bare node:http server with the same bytes, the model in process',
  async *run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    const load = fork(join(import.meta.dirname, 'lookup/load.ts'))
    const ours = await startServer('ours')
    try {
      say('JSON, one row')
      yield* oneRow(load, ours, folder)
      for (const name of ['linear', 'trees'] as const) {
        say(`raw tensors, ${BATCH_ROWS} rows of ${featuresOf(name)} features, ${name}`)
        yield* batch(load, ours, folder, name)
      }
    } finally {
      for (const child of [load, ours.child]) child.kill()
      rmSync(folder, { recursive: true })
    }
  },
})

async function* oneRow(load: Child, ours: BenchServer, folder: string): AsyncGenerator<Measured> {
  const turns = await beside(load, ours, rowRequests(), folder)
  yield {
    figure: 'V2 JSON, a stored answer, one row',
    unit: 'req/s',
    ours: turns.ours.map(({ perSecond }) => perSecond),
    limit: turns.limit.map(({ perSecond }) => perSecond),
    goal: 0.5,
    better: 'higher',
  }
  yield {
    figure: 'processor time of the server',
    unit: 'µs/request',
    ours: turns.ours.map(({ cpuUs }) => cpuUs),
    limit: turns.limit.map(({ cpuUs }) => cpuUs),
    better: 'lower',
  }
}

async function* batch(load: Child, ours: BenchServer, folder: string, name: 'linear' | 'trees'): AsyncGenerator<Measured> {
  const turns = await beside(load, ours, batchRequests(name), folder)
  const rows = (each: Turn) => each.perSecond * BATCH_ROWS
  const figure = `V2 raw, ${BATCH_ROWS} × ${featuresOf(name)}, ${name}`
  yield { figure, unit: 'rows/s', ours: turns.ours.map(rows), limit: turns.limit.map(rows), better: 'higher' }
  const cpuUs = turns.ours.map(each => each.cpuUs)
  const modelUs: number[] = []
  for (let turn = 0; turn < TURNS; turn++) modelUs.push((await secondsInProcess(name)) * 1e6)
  yield {
    figure: 'processor time of the server (limit: the model alone)',
    unit: 'µs/request',
    ours: cpuUs,
    limit: modelUs,
    better: 'lower',
  }
}

type Child = ReturnType<typeof fork>
interface Turn {
  readonly perSecond: number
  readonly cpuUs: number
}
interface BenchServer {
  readonly child: Child
  readonly port: number
}

/** Ours and a bare server that answers with what ours said first, in turns. */
async function beside(load: Child, ours: BenchServer, requests: readonly string[], folder: string) {
  const file = join(folder, 'answer')
  writeFileSync(file, await answerOf(ours.port, requests[0] as string))
  const bare = await startServer('bare', file)
  const measure = (server: BenchServer, durationMs: number) =>
    turnOf(load, server.child, { port: server.port, connections: CONNECTIONS, durationMs, requests, encoding: 'latin1' })
  await measure(ours, WARM_UP_MS)
  await measure(bare, WARM_UP_MS)
  const turns = await inTurns(
    TURNS,
    () => measure(ours, TURN_MS),
    () => measure(bare, TURN_MS),
  )
  bare.child.kill()
  return turns
}

async function answerOf(port: number, request: string): Promise<Buffer> {
  const [head = '', ...rest] = request.split('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => line.split(': ') as [string, string]).filter(([name]) => name.startsWith('inference')),
  )
  const body = Buffer.from(rest.join('\r\n\r\n'), 'latin1')
  const response = await fetch(`http://127.0.0.1:${port}${first.split(' ')[1]}`, { method: 'POST', headers, body })
  if (response.status !== 200) throw new Error(await response.text())
  return Buffer.from(await response.arrayBuffer())
}

async function startServer(kind: 'ours' | 'bare', file = ''): Promise<BenchServer> {
  const child = fork(join(import.meta.dirname, 'protocols/server.ts'), [kind, file])
  const [report] = (await once(child, 'message')) as [ServerReport]
  if (!('port' in report)) throw new Error('the server did not start')
  return { child, port: report.port }
}

async function turnOf(load: Child, child: Child, order: LoadOrder): Promise<Turn> {
  const before = await cpuOf(child)
  load.send(order)
  const [result] = (await once(load, 'message')) as [LoadResult]
  const after = await cpuOf(child)
  if (result.failures > 0) throw new Error(`${result.failures} answers were not 200`)
  return { perSecond: result.requests / result.seconds, cpuUs: (after - before) / result.requests }
}

async function cpuOf(child: Child): Promise<number> {
  child.send('cpu')
  const [report] = (await once(child, 'message')) as [ServerReport]
  return 'cpuUs' in report ? report.cpuUs : 0
}
