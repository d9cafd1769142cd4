/** Where output goes: on a terminal colours and a line that is rewritten, elsewhere plain lines; NO_COLOR and FORCE_COLOR have their say. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AS_OF, makeShop, removeShop } from '../batch/shop.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')
const ESCAPE = '\u001b['
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

interface Printed {
  readonly stdout: string
  readonly stderr: string
}

function environment(more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, NODE_DISABLE_COLORS: ____, ...env } = process.env
  return { ...env, TERM: 'xterm-256color', ...more }
}

function piped(args: readonly string[], env: NodeJS.ProcessEnv = {}): Printed {
  return spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8', env: environment(env) })
}

/** On a pseudo-terminal, which is stdout and stderr at once. */
function onTerminal(args: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const command = [process.execPath, MAIN, ...args].map(word => `'${word}'`).join(' ')
  const { stdout, error } = spawnSync('script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    encoding: 'utf8',
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  assert.equal(error, undefined)
  return stdout
}

test('an error has colours on a terminal, none in a pipe or with NO_COLOR, and some in a pipe with FORCE_COLOR', () => {
  const args = ['get', 'spent', 'c0']
  assert.ok(onTerminal(args).includes(`${ESCAPE}31merror`))
  assert.ok(piped(args, { FORCE_COLOR: '1' }).stderr.includes(`${ESCAPE}31merror`))
  for (const text of [onTerminal(args, { NO_COLOR: '1' }), piped(args).stderr]) {
    assert.ok(!text.includes(ESCAPE), text)
    assert.match(text, /error unknown_prediction: .*`spent`.*\s+→ Did you mean `spend`\?/)
  }
})

test('progress rewrites its line on a terminal, and is whole lines in a log', () => {
  const args = (state: string) => ['run', 'spend', '--as-of', AS_OF, '--state', join(folder, state)]
  const { stdout, stderr } = piped(args('piped'))
  for (const control of ['\r', ESCAPE]) assert.ok(!(stdout + stderr).includes(control))
  assert.match(stderr, /^run \w{12} planned: 31 rows/m)
  assert.ok(onTerminal(args('terminal')).includes(`\r${ESCAPE}K`))
})
