/** The server as a process: its address, answers over HTTP, and how it ends. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { AS_OF, expectedAnswers, makeShop, removeShop } from '../batch/shop.ts'
import { prescore, start, until } from './process.ts'

let folder: string

before(async () => {
  folder = await makeShop()
  const { code, stderr } = await prescore(['run', 'spend', '--as-of', AS_OF], { cwd: folder })
  assert.equal(code, 0, stderr)
})
after(() => removeShop(folder))

/** A server that ends with its test, whatever happens. */
async function serving(t: TestContext, ...args: readonly string[]) {
  const server = start(['serve', '--port', '0', ...args], { cwd: folder })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stdout.includes('\n') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0]
  assert.ok(url !== undefined, server.printed.stderr)
  return { ...server, url }
}

const get = async (url: string) => (await fetch(url)).json() as Promise<Record<string, unknown>>

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`looks up, follows a publish of another process, and ends with 0 at ${signal}`, async t => {
    const { child, ended, url } = await serving(t, '--now', '2026-03-10T12:30:00Z')
    const answer = await get(`${url}/api/predictions/spend/answers/c0`)
    assert.deepEqual([answer.value, answer.source, answer.degraded], [expectedAnswers().get('c0'), 'store', false])
    const age = (Date.parse('2026-03-10T12:30:00Z') - Date.parse(answer.asOf as string)) / 1000
    assert.ok((answer.ageSeconds as number) >= age && (answer.ageSeconds as number) < age + 60, String(answer.ageSeconds))
    assert.equal((await get(`${url}/api/predictions/spend/answers/nobody`)).code, 'unknown_key')
    if (signal === 'SIGTERM') {
      assert.equal((await prescore(['run', 'spend', '--as-of', '2026-03-10T12:20:00Z'], { cwd: folder })).code, 0)
      const next = await get(`${url}/api/predictions/spend/answers/c0`)
      assert.equal(next.asOf, '2026-03-10T12:20:00.000000Z')
    }
    child.kill(signal)
    const { code, stdout, stderr } = await ended
    assert.deepEqual([code, stderr], [0, 'stopped\n'])
    assert.match(stdout, /^Serving spend at http:\S+, as if it were 2026-03-10T12:30:00\.000000Z\n$/)
  })
}

test('--json: one document with the address', async t => {
  const { child, ended, url } = await serving(t, '--json')
  child.kill('SIGTERM')
  const { code, stdout } = await ended
  assert.equal(code, 0)
  assert.deepEqual(JSON.parse(stdout), { url, predictions: ['spend'] })
})

test('a port that is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await until(() => other.listening)
  const { port } = other.address() as { port: number }
  const [words, data] = await Promise.all([
    prescore(['serve', '--port', String(port)], { cwd: folder }),
    prescore(['serve', '--port', String(port), '--json'], { cwd: folder }),
  ])
  other.close()
  assert.deepEqual([words.code, words.stdout, data.code], [1, '', 1])
  assert.match(words.stderr, new RegExp(`error port_in_use: .*127\\.0\\.0\\.1:${port}`))
  assert.equal((JSON.parse(data.stdout) as { error: { code: string } }).error.code, 'port_in_use')
})
