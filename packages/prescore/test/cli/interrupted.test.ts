/** Signals at moments of their own: in one long statement of the embedded database, and while a command that is done takes itself down. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AS_OF, CONFIG, changed, makeShop, removeShop } from '../batch/shop.ts'
import { prescore, start, until } from './process.ts'

/** Longer than any test. */
const SLOW = 'SELECT a.range FROM range(2000000000) a, range(2000000000) b WHERE (a.range * b.range) % 7 = 9'
/** It has three seconds to end in order; the rest is for a machine that is busy. */
const ENDED_MS = 20_000
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

function configOf(name: string, gates: string): string {
  const project = join(folder, name)
  writeFileSync(project, changed(CONFIG, 'gates: { coverage: 0.9 }', `gates: ${gates}`))
  return project
}

async function interrupted(args: readonly string[], isAtIt: (stderr: string) => boolean) {
  const { child, printed, ended } = start(args)
  await until(() => isAtIt(printed.stderr) || child.exitCode !== null)
  await sleep(500)
  assert.equal(child.exitCode, null, printed.stderr)
  const fromMs = performance.now()
  child.kill('SIGTERM')
  const cut = setTimeout(() => child.kill('SIGKILL'), 2 * ENDED_MS)
  const { code, stderr } = await ended
  clearTimeout(cut)
  assert.ok(performance.now() - fromMs < ENDED_MS, `${performance.now() - fromMs} ms`)
  return { code, stderr }
}

test('a long gate: exit code 75, and without it the same run is finished, with nothing computed again', async () => {
  const state = ['--state', join(folder, 'state')]
  const args = ['run', 'spend', '--as-of', AS_OF, ...state]
  const slow = configOf('slow.ts', `{ coverage: 0.9, sql: { slow: '${SLOW}' } }`)
  const staged = (stderr: string) => stderr.includes('"stage":"stage","done":31')
  const { code, stderr } = await interrupted([...args, '--json', '--project', slow], staged)
  assert.equal(code, 75, stderr)
  const { code: done, stdout, stderr: said } = await prescore([...args, '--json', '--project', configOf('quick.ts', '{ coverage: 0.9 }')])
  assert.equal(done, 0, stdout)
  assert.match(said, /"event":"planned".*"resumed":true/)
})

test('a signal that comes once all is printed, while the process takes itself down: it ends with an exit code all the same', async () => {
  const codes = new Set<number | null>()
  for (let turn = 0; turn < 6; turn++) {
    const { child, printed, ended } = start(turn % 2 === 0 ? ['help'] : ['check', '--project', folder])
    await until(() => printed.stdout !== '' || child.exitCode !== null)
    // More than one, as nobody sees when it begins.
    const signals = setInterval(() => child.kill('SIGINT'), 1)
    codes.add((await ended).code)
    clearInterval(signals)
  }
  assert.ok(!codes.has(null), 'one of them was ended by the signal')
})
