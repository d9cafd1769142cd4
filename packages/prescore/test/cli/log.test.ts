/** What a server logs: JSON lines on stderr, at the level asked for, with what a client does not see. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { openStore } from '../../src/stores/index.ts'
import { AS_OF, makeShop, removeShop } from '../batch/shop.ts'
import { prescore, start, until } from './process.ts'

let folder: string

before(async () => {
  folder = await makeShop()
  const { code, stderr } = await prescore(['run', 'spend', '--as-of', AS_OF], { cwd: folder })
  assert.equal(code, 0, stderr)
  const store = openStore(join(folder, '.prescore/store'))
  store.predictions.drop(store.catalog.pointer('spend')?.run as string)
  await store.close()
})
after(() => removeShop(folder))

/** The lines of a server at a level, after requests for c0 with an id each. */
async function logged(t: TestContext, ...level: readonly string[]) {
  const server = start(['serve', '--port', '0', ...level], { cwd: folder })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stdout.includes('\n') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0] ?? assert.fail(server.printed.stderr)
  const response = await fetch(`${url}/api/predictions/spend/answers/c0`, { headers: { 'x-request-id': 'mine' } })
  const problem = (await response.json()) as Record<string, unknown>
  assert.deepEqual([response.status, problem.code, problem.requestId], [500, 'store_unreadable', 'mine'])
  assert.equal(JSON.stringify(problem).includes('published run'), false)
  server.child.kill('SIGTERM')
  const { stderr } = await server.ended
  return stderr.split('\n').filter(line => line !== '')
}

test('a defect is logged with the id of its request, and why; nothing more by default', async t => {
  const [line = '', ...rest] = await logged(t)
  const { level, code, requestId, message, stack, time, pid } = JSON.parse(line) as Record<string, string>
  assert.deepEqual([level, code, requestId], ['error', 'store_unreadable', 'mine'])
  assert.match(message as string, /no answers of the published run/)
  assert.match(stack as string, /\n +at /)
  assert.ok(!Number.isNaN(Date.parse(time as string)) && Number(pid) > 0)
  assert.deepEqual(rest, ['stopped'])
})

test('at info, stderr is log lines, without keys; at debug, each request stands there', async t => {
  const infos = (await logged(t, '--log-level', 'info')).map(line => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    infos.map(({ level, message }) => [level, level === 'info' ? message : '']),
    [
      ['info', 'serving'],
      ['error', ''],
      ['info', 'stopped'],
    ],
  )
  assert.equal(JSON.stringify(infos).includes('c0'), false)
  const debugs = (await logged(t, '--log-level', 'debug')).map(line => JSON.parse(line) as Record<string, unknown>)
  const { method, url, status, requestId } = debugs.find(({ level }) => level === 'debug') ?? assert.fail()
  assert.deepEqual([method, url, status, requestId], ['GET', '/api/predictions/spend/answers/c0', 500, 'mine'])
})

test('a level that there is not', async () => {
  const { code, stderr } = await prescore(['serve', '--log-level', 'loud'], { cwd: folder })
  assert.equal(code, 2)
  assert.match(stderr, /found loud; expected error, warn, info, debug/)
})
