/** A store that can only be read, as on a disk that is mounted so: it is read as it is, refuses to be written, and notices who writes it all the same. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '../../src/stores/index.ts'
import { refused } from '../batch/harness.ts'
import { headerOf } from '../conformance/prediction-store.ts'
import { cannotWrite } from '../lmdb/read-only.ts'
import { rowsOfRun } from './late.ts'

const ADD = `
import { openStore } from '${join(import.meta.dirname, '../../src/stores/index.ts')}'
const store = openStore(process.argv[1])
store.catalog.addRelease({ id: 'added', prediction: 'late', manifest: {} })
await store.close()
`

const turn = () => new Promise(resolve => setImmediate(resolve))

test('read as it is, and never written', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-read-only-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const made = openStore(folder)
  await made.predictions.load(headerOf('1', 100), rowsOfRun('1', 100))
  made.catalog.addRelease({ id: 'there', prediction: 'late', manifest: {} })
  const [row] = rowsOfRun('1', 100)
  const keyBytes = row?.keyBytes as Buffer
  const run = made.predictions.open('1')
  const value = run?.get(keyBytes)?.toString()
  assert.ok(value !== undefined)
  run?.close()
  await made.close()

  cannotWrite(t, folder)
  const before = fs.statSync(join(folder, 'data.mdb')).mtimeMs
  const store = openStore(folder)
  const again = store.predictions.open('1')
  assert.equal(again?.get(keyBytes)?.toString(), value)
  assert.equal(again?.count(), 100)
  assert.deepEqual(
    store.catalog.listReleases().map(({ id }) => id),
    ['there'],
  )
  assert.equal(store.predictions.open('another'), undefined)
  const writes = [
    () => store.catalog.addRelease({ id: 'new', prediction: 'late', manifest: {} }),
    () => store.predictions.load(headerOf('2', 1), rowsOfRun('2', 1)),
    () => store.predictions.drop('1'),
  ]
  for (const write of writes)
    await assert.rejects(async () => write(), refused('read_only', /The disk is read-only: choose another folder/), String(write))
  assert.equal(fs.statSync(join(folder, 'data.mdb')).mtimeMs, before)

  // Somebody writes to it after all: found within a second.
  execFileSync(process.execPath, ['--input-type=module', '-e', ADD, folder])
  await turn()
  store.catalog.listReleases()
  const nowMs = performance.now() + 1_001
  t.mock.method(performance, 'now', () => nowMs)
  await turn()
  for (let times = 0; times < 3; times++)
    assert.throws(
      () => store.catalog.listReleases(),
      refused('store_unreadable', /written while it can only be read here[\s\S]*a copy of its own/),
    )
  again?.close()
  await store.close()
})
