/** A project inside of another program: the same answers as over HTTP, live features of its own, and nothing left behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { App } from '../../src/app.ts'
import { formatInstant, type PrescoreError } from '../../src/base/index.ts'
import { runBatch } from '../../src/batch/index.ts'
import { type OpenOptions, open } from '../../src/index.ts'
import { answerJson, bodyRequest } from '../../src/resolve/index.ts'
import { AS_OF_US, makeShop, removeShop } from '../batch/shop.ts'
import { eventOf, HYBRID } from '../live/house.ts'
import { StandingClock } from '../log/place.ts'

const clock = new StandingClock(AS_OF_US)
let folder: string

before(async () => {
  folder = await makeShop({ config: HYBRID })
  const app = await App.open({ project: folder, clock, threads: 1 })
  await runBatch(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, publish: 'gated' })
  await app.close()
})
after(() => removeShop(folder))

async function opened(t: TestContext, options: Partial<OpenOptions> = {}) {
  const failures: string[] = []
  const app = await open({ project: folder, clock, onFailure: where => void failures.push(where), ...options })
  t.after(() => app.close())
  return { app, failures }
}

const codeOf = (code: string) => (error: PrescoreError) => error.code === code

test('answers are those of the resolver, live and stored', async t => {
  const { app, failures } = await opened(t)
  await app.ready
  const other = await App.open({ project: folder, clock, threads: 1 })
  t.after(() => other.close())
  for (const request of [{ key: { customer: 'c0' } }, { key: { customer: 'c1' }, maxAgeSeconds: 0 }]) {
    const { key, options } = bodyRequest(other.resolver('spend'), request)
    const expected = JSON.parse(answerJson(await other.resolver('spend').answer(key, options)))
    assert.deepEqual(await app.answer('spend', request), expected)
  }
  const live = await app.answer('spend', { key: { customer: 'c0' }, prefer: 'live', explain: true })
  assert.deepEqual([live.source, live.degraded, live.asOf], ['live', false, formatInstant(clock.us)])
  assert.deepEqual([app.predictions, failures], [['spend'], []])
})

test('events are in the live features when they are taken', async t => {
  const { app } = await opened(t)
  await app.ready
  const orders = async () => (await app.answer('spend', { key: { customer: 'fresh' }, prefer: 'live', explain: true })).explain?.features
  assert.equal((await orders())?.orders, 0)
  // Whatever comes after a run's as-of was known is known after it.
  clock.us += 1_000_000
  const events = app.events('orders')
  const taken = await events.append([eventOf({ id: 7001, customer: 'fresh' }, clock.us), { id: 'seven' }])
  assert.deepEqual([taken.accepted, taken.rejected.map(({ index }) => index)], [1, [1]])
  assert.equal((await orders())?.orders, 1)
  await events.heartbeat()
  assert.throws(() => app.events('nothing'), codeOf('unknown_source'))
  assert.throws(() => app.events('customers'), codeOf('not_supported'))
})

test('what cannot be answered says why, and does not keep others from their answers', async t => {
  const { app } = await opened(t, { live: false })
  await assert.rejects(app.answer('spend', { key: { customer: 'nobody' } }), codeOf('unknown_key'))
  await assert.rejects(app.answer('spend', {}), codeOf('invalid_key'))
  await assert.rejects(app.answer('spend', { key: { customer: 'c0' }, perfer: 'live' } as never), codeOf('invalid_request'))
  await assert.rejects(app.answer('spent', { key: {} }), codeOf('unknown_prediction'))
  await assert.rejects(app.answers('spent', []), codeOf('unknown_prediction'))
  const [first, second] = await app.answers('spend', [{ key: { customer: 'nobody' } }, { key: { customer: 'c0' } }])
  assert.ok(first !== undefined && 'error' in first && first.error.code === 'unknown_key')
  assert.ok(second !== undefined && 'value' in second && second.source === 'store')
})

test('live: false keeps no live features: hybrid predictions go on with stored answers', async t => {
  const { app } = await opened(t, { live: false })
  await app.ready
  assert.equal((await app.answer('spend', { key: { customer: 'c0' }, prefer: 'live' })).source, 'store')
})

test('closed, it refuses, and may be closed again', async t => {
  const { app } = await opened(t)
  const events = app.events('orders')
  await Promise.all([app.close(), app.close()])
  await assert.rejects(app.answer('spend', { key: { customer: 'c0' } }), codeOf('project_closed'))
  await assert.rejects(events.append([]), codeOf('project_closed'))
  assert.throws(() => app.events('orders'), codeOf('project_closed'))
  const { app: again } = await opened(t)
  assert.equal((await again.answer('spend', { key: { customer: 'c0' } })).source, 'store')
})

test('a project that is not there is refused', async () => {
  await assert.rejects(open(join(folder, 'nowhere')), codeOf('project_not_found'))
})

/** A program that ends where it has nothing more to do. */
async function ending(program: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      printed[stream] += text
    })
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  return { code, ...printed }
}

const source = (path: string) => JSON.stringify(join(import.meta.dirname, '../../src', path))

test('it keeps no process alive that never closes it', async () => {
  const { code, stdout, stderr } = await ending(`
    import { open } from ${source('index.ts')}
    const app = await open({ project: ${JSON.stringify(folder)}, clock: { nowUs: () => ${AS_OF_US} } })
    await app.ready
    const { source } = await app.answer('spend', { key: { customer: 'c0' }, prefer: 'live' })
    console.log(source)`)
  assert.deepEqual([code, stdout], [0, 'live\n'], stderr)
})

test('models in worker processes keep no process alive, and leave no worker behind', async () => {
  const { code, stdout, stderr } = await ending(`
    import { serveModel } from ${source('models/index.ts')}
    const file = ${JSON.stringify(join(folder, 'model.onnx'))}
    const names = ['orders', 'total', 'largest', 'hour']
    const model = await serveModel(file, { runtime: 'onnx', file, output: 'values', index: 0 }, names, { workers: 1 })
    const values = await model.score(new Float64Array(4))
    console.log(JSON.stringify({ pids: model.stats.workers, width: values.length }))`)
  assert.equal(code, 0, stderr)
  const { pids, width } = JSON.parse(stdout) as { pids: number[]; width: number }
  assert.deepEqual([pids.length, width], [1, 1])
  const isThere = (pid: number) => {
    try {
      return process.kill(pid, 0)
    } catch {
      return false
    }
  }
  while (pids.some(isThere)) await new Promise(resolve => setTimeout(resolve, 10))
})
