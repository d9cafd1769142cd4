/** Rows that have their features themselves are scored as they are read: the same to the bit as by joining them by key. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { openContext } from '../../src/batch/context.ts'
import type { Together } from '../../src/batch/engines/task.ts'
import { dryRun, exportRun, planOnly, runShards } from '../../src/batch/index.ts'
import { RunLayout } from '../../src/batch/layout.ts'
import type { OnProgress } from '../../src/batch/progress.ts'
import type { TableManifest } from '../../src/batch/stages/own-table.ts'
import { readScoreManifest, type ScoreManifest } from '../../src/batch/stages/score-manifest.ts'
import { scoreOwnShards } from '../../src/batch/stages/score-own.ts'
import { piecesOf } from '../../src/batch/stages/staged-piece.ts'
import { openShards } from '../../src/batch/totals.ts'
import { PeerTalk, peersOf } from '../../src/history/index.ts'
import { openModel } from '../../src/models/index.ts'
import { literal } from '../../src/parquet/index.ts'
import { sourcesPlace } from '../../src/sources/index.ts'
import { prescore } from '../cli/process.ts'
import { inShop, type OpenShop, refused } from './harness.ts'
import { AS_OF, AS_OF_US, makeShop, removeShop, writeRows } from './shop.ts'

const ENTITIES = ['number', 'text', 'pair'] as const
type Entity = (typeof ENTITIES)[number]

/** Each prediction twice: of all rows, and of rows for which something holds that always does, so that they are joined by key. */
const CONFIG = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const rows = table({
  files: 'rows.parquet',
  columns: { id: 'int64', name: 'string', part: 'int64', a: 'float64', b: 'float64', c: 'int64', flag: 'boolean', word: 'string' },
  derive: r => ({ twice: r.a.plus(r.a) }),
})
const number = entity({ id: 'int64' })
const text = entity({ name: 'string' })
const pair = entity({ word: 'string', id: 'int64' })
const features = f => ({
  a: f.last('a'),
  b: f.current('b', { default: 7 }),
  c: f.first('c', { where: r => r.flag }),
  twice: f.mode('twice'),
  word: f.last('word', { where: r => r.flag }),
})
const of = (key, own, all) => ({
  entity: key,
  join: s => ({ own: own.at(s.key) }),
  features: s => ({
    a: s.join.own.a,
    b: s.join.own.b.plus(s.join.own.twice),
    c: s.join.own.c,
    word: s.join.own.word.eq('b'),
  }),
  model: onnx('model.onnx', { output: 'values[0]' }),
  population: all ? rows.keys(key) : rows.where(r => r.id.isMissing().not()).keys(key),
  policy: { mode: 'batch' },
})
export default defineProject({
  sources: { rows },
  predictions: Object.fromEntries(
    Object.entries({ number, text, pair }).flatMap(([name, key]) => {
      const own = rows.by(key).features(features)
      return [[name, prediction(of(key, own, true))], [name + 'Joined', prediction(of(key, own, false))]]
    }),
  ),
})
`

interface Row {
  readonly id: bigint
  readonly name: string
  readonly a: number | null
  readonly b: number | null
  readonly c: bigint | null
  readonly flag: boolean | null
  readonly word: string
}

const id = fc.oneof(fc.bigInt(-40n, 40n), fc.bigInt(2n ** 53n - 4n, 2n ** 53n + 4n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
const smallId = fc.oneof(fc.bigInt(0n, 30n), fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n))
const number = fc.oneof(fc.double(), fc.constantFrom(-0, 0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e300), fc.integer())
const row = (ids: fc.Arbitrary<bigint>): fc.Arbitrary<Row> =>
  fc.record({
    id: ids,
    name: fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\u{1f600}', '~', "'"), maxLength: 4 }),
    a: fc.option(number),
    b: fc.option(number),
    c: fc.option(fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n)),
    flag: fc.option(fc.boolean()),
    word: fc.constantFrom('a', 'b', ''),
  })
const rowsOf = (ids: fc.Arbitrary<bigint>, least = 1) =>
  fc.uniqueArray(row(ids), { minLength: least, maxLength: 60, selector: ({ id: key }) => key })

function sqlOf(rows: readonly Row[]): string {
  const double = (value: number | null) => (value === null ? 'NULL::DOUBLE' : `'${Object.is(value, -0) ? '-0' : value}'::DOUBLE`)
  const text = (value: string) => literal(value)
  const values = rows.map(
    ({ id: key, name, a, b, c, flag, word }, i) =>
      `('${key}'::BIGINT, ${text(`${name}${i}`)}, ${i % 3}::BIGINT, ${double(a)}, ${double(b)}, ${c === null ? 'NULL::BIGINT' : `'${c}'::BIGINT`}, ${flag}::BOOLEAN, ${text(word)})`,
  )
  return `SELECT * FROM (VALUES ${values.join(', ')}) AS v(id, name, part, a, b, c, flag, word)`
}

let folder: string
before(async () => {
  folder = await makeShop({ config: CONFIG })
})
after(() => removeShop(folder))

const write = (rows: readonly Row[]) => writeRows(join(folder, 'rows.parquet'), sqlOf(rows))

/** What each shard came to. */
async function shardsOf({ app }: OpenShop, prediction: string, shards: number, groups: readonly (readonly number[])[]): Promise<unknown[]> {
  const place = await app.place()
  const { plan } = await planOnly(place, { prediction, asOfUs: AS_OF_US, threads: 1, shards, repin: true })
  assert.equal(plan.shards.features, prediction.endsWith('Joined') ? shards : 0, 'the way it takes')
  const { run } = plan
  if (plan.shards.features > 0) await runShards(place, { run, stage: 'features', shards: Array.from({ length: shards }, (_, i) => i) })
  for (const group of groups) await runShards(place, { run, stage: 'score', shards: group })
  const layout = new RunLayout(place.runs, run)
  const done = await Promise.all(Array.from({ length: shards }, (_, shard) => readScoreManifest({ layout }, shard)))
  return done.map(each => ({ ...each, file: undefined, seconds: undefined }))
}

test('the same shards, rejected rows and missing features, whatever the keys and the order of the rows', () =>
  inShop(folder, shop =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(rowsOf(id), rowsOf(smallId)),
        fc.constantFrom(...ENTITIES),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (rows, entity, shards, isSplit) => {
          await write(rows)
          const all = Array.from({ length: shards }, (_, i) => i)
          const groups = isSplit ? [all.filter(i => i % 2 === 1), all.filter(i => i % 2 === 0)].filter(({ length }) => length > 0) : [all]
          assert.deepEqual(await shardsOf(shop, entity, shards, groups), await shardsOf(shop, `${entity}Joined`, shards, [all]))
        },
      ),
      { numRuns: process.env.PRESCORE_FULL === '1' ? 60 : 8 },
    ),
  ))

/** By two workers that read together, one of whom may leave before. */
async function shardsTogether({ app }: OpenShop, entity: Entity, shards: number, leaves: boolean): Promise<unknown[]> {
  const { loaded, database, releases, runs } = await app.place()
  const { plan } = await planOnly(await app.place(), { prediction: entity, asOfUs: AS_OF_US, threads: 2, shards, repin: true })
  const context = await openContext({ ...sourcesPlace(loaded), plan, releases, runs }, database)
  const { prediction, release, layout } = context
  const names = prediction.features.map(({ name }) => name)
  const model = await openModel(release.modelFile, prediction.model, names)
  const all = Array.from({ length: shards }, (_, shard) => shard)
  const groups = [all.slice(0, shards >> 1), all.slice(shards >> 1)]
  const peers = peersOf(groups.length)
  const met: number[] = []
  const worker = (i: number, together?: Together) =>
    scoreOwnShards(context, model, groups[i] as readonly number[], rows => met.push(rows), together)
  const [first, second] = peers.map((each): Together => ({ peers: each, shards: groups }))
  const others = worker(0, first)
  if (leaves) new PeerTalk((second as Together).peers).leave()
  await Promise.all([others, worker(1, leaves ? undefined : second)])
  await model.close()
  assert.equal(
    met.reduce((a, b) => a + b, 0),
    plan.population.rows,
  )
  const done = await Promise.all(all.map(shard => readScoreManifest({ layout }, shard)))
  return done.map(each => ({ ...each, file: undefined, seconds: undefined }))
}

test('workers that read the table together come to the same shards, and so does each when another leaves', () =>
  inShop(folder, async shop => {
    for (const ids of [id, smallId]) {
      const [rows] = fc.sample(rowsOf(ids, 25), { numRuns: 1, seed: 7 }) as [Row[]]
      await write(rows)
      for (const entity of ENTITIES) {
        const alone = await shardsOf(shop, `${entity}Joined`, 4, [[0, 1, 2, 3]])
        assert.deepEqual(await shardsTogether(shop, entity, 4, false), alone, entity)
        assert.deepEqual(await shardsTogether(shop, entity, 4, true), alone, entity)
      }
    }
  }))

const FEW: readonly Row[] = Array.from({ length: 50 }, (_, i) => ({
  ...{ id: BigInt((i * 37) % 101), name: 'n', a: i % 7 === 0 ? null : i, b: i % 5 === 0 ? null : i / 4, c: BigInt(i) },
  ...{ flag: i % 2 === 0, word: i % 3 === 0 ? 'b' : 'a' },
}))

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

test('a shard that is staged in pieces comes to what several come to, with rejected rows too', async () => {
  const rows = 140_000
  const columns = `i AS id, 'n' || i AS name, i % 3 AS part, CASE WHEN i % 70001 = 5 THEN 'Infinity'::DOUBLE ELSE i / 7.0 END AS a,
    CASE WHEN i % 10 > 0 THEN i END::DOUBLE AS b, i % 100 AS c, true AS flag, 'b' AS word`
  await writeRows(join(folder, 'rows.parquet'), `SELECT ${columns} FROM range(${rows}) t(i)`)
  const reportOf = async (shards: number, threads: number) => {
    const options = { state: join(folder, `pieces-${shards}`), threads }
    const { report } = await inShop(folder, ({ run }) => run({ prediction: 'number', shards, publish: 'never' }), options)
    return { ...report, seconds: undefined, took: undefined }
  }
  const [found, seven, held] = [await reportOf(1, 2), await reportOf(7, 1), await reportOf(3, 2)]
  assert.ok(piecesOf([{ rows, shard: 0 } as ScoreManifest]).length > 1)
  assert.deepEqual([found, held], [seven, seven])
  assert.deepEqual([found.ok, found.rejected], [rows - 2, { value_not_finite: 2 }])
})
