/** The LMDB store when its folder is not as it should be, and at its limits. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { open as openLmdb } from 'lmdb'
import { PrescoreError } from '../../src/base/index.ts'
import { encodeKey } from '../../src/project/index.ts'
import { openStore, type RunHeader } from '../../src/stores/index.ts'
import { headerOf, rowsOf } from '../conformance/prediction-store.ts'
import { rowsOfRun } from './late.ts'

const root = mkdtempSync(join(tmpdir(), 'prescore-failures-'))
after(() => rmSync(root, { recursive: true }))

const rejects = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code

function folderWith(name: string, dataFile: Buffer): string {
  mkdirSync(join(root, name))
  writeFileSync(join(root, name, 'data.mdb'), dataFile)
  return join(root, name)
}

test('a folder that is a file, or lies below one, is refused', () => {
  writeFileSync(join(root, 'file'), 'not a folder')
  assert.throws(() => openStore(join(root, 'file')), rejects('store_unreadable'))
  assert.throws(() => openStore(join(root, 'file', 'below')), rejects('store_unreadable'))
})

test('a data file that is no store, or a torn one, is refused and does not end the process', async () => {
  assert.throws(() => openStore(folderWith('garbage', Buffer.alloc(20_000, 7))), rejects('store_unreadable'))
  assert.throws(() => openStore(folderWith('zeros', Buffer.alloc(20_000))), rejects('store_unreadable'))
  assert.throws(() => openStore(folderWith('short', Buffer.from('short'))), rejects('store_unreadable'))
  const whole = openStore(join(root, 'whole'))
  await whole.predictions.load(headerOf('1', 200_000), rowsOfRun('1', 200_000))
  await whole.close()
  const path = join(root, 'whole', 'data.mdb')
  const size = statSync(path).size
  assert.ok(size > 5 * 1024 * 1024)
  truncateSync(path, 500_000)
  assert.throws(() => openStore(join(root, 'whole')), rejects('store_unreadable'))
  truncateSync(path, 4_096)
  assert.throws(() => openStore(join(root, 'whole')), rejects('store_unreadable'))
})

test('a small data file is refused wherever it was cut into what it holds, and not where pages were left out that hold nothing', async () => {
  const whole = openStore(join(root, 'small'))
  await whole.predictions.load(headerOf('1', 2_000), rowsOfRun('1', 2_000))
  await whole.close()
  const bytes = readFileSync(join(root, 'small', 'data.mdb'))
  for (let cut = 2; 4_096 * cut < bytes.length; cut++)
    assert.throws(() => openStore(folderWith(`cut-${cut}`, bytes.subarray(0, 4_096 * cut))), rejects('store_unreadable'), `${cut} pages`)

  // As if one transaction had taken three more pages and freed them again: lmdb counts such pages, and does not write them.
  for (const lastPage of [144, 4_096 + 144]) bytes.writeBigUInt64LE(bytes.readBigUInt64LE(lastPage) + 3n, lastPage)
  const store = openStore(folderWith('left-out', bytes))
  const run = store.predictions.open('1')
  for (const { keyBytes, valueText } of rowsOfRun('1', 2_000)) assert.equal(run?.get(Buffer.from(keyBytes))?.toString(), valueText)
  await store.close()
})

test('an empty data file is a new store', async () => {
  const store = openStore(folderWith('empty', Buffer.alloc(0)))
  assert.deepEqual(store.predictions.list(), [])
  await store.close()
})

test('a store of a later format is refused, and left as it is', async () => {
  const folder = join(root, 'later')
  await openStore(folder).close()
  const raw = openLmdb<string, Buffer>({ path: folder, noSubdir: false, encoding: 'string', keyEncoding: 'binary' })
  raw.openDB<string, Buffer>('meta', { encoding: 'string', keyEncoding: 'binary' }).putSync(Buffer.from('format'), '2')
  await raw.close()
  const before = readFileSync(join(folder, 'data.mdb'))
  assert.throws(() => openStore(folder), rejects('store_format'))
  assert.throws(() => openStore(folder), rejects('store_format'))
  assert.ok(before.equals(readFileSync(join(folder, 'data.mdb'))))
})

test('a run of a later format is refused', async () => {
  const store = openStore(join(root, 'later-run'))
  await store.predictions.load(headerOf('1', 1, { format: 2 } as Partial<RunHeader>), rowsOf({ x: '1' }))
  assert.throws(() => store.predictions.open('1'), rejects('store_format'))
  await store.close()
})

test('a full disk refuses a load, keeps what was there, and leaves the store readable', () => {
  const script = join(import.meta.dirname, 'processes', 'filler.ts')
  const folder = join(root, 'full')
  const out = execFileSync('bash', ['-c', 'ulimit -f 3000; exec "$0" "$@"', process.execPath, script, folder], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(out), { code: 'store_unreadable', runs: ['1'], last: '[1,999]' })
})

test('closes twice, may be closed by each who opened it, and says so when used after', async () => {
  const folder = join(root, 'closing')
  const [one, other] = [openStore(folder), openStore(folder)]
  await one.predictions.load(headerOf('1', 1), rowsOf({ x: '1' }))
  const run = other.predictions.open('1')
  await one.close()
  await one.close()
  assert.equal(run?.get(Buffer.from('x'))?.toString(), '1')
  await other.close()
  await other.close()
  assert.throws(() => run?.get(Buffer.from('x')), rejects('store_unreadable'))
  assert.throws(() => other.catalog.pointer('late'), rejects('store_unreadable'))
  assert.throws(() => other.catalog.rollback('late'), rejects('store_unreadable'))
  await assert.rejects(other.predictions.load(headerOf('2', 1), rowsOf({ x: '1' })), rejects('store_unreadable'))
  run?.close()
  const again = openStore(folder)
  assert.deepEqual(again.predictions.list(), [headerOf('1', 1)])
  await again.close()
})

test('more runs come and go than can be open at once', async () => {
  const store = openStore(join(root, 'many'))
  for (let i = 0; i < 300; i++) {
    const name = `run${i}`
    await store.predictions.load(headerOf(name, 1), rowsOf({ x: String(i) }))
    const run = store.predictions.open(name)
    assert.equal(run?.get(Buffer.from('x'))?.toString(), String(i))
    run?.close()
    if (i >= 2) store.predictions.drop(`run${i - 2}`)
  }
  assert.equal(store.predictions.list().length, 2)
  await store.close()
})

test('a number under a short key costs at most 60 bytes on disk, and dropped runs give their room back', async () => {
  const store = openStore(join(root, 'size'))
  const columns = { origin: 'string', destination: 'string', hour: 'int64' } as const
  const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
  const origins = letters.slice(0, 20).flatMap(a => letters.slice(0, 10).map(b => `J${a}${b}`))
  const rows = origins.flatMap(origin =>
    letters.flatMap(d =>
      Array.from({ length: 8 }, (_, hour) => ({
        keyBytes: encodeKey(columns, { origin, destination: `LA${d}`, hour }),
        valueText: String(Math.sin(hour + 1)),
      })),
    ),
  )
  for (let run = 0; run < 4; run++) {
    await store.predictions.load(headerOf(String(run), rows.length), rows)
    if (run > 0) store.predictions.drop(String(run - 1))
  }
  await store.close()
  // The run that is there, and room for one that is being loaded beside it.
  const bytes = statSync(join(root, 'size', 'data.mdb')).size / (2 * rows.length)
  assert.ok(bytes <= 60, `${bytes.toFixed(1)} bytes a key of ${rows[0]?.keyBytes.length} bytes`)
})
