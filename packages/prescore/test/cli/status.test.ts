/** `prescore status`: of files and of a running server, as text and as data. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AS_OF, makeShop, removeShop } from '../batch/shop.ts'
import { HYBRID } from '../live/house.ts'
import { prescore, start, until } from './process.ts'

let folder: string
const NOW = '2026-03-10T12:30:00Z'

before(async () => {
  folder = await makeShop({ config: HYBRID })
  const { code, stderr } = await prescore(['run', 'spend', '--as-of', AS_OF], { cwd: folder })
  assert.equal(code, 0, stderr)
})
after(() => removeShop(folder))

test('of files', async () => {
  const [words, data, old] = await Promise.all([
    prescore(['status', '--now', NOW], { cwd: folder }),
    prescore(['status', '--now', NOW, '--json'], { cwd: folder }),
    prescore(['status', '--now', '2026-03-12T12:00:00Z'], { cwd: folder }),
  ])
  assert.deepEqual([words.code, words.stderr], [0, ''])
  assert.match(words.stdout, /^At 2026-03-10T12:30:\d\dZ\n\n[\s\S]*spend +hybrid +\w{12} +\w{12} +2026-03-10T12:00:00Z +30 min( \d+ s)? /)
  assert.match(words.stdout, /orders +0 +–[\s\S]*Nothing to do\.\n$/)
  const { predictions, warnings } = JSON.parse(data.stdout) as { predictions: { serves: { keys: number } }[]; warnings: unknown[] }
  assert.deepEqual([predictions[0]?.serves.keys, warnings], [31, []])
  assert.equal(old.code, 0)
  assert.match(old.stdout, /warning predictions\.spend: .* is 2 d old; max age is 1 d\.\n {4}→ Run `prescore run spend`/)
})

test('of a server; one that is not there is refused', async t => {
  const server = start(['serve', '--port', '0', '--now', NOW], { cwd: folder })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stderr.includes('answering spend live') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0] ?? assert.fail(server.printed.stderr)
  await fetch(`${url}/api/predictions/spend/answers/c0?prefer=live`)
  const { code, stdout } = await prescore(['status', '--url', url])
  assert.equal(code, 0)
  assert.match(stdout, /spend +hybrid .* ready\n/)
  assert.match(stdout, /spend +1 +live 100\.0 %/)
  server.child.kill('SIGTERM')
  await server.ended
  const gone = await prescore(['status', '--url', url])
  assert.deepEqual([gone.code, gone.stdout], [75, ''])
  assert.match(gone.stderr, /error server_unreachable: .*ECONNREFUSED/)
})

test('wrong uses', async () => {
  const [both, none] = await Promise.all([
    prescore(['status', '--url', 'http://127.0.0.1:1', '--now', NOW]),
    prescore(['status', '--url', 'nowhere']),
  ])
  assert.deepEqual([both.code, none.code], [2, 2])
})
