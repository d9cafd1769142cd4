/** Processes that open a folder while others write to it: nothing that was committed is taken back. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { LmdbFolder, realFolder } from '../../src/lmdb/index.ts'
import { counts, numberOf } from './processes/counts.ts'

const SECONDS = process.env.PRESCORE_FULL === '1' ? 20 : 4

test(`for ${SECONDS} s, two processes add and two open and close: no addition is lost`, async t => {
  const path = realFolder(mkdtempSync(join(tmpdir(), 'prescore-lmdb-')))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  const until = Date.now() + 1000 * SECONDS
  const run = async (script: string) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      join(import.meta.dirname, 'processes', script),
      path,
      String(until),
    ])
    assert.equal(stderr, '')
    return Number(stdout)
  }
  const done = await Promise.all(['counter.ts', 'counter.ts', 'opener.ts', 'opener.ts'].map(run))
  assert.ok(done.every(times => times > 10))
  const folder = new LmdbFolder(path, 'here', 4)
  const [a = 0, b = 0] = done
  assert.equal(numberOf(counts(folder)), a + b)
  await folder.close()
})
