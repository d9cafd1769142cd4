/** What makes another release, and what does not. Each variant is the shop's project file with one part of its text replaced. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { loadProject } from '../../src/project/index.ts'
import { freezeRelease, loadRelease, type Release } from '../../src/release/index.ts'
import { CONFIG, changed, makeShop, putModel, removeShop } from '../batch/shop.ts'

let folder: string
let original: Release
let variants = 0

before(async () => {
  folder = await makeShop()
  original = await frozen(CONFIG)
})
after(() => removeShop(folder))

async function frozen(config: string): Promise<Release> {
  const file = join(folder, `variant${variants++}.ts`)
  writeFileSync(file, config)
  const { release } = await freezeRelease(await loadProject(file), 'spend', join(folder, 'releases'))
  return release
}

type Variants = Readonly<Record<string, readonly [from: string, to: string]>>

const SAME: Variants = {
  'where the files lie': ["files: 'orders.parquet'", "files: ['elsewhere/*.parquet', 'more.parquet']"],
  'the policy': ["maxAge: '24h'", "maxAge: '2h', default: { value: 0 }"],
  'a schedule': ["maxAge: '24h'", "maxAge: '24h', schedule: '0 3 * * *'"],
  'the gates': ['coverage: 0.9', 'coverage: 0.1, missing: 0.5'],
  'the population': ['customers.where(r => r.active).keys(customer)', "orders.since('1d').keys(customer)"],
  'a column that no feature reads': ["amount: 'float64', note: 'string' }", "amount: 'float64' }"],
  'a derived column that no feature reads': ['arrived: r.placed', 'doubled: r.amount.times(2), arrived: r.placed'],
  'an aggregate that no feature reads': ["largest: f.max('amount'", "smallest: f.min('amount'), largest: f.max('amount'"],
  'a join that no feature reads': ['({ own: own.at(s.key) })', '({ own: own.at(s.key), again: own.at({ customer: s.key.customer }) })'],
  'the order in which columns are declared': ["amount: 'float64', note: 'string' }", "note: 'string', amount: 'float64' }"],
  'white space in a function': [
    '({ amount }) => amount === undefined ? undefined : amount / 2',
    '({amount}) =>\n  amount === undefined\n ? undefined :  amount/2',
  ],
  'a comment in a function': ['amount / 2 })', 'amount /* net of tax */ / 2 })'],
  'a type in a function': ['({ amount }) =>', '({ amount }: { amount?: number | undefined }) =>'],
  'another prediction': [
    'predictions: {',
    "predictions: { hourly: prediction({ entity: customer, zone: 'UTC', features: s => ({ hour: s.asOf.hourOfDay() }), model: onnx('model.onnx'), population: customers.keys(customer), policy: { mode: 'batch' } }),",
  ],
}

const OTHER: Variants = {
  'an expression': ['hour: s.asOf.hourOfDay() }', 'hour: s.asOf.dayOfWeek() }'],
  'the order of features': ['orders: s.join.own.orders, total: s.join.own.total', 'total: s.join.own.total, orders: s.join.own.orders'],
  'the name of a feature': ['({ orders: s.join', '({ placed: s.join'],
  'a window': ["count({ over: '7d' })", "count({ over: '8d' })"],
  'a calendar window': ["count({ over: '7d' })", "count({ over: 'thisWeek' })"],
  'another aggregate': ["max('amount', { over: '7d' })", "first('amount', { over: '7d' })"],
  'a delay': ["count({ over: '7d' })", "count({ over: '7d', delay: '1h' })"],
  'a condition': ["count({ over: '7d' })", "count({ over: '7d', where: r => r.amount.gt(0) })"],
  'a default': ["max('amount', { over: '7d' })", "max('amount', { over: '7d', default: 0 })"],
  'what is aggregated': ["sum('net'", "sum('amount'"],
  'a function': ['amount / 2', 'amount / 3'],
  'the zone of a source': ["zone: 'Europe/Paris',\n  derive", "zone: 'Europe/London',\n  derive"],
  'the zone of the as-of': ["zone: 'Europe/Paris',\n      join", "zone: 'Europe/London',\n      join"],
  'no id': ["  id: 'id',\n", ''],
  'another id': ["id: 'id'", "id: 'note'"],
  'no arrival': ['  arrival: r => r.arrived,\n', ''],
  'another arrival': ['minutes(5)', 'minutes(6)'],
  'a derived column that a feature reads': [
    'run: ({ amount }) => amount === undefined ? undefined : amount / 2',
    'run: ({ amount }) => amount',
  ],
  'which element of the output': ['values[0]', 'values[1]'],
}

for (const [name, [from, to]] of Object.entries(SAME)) {
  test(`the same release: ${name}`, async () => assert.equal((await frozen(changed(CONFIG, from, to))).hash, original.hash))
}
for (const [name, [from, to]] of Object.entries(OTHER)) {
  test(`another release: ${name}`, async () => assert.notEqual((await frozen(changed(CONFIG, from, to))).hash, original.hash))
}

test('the same release: the same content in another folder', async () => {
  const elsewhere = await makeShop()
  const { release } = await freezeRelease(await loadProject(elsewhere), 'spend', join(elsewhere, 'releases'))
  removeShop(elsewhere)
  assert.equal(release.hash, original.hash)
  assert.ok(!JSON.stringify(release.project).includes(elsewhere))
})

test('the same release: the model under another name', async () => {
  putModel(folder, 'weighted', 'renamed.onnx')
  assert.equal((await frozen(changed(CONFIG, 'model.onnx', 'renamed.onnx'))).hash, original.hash)
})

test('another release: one weight of the model', async () => {
  putModel(folder, 'weighted_other', 'other.onnx')
  const other = await frozen(changed(CONFIG, 'model.onnx', 'other.onnx'))
  assert.notEqual(other.hash, original.hash)
  assert.equal(other.featureHash, original.featureHash)
})

test('what bears on no value is not frozen', () => {
  const { sources, predictions } = original.project
  assert.deepEqual(Object.keys(sources), ['orders'])
  assert.deepEqual(Object.keys(sources.orders?.columns ?? {}), ['id', 'placed', 'customer', 'amount'])
  assert.equal(predictions.spend?.population, undefined)
})

test('−0, which JSON cannot say, comes back', async () => {
  const config = changed(CONFIG, "maxAge: '24h'", "maxAge: '24h', default: { value: -0 }")
  const { hash } = await frozen(changed(config, "sum('net', { over: '7d' })", "sum('net', { over: '7d', default: -0 })"))
  const { spend } = (await loadRelease(join(folder, 'releases'), hash)).project.predictions
  assert.ok(Object.is(spend?.joins.own?.features.total?.default, -0))
  assert.ok(Object.is(spend?.policy.default?.value, -0))
})

test('a release that was removed is frozen again under the same hash', async () => {
  rmSync(join(folder, 'releases', original.hash), { recursive: true })
  assert.equal((await frozen(CONFIG)).hash, original.hash)
})
