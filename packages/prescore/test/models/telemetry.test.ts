/** ONNX Runtime tells nobody what it runs, and leaves nothing behind: on the main thread, and in workers that load it first. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { AS_OF, makeShop, removeShop } from '../batch/shop.ts'
import { prescore } from '../cli/process.ts'

/** What a run leaves in the home and temporary folders. */
async function leftBy(t: TestContext, args: readonly string[], more: Record<string, string> = {}): Promise<readonly string[]> {
  const folder = await makeShop()
  t.after(() => removeShop(folder))
  const home = mkdtempSync(join(tmpdir(), 'prescore-home-'))
  t.after(() => rmSync(home, { recursive: true, force: true }))
  mkdirSync(join(home, 'tmp'))
  // On a machine for tests it is silent by itself.
  const env = {
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    XDG_CACHE_HOME: join(home, 'cache'),
    CI: '',
    TF_BUILD: '',
    GITHUB_ACTIONS: '',
    ...more,
  }
  const { code, stderr } = await prescore(args, { cwd: folder, env })
  assert.equal(code, 0, stderr)
  return readdirSync(home, { recursive: true })
    .map(String)
    .filter(name => name !== 'tmp')
}

test('a release and a run by worker threads leave nothing', async t => {
  assert.deepEqual(await leftBy(t, ['release', 'spend']), [])
  assert.deepEqual(await leftBy(t, ['run', 'spend', '--as-of', AS_OF, '--threads', '2', '--shards', '2']), [])
})
