/** Runs that are started, published and rolled back over HTTP, by a server that goes on answering. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AS_OF, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { BROKEN, MENDED, makeStock, writeStock } from '../batch/stock.ts'
import { prescore, start, until } from './process.ts'

const TOKEN = 'a-token-of-enough-characters'
const LATER = '2026-03-10T12:20:00Z'

interface Run {
  readonly state: string
  readonly asOf: string
  readonly activity: { running: boolean; stage: object | null; exitCode: number | null; failure: { code: string } | null } | null
}

async function serving(t: TestContext, folder: string, env: Record<string, string> = {}) {
  const server = start(['serve', '--port', '0', '--threads', '1', '--now', '2026-03-10T12:30:00Z'], { cwd: folder, env })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stdout.includes('\n') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0]
  assert.ok(url !== undefined, server.printed.stderr)
  const call = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const request = { method, headers: { 'content-type': 'application/json', ...headers } }
    const response = await fetch(`${url}${path}`, body === undefined ? request : { ...request, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const finished = async (run: string): Promise<Run> => {
    for (;;) {
      const { body } = await call('GET', `/api/runs/${run}`)
      if ((body as unknown as Run).activity?.running !== true) return body as unknown as Run
      await sleep(20)
    }
  }
  return { ...server, url, call, finished }
}

test('starts a run, tells how far it is, refuses a second one, publishes and rolls back', async t => {
  const folder = await makeShop()
  t.after(() => removeShop(folder))
  const { call, finished, child, printed } = await serving(t, folder)
  const starting = call('POST', '/api/runs', { prediction: 'spend', asOf: AS_OF })
  const second = await call('POST', '/api/runs', { prediction: 'spend', asOf: LATER })
  const first = await starting
  // Whichever came first has it; the other is refused.
  const [started, refused] = first.status === 202 ? [first, second] : [second, first]
  assert.deepEqual([started.status, refused.status, refused.body.code], [202, 409, 'busy'])
  const run = started.body.run as string
  const { state, activity } = await finished(run)
  assert.deepEqual([state, activity], ['published', { running: false, stage: activity?.stage, exitCode: 0, failure: null }])
  assert.deepEqual(activity?.stage, { stage: 'stage', done: 31, total: 31 })

  const staged = await call('POST', '/api/runs', { prediction: 'spend', asOf: '2026-03-10T12:25:00Z', publish: 'never' })
  assert.equal((await finished(staged.body.run as string)).state, 'staged')
  const published = await call('POST', `/api/runs/${staged.body.run}/publish`, { reason: 'looked at' })
  assert.deepEqual(
    [published.status, published.body.run, published.body.reason, published.body.earlier],
    [200, staged.body.run, 'looked at', [run]],
  )
  const earlier = { prediction: 'spend', asOf: '2026-03-10T11:00:00Z' }
  const unpublished = await call('POST', '/api/runs', earlier)
  assert.deepEqual([unpublished.status, unpublished.body.code], [409, 'earlier_as_of'])
  const passed = await call('POST', '/api/runs', { ...earlier, publish: 'latest' })
  assert.equal((await finished(passed.body.run as string)).state, 'staged')
  const publishing = `/api/runs/${passed.body.run}/publish`
  assert.equal((await call('POST', publishing, { reason: 'looked at' })).body.code, 'earlier_as_of')
  assert.equal((await call('POST', publishing, { force: true })).body.code, 'invalid_request')
  assert.equal((await call('POST', publishing, { force: true, reason: 'the later one is wrong' })).body.run, passed.body.run)
  assert.equal((await call('POST', '/api/predictions/spend/rollback', {})).body.run, staged.body.run)
  const back = await call('POST', '/api/predictions/spend/rollback', {})
  assert.deepEqual([back.status, back.body.run], [200, run])
  const answer = await call('GET', '/api/predictions/spend/answers/c0')
  assert.equal(answer.body.run, run)
  if (started.body.asOf === '2026-03-10T12:00:00.000000Z') assert.equal(answer.body.value, expectedAnswers(shopOrders()).get('c0'))

  for (const [body, code] of [
    [{ prediction: 'nothing' }, 'unknown_prediction'],
    [{ prediction: 'spend', asOf: 'yesterday' }, 'invalid_request'],
    [{ prediction: 'spend', publish: 'force' }, 'invalid_request'],
    [{ prediction: 'spend', shards: 3 }, 'invalid_request'],
  ] as const)
    assert.equal((await call('POST', '/api/runs', body)).body.code, code, JSON.stringify(body))
  assert.equal((await call('POST', '/api/runs/ffff/publish', {})).body.code, 'run_not_found')
  child.kill('SIGTERM')
  await until(() => child.exitCode !== null)
  assert.equal(child.exitCode, 0, printed.stderr)
})

test('rescores an earlier run, as of its moment; where there is nothing to compute, that is the answer', async t => {
  const folder = await makeStock(BROKEN)
  t.after(() => removeShop(folder))
  const { call, finished } = await serving(t, folder)
  const first = await call('POST', '/api/runs', { prediction: 'spend', asOf: AS_OF })
  const run = first.body.run as string
  assert.equal((await finished(run)).state, 'published')
  const nothing = await call('POST', '/api/runs', { prediction: 'spend', rescore: { run, only: ['missing'] } })
  assert.deepEqual([nothing.status, nothing.body], [202, first.body])
  assert.deepEqual((await finished(run)).activity?.exitCode, 0)
  await writeStock(folder, MENDED)
  const { status, body } = await call('POST', '/api/runs', { prediction: 'spend', rescore: { run: run.slice(0, 12) } })
  assert.deepEqual([status, body.asOf, body.rows], [202, '2026-03-10T12:00:00.000000Z', 6])
  const { state, report } = (await finished(body.run as string)) as Run & { report: { rescored: object } }
  assert.deepEqual([state, report.rescored], ['published', { run, only: ['failed', 'missing'], rows: { failed: 3, missing: 1, taken: 2 } }])
  for (const [rescore, more, code] of [
    [{ run: 'f00d' }, {}, 'run_not_found'],
    [{ run }, { asOf: LATER }, 'invalid_value'],
    [{ run, only: ['stale'] }, {}, 'invalid_request'],
    [{ run, only: [] }, {}, 'invalid_request'],
    [{ run, keys: ['1'] }, {}, 'invalid_request'],
    ['f00d', {}, 'invalid_request'],
  ] as const)
    assert.equal((await call('POST', '/api/runs', { prediction: 'spend', rescore, ...more })).body.code, code, JSON.stringify(rescore))
})

test('a client that leaves does not end its run; SIGTERM does, and repeating it goes on', async t => {
  const customers = Array.from({ length: 20_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
  const folder = await makeShop({ customers })
  t.after(() => removeShop(folder))
  const server = await serving(t, folder)
  const leave = new AbortController()
  const body = JSON.stringify({ prediction: 'spend', asOf: AS_OF })
  const left = fetch(`${server.url}/api/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: leave.signal,
  })
  left.catch(() => {})
  // The run has begun; that it is planned, the client has not been told.
  await until(() => existsSync(join(folder, '.prescore/releases')))
  leave.abort()
  let run: string | undefined
  while (run === undefined) {
    const { body } = await server.call('GET', '/api/runs')
    run = (body.runs as { id: string }[])[0]?.id
    await sleep(5)
  }
  server.child.kill('SIGTERM')
  await until(() => server.child.exitCode !== null)
  assert.equal(server.child.exitCode, 0, server.printed.stderr)
  const again = await prescore(['run', 'spend', '--as-of', AS_OF, '--json'], { cwd: folder })
  assert.equal(again.code, 0, again.stderr)
  assert.equal((JSON.parse(again.stdout) as { run: string }).run, run)
})

test('with a token, only who sends it; an easy one is refused', async t => {
  const folder = await makeShop()
  t.after(() => removeShop(folder))
  const { call, finished } = await serving(t, folder, { PRESCORE_ADMIN_TOKEN: TOKEN })
  assert.equal((await call('POST', '/api/runs', { prediction: 'spend', asOf: AS_OF })).body.code, 'unauthorized')
  const headers = { authorization: `Bearer ${TOKEN}` }
  const { status, body } = await call('POST', '/api/runs', { prediction: 'spend', asOf: AS_OF }, headers)
  assert.equal(status, 202)
  assert.equal((await finished(body.run as string)).state, 'published')
  const easy = await prescore(['serve', '--port', '0'], { cwd: folder, env: { PRESCORE_ADMIN_TOKEN: 'secret' } })
  assert.deepEqual([easy.code, easy.stderr.includes('PRESCORE_ADMIN_TOKEN')], [2, true])
})
