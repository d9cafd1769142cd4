/** The LMDB store between processes: switches seen without a restart, loads that are killed, publishers that race. */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { formatInstant } from '../../src/base/index.ts'
import { openStore } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'
import { asOfUsOf, late, publish, rowsOfRun } from './late.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prescore-processes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function start(script: string, ...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'processes', script), [folder, ...args], { serialization: 'advanced' })
}

interface Seen {
  readonly value: readonly [run: number, flight: number]
  readonly asOf: string
  readonly run: string
}

test('a reader in another process sees each switch without a restart, and never a mixed answer', async () => {
  const store = openStore(folder)
  await publish(store, '1')
  const reader = start('reader.ts')
  const runsSeen: string[] = []
  reader.on('message', ({ answers }: { answers: Seen[] }) => {
    for (const [i, { value, asOf, run }] of answers.entries()) {
      assert.deepEqual(value, [Number(run), [0, 7, 999][i]])
      assert.equal(asOf, formatInstant(asOfUsOf(run)))
      assert.equal(run, answers[0]?.run)
    }
    runsSeen.push(answers[0]?.run as string)
  })
  const untilSeen = async (run: string) => {
    while (runsSeen.at(-1) !== run) await once(reader, 'message')
  }
  await untilSeen('1')
  for (let run = 2; run <= 8; run++) {
    await publish(store, String(run))
    await untilSeen(String(run))
    // What is not served any more may go while others read.
    if (run > 4) store.predictions.drop(String(run - 2))
  }
  store.catalog.rollback(late.name)
  await untilSeen('7')
  reader.send('end')
  const [code] = await once(reader, 'exit')
  assert.equal(code, 0)
  assert.deepEqual(runsSeen, ['1', '2', '3', '4', '5', '6', '7', '8', '7'])
  await store.close()
})

test('what another process commits is seen at the next turn of the event loop', async () => {
  const store = openStore(folder)
  await publish(store, '1')
  await publish(store, '2')
  const script = join(import.meta.dirname, 'processes', 'publisher.ts')
  // After a file was read, the next turn comes with nothing between: no timer of lmdb's renews its snapshot.
  await readFile(script)
  assert.equal(store.catalog.pointer(late.name)?.run, '2')
  const before = store.catalog.snapshot()
  assert.equal(execFileSync(process.execPath, [script, folder, '1', '2'], { encoding: 'utf8' }), 'published\n')
  await new Promise(resolve => setImmediate(resolve))
  assert.notEqual(store.catalog.snapshot(), before)
  assert.equal(store.catalog.pointer(late.name)?.run, '1')
  await store.close()
})

test('a load killed halfway shows nothing, and is repeated by another process', async () => {
  const rows = 40_000
  const loader = start('loader.ts', '1', String(rows), '25000')
  assert.deepEqual(await once(loader, 'message'), [{ count: 25_000 }, undefined])
  loader.kill('SIGKILL')
  await once(loader, 'exit')
  const store = openStore(folder)
  assert.equal(store.predictions.open('1'), undefined)
  const again = start('loader.ts', '1', String(rows))
  const [code] = await once(again, 'exit')
  assert.equal(code, 0)
  const run = store.predictions.open('1')
  assert.equal(run?.count(), rows)
  for (const { keyBytes, valueText } of rowsOfRun('1', rows)) assert.equal(run?.get(keyBytes)?.toString(), valueText)
  run?.close()
  await store.close()
})

test('of processes that load the same run at once, each ends well and the run is whole', async () => {
  const rows = 30_000
  const loaders = [1, 2, 3].map(() => start('loader.ts', '1', String(rows)))
  const outcomes = loaders.map(async loader => {
    const messages: unknown[] = []
    loader.on('message', message => messages.push(message))
    // Whatever it has sent was read by then.
    const [code] = await once(loader, 'close')
    return { code, last: messages.at(-1) }
  })
  for (const outcome of await Promise.all(outcomes)) assert.deepEqual(outcome, { code: 0, last: { count: rows } })
  const store = openStore(folder)
  const run = store.predictions.open('1')
  assert.equal(run?.count(), rows)
  assert.deepEqual(run?.header, headerOf('1', rows))
  for (const { keyBytes, valueText } of rowsOfRun('1', rows)) assert.equal(run?.get(keyBytes)?.toString(), valueText)
  await store.close()
})

test('of publishers that expect the same, one wins', async () => {
  const store = openStore(folder)
  const runs = ['1', '2', '3', '4']
  for (const run of runs) store.catalog.putRun(runRecord(run))
  const publishers = runs.map(run => start('publisher.ts', run))
  await Promise.all(publishers.map(publisher => once(publisher, 'message')))
  const outcomes = publishers.map(async publisher => ((await once(publisher, 'message')) as [{ outcome: string }])[0].outcome)
  for (const publisher of publishers) publisher.send('go')
  const told = await Promise.all(outcomes)
  assert.deepEqual(told.toSorted(), ['publish_conflict', 'publish_conflict', 'publish_conflict', 'published'])
  const winner = runs[told.indexOf('published')] as string
  assert.equal(store.catalog.pointer(late.name)?.run, winner)
  assert.deepEqual(
    store.catalog
      .listRuns()
      .filter(({ state }) => state === 'published')
      .map(({ id }) => id),
    [winner],
  )
  // They close nothing, and still end by themselves.
  await Promise.all(publishers.map(async publisher => publisher.exitCode ?? (await once(publisher, 'exit'))))
  await store.close()
})
