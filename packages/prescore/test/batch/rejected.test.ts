/** Rows that cannot be scored: each fails alone, with its key and the reason, and the gate decides. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { diffRuns, exportRun } from '../../src/batch/index.ts'
import { literal } from '../../src/parquet/index.ts'
import { inShop, type OpenShop, storedCount } from './harness.ts'
import { makeShop, putModel, removeShop, writeRows } from './shop.ts'

const folders: string[] = []
after(() => folders.forEach(removeShop))

/** A table of items with the two features of the model as they are: [1, 2, 3, 4][place] / divisor. */
const ITEMS = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const items = table({ files: 'items.parquet', columns: { item: 'int64', place: 'float64', divisor: 'float64' } })
const item = entity({ item: 'int64' })
const facts = items.by(item).features(f => ({ place: f.last('place'), divisor: f.last('divisor') }))
export default defineProject({
  sources: { items },
  predictions: {
    spend: prediction({
      entity: item,
      join: s => ({ facts: facts.at(s.key) }),
      features: s => s.join.facts,
      model: onnx('model.onnx'),
      population: items.keys(item),
      policy: { mode: 'batch' },
      gates: { coverage: 0.5 },
    }),
  },
})
`

type Item = readonly [place: number | null, divisor: number | string | null]

async function makeItems(items: readonly Item[], config = ITEMS): Promise<string> {
  const folder = await makeShop({ config, model: 'fragile' })
  folders.push(folder)
  await writeItems(folder, items)
  return folder
}

async function writeItems(folder: string, items: readonly Item[]): Promise<void> {
  const sql = (value: number | string | null) => (value === null ? 'NULL::DOUBLE' : `'${value}'::DOUBLE`)
  const rows = items.map(([place, divisor], i) => `(${i}::BIGINT, ${sql(place)}, ${sql(divisor)})`)
  await writeRows(join(folder, 'items.parquet'), `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(item, place, divisor)`)
}

/** The rejected rows as they are kept: item and code, of all shards. */
async function rejectedRows({ app }: OpenShop, run: string): Promise<Record<string, string>> {
  const files = literal(join(app.runs, run, 'score/*/*.parquet'))
  const rows = await (await app.database()).query(
    `SELECT key_item, rejected, value FROM read_parquet(${files}) WHERE rejected IS NOT NULL ORDER BY key_item`,
    'score',
  )
  for (const { value } of rows) assert.equal(value, null)
  return Object.fromEntries(rows.map(({ key_item, rejected }) => [String(key_item), String(rejected)]))
}

const MIXED: readonly Item[] = [
  [0, 2],
  [3, 2],
  [9, 1], // the model has no place 9: its whole call fails
  [1, 0], // 2 / 0
  [-7, 1],
  [1, 1e39], // beyond float32
  [2, 'Infinity'], // 3 / ∞ = 0
  [2, '-Infinity'],
  [2, null], // 3 / NaN
  [1, -1e39],
  [0, 1],
]
const VALUES: Readonly<Record<number, string>> = { 0: '0.5', 1: '2', 6: '0', 7: '-0', 10: '1' }
const REJECTED = {
  2: 'model_failed',
  3: 'value_not_finite',
  4: 'model_failed',
  5: 'feature_out_of_range',
  8: 'value_not_finite',
  9: 'feature_out_of_range',
}

for (const shards of [1, 3]) {
  test(`ok + rejected = planned, each with its key and reason, in ${shards} shards; the gate stops the run`, async () => {
    const folder = await makeItems(MIXED)
    await inShop(folder, async shop => {
      const { run, state, report } = await shop.run({ shards })
      assert.deepEqual([state, report.rows, report.ok], ['gated', 11, 5])
      assert.deepEqual(report.rejected, { model_failed: 2, value_not_finite: 2, feature_out_of_range: 2 })
      assert.deepEqual(report.missing, { place: 0, divisor: 1 })
      assert.deepEqual(await rejectedRows(shop, run), REJECTED)
      for (const [item, text] of Object.entries(VALUES)) assert.equal(shop.stored(run, { item: Number(item) }), text, item)
      assert.equal(storedCount(shop.app, run), 5)
      assert.equal(shop.app.store().catalog.pointer('spend'), undefined)
    })
  })
}

test('between two runs: what a value was lost and gained for, and what moved; exported with the code, without a value', async () => {
  const folder = await makeItems(MIXED)
  await inShop(folder, async ({ app, run }) => {
    const before = await run({ shards: 2 })
    // 0 fails now, 2 does not any more, 3 fails still, and 10 is doubled; the others are as they were.
    const changes: Readonly<Record<number, Item>> = { 0: [9, 1], 2: [3, 1], 10: [1, 1] }
    await writeItems(
      folder,
      MIXED.map((item, i) => changes[i] ?? item),
    )
    const after = await run({ repin: true })
    const place = await app.place()
    const { keys, moved, others } = await diffRuns(place, { a: before.run, b: after.run, top: 3, withFeatures: true })
    assert.deepEqual(keys, { same: 8, moved: 1, lost: 1, gained: 1, removed: 0, added: 0 })
    assert.deepEqual(moved, [{ key: '{"item":10}', a: '1', b: '2', change: 1, features: [{ feature: 'place', a: 0, b: 1 }] }])
    assert.deepEqual(others.lost, [{ key: '{"item":0}', a: '0.5', b: null, change: null }])
    assert.deepEqual(others.gained, [{ key: '{"item":2}', a: null, b: '4', change: null }])
    const file = join(folder, 'out.ndjson')
    await exportRun(place, { run: before.run, file, format: 'ndjson', withFeatures: false })
    const rows = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { key_item: number; value: number | null; rejected: string | null })
    for (const { key_item, value, rejected } of rows) {
      assert.equal(value === null ? undefined : Object.is(value, -0) ? '-0' : String(value), VALUES[key_item], String(key_item))
      assert.equal(rejected ?? undefined, (REJECTED as Readonly<Record<number, string>>)[key_item])
    }
    assert.equal(rows.length, 11)
  })
})

test('the gate lets through what it allows', async () => {
  const folder = await makeItems(MIXED, ITEMS.replace('coverage: 0.5', 'coverage: 0.45'))
  await inShop(folder, async ({ run }) => assert.equal((await run()).state, 'published'))
})

test('one bad row among thousands fails alone', async () => {
  const items = Array.from({ length: 3_000 }, (_, i): Item => [i === 2_345 ? 17 : i % 4, 1])
  const folder = await makeItems(items)
  await inShop(folder, async shop => {
    const { run, report } = await shop.run({ shards: 1 })
    assert.deepEqual([report.ok, report.rejected], [2_999, { model_failed: 1 }])
    assert.deepEqual(await rejectedRows(shop, run), { 2345: 'model_failed' })
    assert.equal(shop.stored(run, { item: 2_344 }), '1')
    assert.equal(shop.stored(run, { item: 2_347 }), '4')
  })
})

test('no row can be scored: a run without answers, stopped by the gate', async () => {
  const folder = await makeItems([
    [9, 1],
    [0, 0],
  ])
  await inShop(folder, async shop => {
    const { run, state, report } = await shop.run()
    assert.deepEqual([state, report.ok, report.values], ['gated', 0, null])
    assert.equal(storedCount(shop.app, run), 0)
  })
})

test('a double model takes what float32 cannot hold', async () => {
  const config = ITEMS.replace(
    'features: s => s.join.facts',
    'features: s => ({ ...s.join.facts, a: s.join.facts.place, b: s.join.facts.place })',
  ).replace("onnx('model.onnx')", "onnx('model.onnx', { output: 'values[0]' })")
  const folder = await makeItems(
    [
      [1, 1e39],
      [0, 'Infinity'],
    ],
    config,
  )
  putModel(folder, 'weighted')
  await inShop(folder, async ({ app, run, stored }) => {
    const { run: id, report } = await run()
    assert.deepEqual([report.ok, report.rejected], [1, { value_not_finite: 1 }])
    assert.equal(stored(id, { item: 0 }), String(1e3 * 1e39))
    // JSON has no infinite numbers; each line of an export is JSON all the same.
    const file = join(folder, 'infinite.ndjson')
    await exportRun(await app.place(), { run: id, file, format: 'ndjson', withFeatures: true })
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
    const features = lines.map(line => JSON.parse(line) as Record<string, unknown>).map(row => row.feature_divisor)
    assert.deepEqual(features, [1e39, null])
  })
})
