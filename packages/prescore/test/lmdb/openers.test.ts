/** Processes that open a folder while others write to it: nothing that was committed is taken back. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { LmdbFolder, realFolder } from '../../src/lmdb/index.ts'
import { counts, numberOf } from './processes/counts.ts'

const SECONDS = process.env.PRESCORE_FULL === '1' ? 20 : 4

test(`for ${SECONDS} s, two processes add and two open and close: no addition is lost`, async t => {
  const path = folderOf(t)
  const done = await runFor(SECONDS, 10, path, ['counter.ts', 'counter.ts', 'opener.ts', 'opener.ts'])
  const folder = new LmdbFolder(path, 'here', 4)
  const [a = 0, b = 0] = done
  assert.equal(numberOf(counts(folder)), a + b)
  await folder.close()
})

test(`for ${2 * SECONDS} s, two processes open a gate, pass and close it: none finds locks that the other destroyed, and none passes beside it`, async t => {
  const path = folderOf(t)
  const file = join(path, 'number')
  writeFileSync(file, '0')
  const done = await runFor(2 * SECONDS, 100, path, ['gates.ts', 'gates.ts'])
  const [a = 0, b = 0] = done
  assert.equal(Number(readFileSync(file, 'utf8')), a + b)
})

function folderOf(t: TestContext): string {
  const path = realFolder(mkdtempSync(join(tmpdir(), 'prescore-lmdb-')))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** What each of the scripts prints, at once: on a slow machine they go on until each has done it more often than so. */
function runFor(seconds: number, least: number, path: string, scripts: readonly string[]): Promise<number[]> {
  const until = Date.now() + 1000 * seconds
  return Promise.all(
    scripts.map(async script => {
      const args = [join(import.meta.dirname, 'processes', script), path, String(until), String(least)]
      const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
      assert.equal(stderr, '')
      return Number(stdout)
    }),
  )
}
