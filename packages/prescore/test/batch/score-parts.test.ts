/** Rows that are scored with their features: the same run as that of shards which are scored by themselves. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openContext } from '../../src/batch/context.ts'
import { planOnly, type RunReport, runShards } from '../../src/batch/index.ts'
import type { ScoreManifest } from '../../src/batch/stages/score-manifest.ts'
import { scoresWithFeatures } from '../../src/batch/stages/score-parts.ts'
import { sourcesPlace } from '../../src/sources/index.ts'
import { writeOnnx } from '../models/trees/write-onnx.ts'
import { doneFile, inShop, type OpenShop } from './harness.ts'
import { AS_OF_US, writeRows } from './shop.ts'

const CUSTOMERS = 2_500
const SHARDS = 5
const CONFIG = `
import { defineProject, entity, events, onnx, prediction } from '${new URL('../../src/index.ts', import.meta.url).href}'
const orders = events({
  files: 'orders.parquet',
  columns: { customer: 'int64', placed: 'timestamp', amount: 'float64' },
  time: 'placed',
})
const customer = entity({ customer: 'int64' })
const sums = orders.by(customer).features(f => ({ sum: f.sum('amount', { over: '7d' }), max: f.max('amount', { over: '7d' }) }))
const counts = orders.by(customer).features(f => ({ count: f.count({ over: '1d' }), std: f.std('amount', { over: '7d' }) }))
export default defineProject({
  sources: { orders },
  predictions: {
    spend: prediction({
      entity: customer,
      join: s => ({ sums: sums.at(s.key), counts: counts.at(s.key) }),
      features: s => ({ ...s.join.sums, ...s.join.counts, half: s.key.customer.div(2) }),
      model: onnx('model.onnx'),
      population: orders.since('30d').keys(customer),
      policy: { mode: 'batch' },
    }),
  },
})
`

let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prescore-score-parts-'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'prescore.config.ts'), CONFIG)
  writeFileSync(join(folder, 'model.onnx'), stumps())
  // Some amounts are beyond what the model's numbers hold, and some customers have bought nothing for a week.
  const at = `make_timestamptz(${AS_OF_US - 20 * 86_400e6} + CAST(hash(i) % ${20 * 86_400e6} AS BIGINT))`
  const amount = 'CASE WHEN i % 100 = 7 THEN 1e300 ELSE CAST(hash(i, 1) % 5000 AS DOUBLE) / 100 END'
  await writeRows(
    join(folder, 'orders.parquet'),
    `SELECT CAST(hash(i, 2) % ${CUSTOMERS} AS BIGINT) AS customer, ${at} AS placed, ${amount} AS amount FROM range(12000) AS t(i)`,
  )
})
after(() => rmSync(folder, { recursive: true }))

/** A tree of one step for each of the five features. */
function stumps(): Buffer {
  const each = <T>(of: (feature: number) => T) => Array.from({ length: 5 }, (_, feature) => of(feature))
  const ints = (values: readonly number[]) => ({ ints: values })
  return writeOnnx({
    kind: 'TreeEnsembleRegressor',
    features: 5,
    outputs: 1,
    attributes: {
      n_targets: 1,
      nodes_treeids: ints(each(tree => [tree, tree, tree]).flat()),
      nodes_nodeids: ints(each(() => [0, 1, 2]).flat()),
      nodes_featureids: ints(each(feature => [feature, 0, 0]).flat()),
      nodes_modes: each(() => ['BRANCH_LEQ', 'LEAF', 'LEAF']).flat(),
      nodes_values: { floats: each(feature => [[60, 30, 0, 10, 600][feature] as number, 0, 0]).flat() },
      nodes_truenodeids: ints(each(() => [1, 0, 0]).flat()),
      nodes_falsenodeids: ints(each(() => [2, 0, 0]).flat()),
      target_treeids: ints(each(tree => [tree, tree]).flat()),
      target_nodeids: ints(each(() => [1, 2]).flat()),
      target_ids: ints(each(() => [0, 0]).flat()),
      target_weights: { floats: each(feature => [0.5 ** feature, -(0.25 ** feature)]).flat() },
    },
  })
}

/** All but what differs from time to time. */
function facts({ digest, rows, ok, rejected, missing, values, distribution, extent }: RunReport) {
  return { digest, rows, ok, rejected, missing, values, distribution, extent }
}

function manifests(shop: OpenShop, run: string) {
  return Array.from({ length: SHARDS }, (_, shard) => {
    const { rows, ok, rejected, missing, digest } = JSON.parse(readFileSync(doneFile(shop, run, 'score', shard), 'utf8')) as ScoreManifest
    return { rows, ok, rejected, missing, digest }
  })
}

test('by any number of workers, as by whoever scores shards by themselves', async () => {
  const byItself = await inShop(
    folder,
    async shop => {
      const { app, run } = shop
      const place = await app.place()
      const { plan } = await planOnly(place, { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, shards: SHARDS })
      const context = await openContext({ ...sourcesPlace(app.loaded), plan, releases: app.releases, runs: app.runs }, await app.database())
      assert.ok(scoresWithFeatures(context))
      const all = Array.from({ length: SHARDS }, (_, shard) => shard)
      for (const stage of ['features', 'score'] as const) await runShards(place, { run: plan.run, stage, shards: all })
      const { report } = await run({ shards: SHARDS, finishOnly: true })
      return { facts: facts(report), manifests: manifests(shop, plan.run) }
    },
    { state: join(folder, 'by-itself') },
  )
  assert.ok((byItself.facts.rejected.feature_out_of_range ?? 0) > 10 && byItself.facts.ok > 2_000)
  assert.ok((byItself.facts.missing.std ?? 0) > 10)
  for (const threads of [1, 2, 3]) {
    const state = join(folder, `threads-${threads}`)
    const together = await inShop(
      folder,
      async shop => {
        const { run, report } = await shop.run({ shards: SHARDS, threads })
        return { facts: facts(report), manifests: manifests(shop, run) }
      },
      { state, threads },
    )
    assert.deepEqual(together, byItself, `${threads} threads`)
  }
})
