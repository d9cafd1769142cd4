/** Stored lookups: over HTTP against a bare node:http server with the same bytes, in process, and the load of a run against raw LMDB. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeKey } from '../packages/prescore/src/project/index.ts'
import { type AnswerParts, answerJson } from '../packages/prescore/src/resolve/index.ts'
import { openStore } from '../packages/prescore/src/stores/index.ts'
import { inTurns, type Measured, median, suite } from './harness.ts'
import type { ArrivalsOrder, ArrivalsResult } from './lookup/arrivals.ts'
import { churn, customer, KEYS, manyRequests, openResolver, publish, requests, rows } from './lookup/fixture.ts'
import type { LoadOrder, LoadResult } from './lookup/load.ts'
import type { ServerReport } from './lookup/server.ts'

/** The lmdb that the package itself uses. */
const lmdb = createRequire(new URL('../packages/prescore/package.json', import.meta.url))('lmdb') as typeof import('lmdb')

const TURNS = 5
const TURN_MS = 2_000
const WARM_UP_MS = 1_500
const CONNECTIONS = 32
const LOOKUPS = 200_000
const KEYS_PER_REQUEST = 100
const ARRIVALS_MS = 3_000
/** Of what it can do at most. */
const ARRIVALS_SHARE = 0.8

suite({
  name: 'lookup',
  about: `${KEYS.toLocaleString('en')} stored answers; limits: a bare node:http server with the same bytes, raw LMDB`,
  async *run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    try {
      say('loading')
      yield* loading(folder)
      say('in process')
      yield* inProcess(join(folder, 'ours'))
      say(`HTTP, ${CONNECTIONS} connections, ${TURNS} turns of ${TURN_MS / 1000} s each`)
      yield* overHttp(join(folder, 'ours'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
})

async function* loading(folder: string): AsyncGenerator<Measured> {
  const prepared = [...rows()]
  const entries = prepared.map(({ keyBytes, valueText }) => [Buffer.from(keyBytes), Buffer.from(valueText)] as const)
  const store = openStore(join(folder, 'ours'))
  const raw = lmdb.open<Buffer, Buffer>(join(folder, 'raw'), {
    noSubdir: false,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
  })
  let turn = 0
  const { ours, limit } = await inTurns(
    3,
    () => rate(() => publish(store, `run${turn++}`, prepared)),
    () => rate(async () => loadRaw(raw, entries)),
  )
  const bytes = statSync(join(folder, 'ours', 'data.mdb')).size / 3 / KEYS
  await Promise.all([store.close(), raw.close()])
  yield { figure: 'load a run', unit: 'rows/s', ours, limit, goal: 0.67, better: 'higher' }
  yield { figure: 'stored size', unit: 'bytes/key', ours: [bytes], goal: 60, better: 'lower' }
}

function loadRaw(raw: ReturnType<typeof lmdb.open<Buffer, Buffer>>, prepared: readonly (readonly [Buffer, Buffer])[]): void {
  raw.clearSync()
  for (let at = 0; at < prepared.length; at += 10_000) {
    raw.transactionSync(() => {
      for (const [key, value] of prepared.slice(at, at + 10_000)) raw.putSync(key, value, { append: true })
    })
  }
}

async function rate(work: () => Promise<void>): Promise<number> {
  const started = performance.now()
  await work()
  return KEYS / ((performance.now() - started) / 1000)
}

async function* inProcess(folder: string): AsyncGenerator<Measured> {
  const { store, resolver } = openResolver(folder)
  const run = store.predictions.open(store.catalog.pointer(churn.name)?.run as string)
  if (run === undefined) throw new Error('nothing was loaded')
  const keys = Array.from({ length: LOOKUPS }, (_, i) => ({ customer: customer((i * 7_919_317) % KEYS) }))
  const bytes = keys.map(key => encodeKey(resolver.keyColumns, key))
  const { ours, limit } = await inTurns(
    TURNS,
    async () => microseconds(LOOKUPS, i => answerJson(resolver.answer(keys[i] as { customer: string }) as AnswerParts).length),
    async () => microseconds(LOOKUPS, i => run.get(bytes[i] as Buffer)?.length ?? 0),
  )
  run.close()
  resolver.close()
  await store.close()
  yield { figure: 'answer as JSON text (limit: one read of the store)', unit: 'µs', ours, limit, better: 'lower' }
}

function microseconds(times: number, work: (index: number) => number): number {
  const started = performance.now()
  let sum = 0
  for (let i = 0; i < times; i++) sum += work(i)
  if (sum === 0) throw new Error('nothing was read')
  return ((performance.now() - started) * 1000) / times
}

interface Turn {
  readonly perSecond: number
  readonly cpuUs: number
}

async function* overHttp(folder: string): AsyncGenerator<Measured> {
  const { store, resolver } = openResolver(folder)
  const body = answerJson(resolver.answer({ customer: customer(1) }) as AnswerParts)
  resolver.close()
  await store.close()
  const load = fork(join(import.meta.dirname, 'lookup/load.ts'))
  const servers = await Promise.all([startServer('ours', folder), startServer('bare', body)])
  const [ours, bare] = servers
  const lines = requests(50_000)
  const measure = (server: BenchServer, durationMs: number) =>
    turnOf(load, server, { port: server.port, connections: CONNECTIONS, durationMs, requests: lines })
  await measure(ours, WARM_UP_MS)
  await measure(bare, WARM_UP_MS)
  const turns = await inTurns(
    TURNS,
    () => measure(ours, TURN_MS),
    () => measure(bare, TURN_MS),
  )
  const many = await manyKeys(load, ours)
  const most = (of: readonly Turn[]) => median(of.map(each => each.perSecond))
  const arrivals = await poisson([ours, most(turns.ours)], [bare, most(turns.limit)], lines)
  for (const child of [load, ...servers.map(({ child }) => child)]) child.kill()
  const perSecond = (each: Turn) => each.perSecond
  const cpuUs = (each: Turn) => each.cpuUs
  yield {
    figure: 'GET a stored answer',
    unit: 'req/s',
    ours: turns.ours.map(perSecond),
    limit: turns.limit.map(perSecond),
    goal: 0.85,
    better: 'higher',
  }
  yield {
    figure: 'processor time of the server',
    unit: 'µs/request',
    ours: turns.ours.map(cpuUs),
    limit: turns.limit.map(cpuUs),
    better: 'lower',
  }
  const figure = `${KEYS_PER_REQUEST} keys in a POST`
  yield { figure, unit: 'keys/s', ours: many.map(each => each.perSecond * KEYS_PER_REQUEST), goal: 300_000, better: 'higher' }
  yield { figure: '… processor time', unit: 'µs/key', ours: many.map(each => each.cpuUs / KEYS_PER_REQUEST), better: 'lower' }
  const at = `Poisson arrivals at ${ARRIVALS_SHARE * 100} %`
  for (const [name, goal, of] of [
    ['99 %', 10, (each: ArrivalsResult) => each.p99Ms],
    ['99.9 %', 25, (each: ArrivalsResult) => each.p999Ms],
  ] as const)
    yield { figure: `${at}, ${name}`, unit: 'ms', ours: arrivals.ours.map(of), limit: arrivals.limit.map(of), goal, better: 'lower' }
}

async function manyKeys(load: ReturnType<typeof fork>, server: BenchServer): Promise<Turn[]> {
  const order = { port: server.port, connections: CONNECTIONS, requests: manyRequests(2_000, KEYS_PER_REQUEST) }
  await turnOf(load, server, { ...order, durationMs: WARM_UP_MS })
  const turns: Turn[] = []
  for (let turn = 0; turn < TURNS; turn++) turns.push(await turnOf(load, server, { ...order, durationMs: TURN_MS }))
  return turns
}

/** Ours and a bare server, in turns: each at its share of what it can do at most. What a bare one takes, the machine takes. */
async function poisson(ours: Loaded, bare: Loaded, lines: readonly string[]): Promise<{ ours: ArrivalsResult[]; limit: ArrivalsResult[] }> {
  const generator = fork(join(import.meta.dirname, 'lookup/arrivals.ts'))
  const measure = async ([{ port }, most]: Loaded): Promise<ArrivalsResult> => {
    const order = { port, connections: CONNECTIONS, perSecond: most * ARRIVALS_SHARE, durationMs: ARRIVALS_MS, requests: lines }
    generator.send(order satisfies ArrivalsOrder)
    const [result] = (await once(generator, 'message')) as [ArrivalsResult]
    if (result.failures > 0) throw new Error(`${result.failures} answers were not 200`)
    return result
  }
  const results = await inTurns(
    TURNS,
    () => measure(ours),
    () => measure(bare),
  )
  generator.kill()
  return results
}

/** A server, and the requests a second that it can answer. */
type Loaded = readonly [server: BenchServer, most: number]

interface BenchServer {
  readonly child: ReturnType<typeof fork>
  readonly port: number
}

async function startServer(kind: 'ours' | 'bare', argument: string): Promise<BenchServer> {
  const child = fork(join(import.meta.dirname, 'lookup/server.ts'), [kind, argument])
  const [report] = (await once(child, 'message')) as [ServerReport]
  if (!('port' in report)) throw new Error('the server did not start')
  return { child, port: report.port }
}

async function turnOf(load: ReturnType<typeof fork>, { child }: BenchServer, order: LoadOrder): Promise<Turn> {
  const before = await cpuOf(child)
  load.send(order)
  const [result] = (await once(load, 'message')) as [LoadResult]
  const after = await cpuOf(child)
  if (result.failures > 0) throw new Error(`${result.failures} answers were not 200`)
  return { perSecond: result.requests / result.seconds, cpuUs: (after - before) / result.requests }
}

async function cpuOf(child: ReturnType<typeof fork>): Promise<number> {
  child.send('cpu')
  const [report] = (await once(child, 'message')) as [ServerReport]
  return 'cpuUs' in report ? report.cpuUs : 0
}
