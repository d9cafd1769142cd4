/** Rows that have their features themselves are scored as they are read: the same to the bit as by joining them by key. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { openContext } from '../../src/batch/context.ts'
import type { Together } from '../../src/batch/engines/task.ts'
import { planOnly, runShards } from '../../src/batch/index.ts'
import { RunLayout } from '../../src/batch/layout.ts'
import { readScoreManifest, type ScoreManifest } from '../../src/batch/stages/score-manifest.ts'
import { scoreOwnShards } from '../../src/batch/stages/score-own.ts'
import { piecesOf } from '../../src/batch/stages/staged-piece.ts'
import { PeerTalk, peersOf } from '../../src/history/index.ts'
import { openModel } from '../../src/models/index.ts'
import { sourcesPlace } from '../../src/sources/index.ts'
import { inShop, type OpenShop } from './harness.ts'
import { CONFIG, ENTITIES, type Entity, id, type Row, rowsOf, smallId, sqlOf } from './own-shop.ts'
import { AS_OF_US, makeShop, removeShop, writeRows } from './shop.ts'

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
