/** Runs of rows that have their features themselves: whole, interrupted, exported, estimated, and by shards that somebody schedules. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { dryRun, exportRun, planOnly, runShards } from '../../src/batch/index.ts'
import { RunLayout } from '../../src/batch/layout.ts'
import type { OnProgress } from '../../src/batch/progress.ts'
import type { TableManifest } from '../../src/batch/stages/own-table.ts'
import { openShards } from '../../src/batch/totals.ts'
import { literal } from '../../src/parquet/index.ts'
import { prescore } from '../cli/process.ts'
import { inShop, type OpenShop, refused } from './harness.ts'
import { CONFIG, ENTITIES, type Entity, FEW, type Row, sqlOf } from './own-shop.ts'
import { AS_OF, AS_OF_US, makeShop, removeShop, writeRows } from './shop.ts'

let folder: string
before(async () => {
  folder = await makeShop({ config: CONFIG })
})
after(() => removeShop(folder))

const write = (rows: readonly Row[]) => writeRows(join(folder, 'rows.parquet'), sqlOf(rows))

async function exported(shop: OpenShop, prediction: Entity | `${Entity}Joined`, threads: number) {
  const { run, report } = await shop.run({ prediction, threads, shards: 5, repin: true })
  const { digest, missing, rejected, values } = report
  return { rows: await exportedRows(shop, run), digest, missing, rejected, values }
}

async function exportedRows({ app }: OpenShop, run: string): Promise<unknown> {
  const file = join(folder, 'export.parquet')
  await exportRun(await app.place(), { run, file, format: 'parquet', withFeatures: true })
  return (await app.database()).query(`SELECT * EXCLUDE (run, release, written_at) FROM read_parquet(${literal(file)})`, file)
}

test('a whole run and its export are the same, features and all', () =>
  inShop(folder, async shop => {
    await write(FEW)
    for (const entity of ENTITIES) assert.deepEqual(await exported(shop, entity, 2), await exported(shop, `${entity}Joined`, 1), entity)
  }))

test('a run that is interrupted while its shards are written goes on from those that are', () =>
  inShop(folder, async ({ app, run }) => {
    await write(FEW.slice(1))
    const controller = new AbortController()
    const onProgress: OnProgress = told => told.event === 'rows' && told.stage === 'stage' && told.done > 0 && controller.abort()
    const request = { prediction: 'number', threads: 2, shards: 12 }
    await assert.rejects(run({ ...request, repin: true, signal: controller.signal, onProgress }), refused('interrupted'))
    const { plan } = await planOnly(await app.place(), { ...request, asOfUs: AS_OF_US })
    const { length } = await openShards(new RunLayout((await app.place()).runs, plan.run), plan, 'score')
    assert.ok(length > 0 && length < 12, `${length} open`)
    const [resumed, joined] = [await run(request), await run({ prediction: 'numberJoined', repin: true })]
    assert.deepEqual([resumed.run, resumed.report.digest], [plan.run, joined.report.digest])
  }))

test('a key that comes twice, or not at all, is refused as ever', () =>
  inShop(folder, async ({ run }) => {
    const [first] = FEW as [Row]
    await write([...FEW, first])
    await assert.rejects(run({ prediction: 'number', repin: true }), refused('duplicate_keys', /"id":0/))
  }))

test('an integer that a double does not hold is refused', () =>
  inShop(folder, async ({ run }) => {
    await write([{ ...(FEW[0] as Row), flag: true, c: 2n ** 53n + 1n }])
    for (const prediction of ['number', 'numberJoined'])
      await assert.rejects(run({ prediction, repin: true }), refused('lossy_cast', /9007199254740993/))
  }))

test('features are told as long as the run is there, whatever has become of the table', () =>
  inShop(folder, async shop => {
    await write(FEW)
    const before = await exported(shop, 'number', 1)
    const { run } = await shop.run({ prediction: 'number' })
    const done = join(shop.app.runs, run, 'table', 'DONE')
    const { files } = JSON.parse(readFileSync(done, 'utf8')) as TableManifest
    const sizes = files.map(file => statSync(join(dirname(done), file)).size)
    assert.deepEqual(sizes, [statSync(join(folder, 'rows.parquet')).size])
    await write(FEW.slice(1))
    assert.deepEqual(await exportedRows(shop, run), before.rows)
    rmSync(join(dirname(done), files[0] as string))
    await assert.rejects(exportedRows(shop, run), refused('source_changed'))
  }))

test('a dry run tells what scoring rows as they are read takes', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      await write(FEW)
      const estimate = await dryRun(await app.place(), { prediction: 'pair', asOfUs: AS_OF_US, threads: 1 })
      assert.ok(!('finished' in estimate))
      assert.equal(estimate.rows, FEW.length)
      for (const [stage, seconds] of Object.entries(estimate.seconds)) assert.ok(seconds > 0, stage)
      const { report } = await run({ prediction: 'pair' })
      const ratio = estimate.fileBytes / (report.took?.bytes as number)
      assert.ok(ratio > 0.3 && ratio < 3, `${estimate.fileBytes} bytes of files expected, ${report.took?.bytes} found`)
    },
    { state: join(folder, 'dry') },
  ))

test('shards of features that somebody schedules have nothing to compute, and the run is finished from those of scores', () =>
  inShop(folder, async ({ app, run }) => {
    const rows = FEW.slice(3)
    await write(rows)
    const place = await app.place()
    const { plan } = await planOnly(place, { prediction: 'text', asOfUs: AS_OF_US, threads: 1, shards: 2, repin: true })
    const done = await runShards(place, { run: plan.run, stage: 'features', shards: [0, 1] })
    assert.deepEqual(done, { run: plan.run, stage: 'features', shards: [0, 1], open: 0 })
    await assert.rejects(run({ prediction: 'text', finishOnly: true }), refused('shards_open', /score/))
    await runShards(place, { run: plan.run, stage: 'score', shards: [1] })
    await runShards(place, { run: plan.run, stage: 'score', shards: [0, 1] })
    assert.equal((await run({ prediction: 'text', finishOnly: true })).report.rows, rows.length)
  }))

test('a plan tells which shards there are to compute', async () => {
  await write(FEW.slice(5))
  const { code, stdout } = await prescore(['run', 'pair', '--as-of', AS_OF, '--shards', '2', '--plan', '--repin'], { cwd: folder })
  assert.equal(code, 0)
  assert.match(
    stdout,
    /Rows have their features\. First `prescore shard [0-9a-f]{12} score --index N` for each N from 0 to 1,\nthen the same/,
  )
})
