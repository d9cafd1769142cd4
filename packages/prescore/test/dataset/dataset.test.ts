/** A training set is what its definition says: each row as of its own moment, with what was known then. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import type { PrescoreError, Problem } from '../../src/base/index.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import type { CallNode, ExpressionNode } from '../../src/expressions/node.ts'
import {
  defineProject,
  entity,
  events,
  type LoadedProject,
  onnx,
  type PredictionDefinition,
  prediction,
  type TrainingDefinition,
} from '../../src/project/index.ts'
import { featureHash } from '../../src/release/index.ts'
import { type Flight, flights, ORIGINS, TYPES } from '../history/oracle.ts'
import { Place, type Row } from '../parquet/place.ts'
import { expectedRows, LABELS, project, readRows, sorted } from './flights.ts'

const place = await Place.open()
const file = place.path('set.parquet')
const features = (project(place).definition.predictions.late as PredictionDefinition).features.length

/** About as much memory as blocks of so many rows take, and then several parts of the keys. */
const memoryFor = (blockRows: number) => (blockRows * 4 * 48 * (features + 4)) / 2 ** 20

/** Writes the flights and builds the set `late`. */
async function built(
  rows: readonly Flight[],
  options: Partial<Parameters<typeof buildDataset>[2]> & { readonly label?: keyof typeof LABELS } = {},
) {
  const { label = 'row', ...request } = options
  await place.copyRows('flights.parquet', TYPES, rows as readonly (Flight & Row)[])
  const report = await buildDataset(place.database, project(place, LABELS[label]), {
    prediction: 'late',
    clock: 'as-served',
    file,
    ...request,
  })
  return { report, rows: await readRows(place, file) }
}

const flight = (id: number, more: Partial<Flight>): Flight => ({
  id,
  at: id,
  got: id,
  origin: ORIGINS[0],
  hour: 7,
  delay: 1,
  carrier: 'AA',
  ...more,
})

for (const label of ['row', 'next'] as const) {
  for (const clock of ['as-served', 'corrected'] as const) {
    test(`${clock}, label of the ${label === 'row' ? 'row' : 'while after it'}: as the definition says, with any memory`, async () => {
      await fc.assert(
        fc.asyncProperty(flights, fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }), async (all, blockRows) => {
          const expected = expectedRows(all, label, clock)
          const { report, rows } = await built(all, {
            label,
            clock,
            ...(blockRows === undefined ? {} : { workMb: memoryFor(blockRows) }),
          })
          assert.deepEqual(sorted(rows), sorted(expected.rows))
          assert.deepEqual([report.rows, report.unlabelled, report.keyless], [expected.rows.length, expected.unlabelled, expected.keyless])
        }),
        { numRuns: 25 },
      )
    })
  }
}

test('a row whose key has a missing column is left out and counted; the others are as without it, and so is a sample of them', async () => {
  const whole = Array.from({ length: 40 }, (_, i) => flight(i, { hour: i % 3 }))
  const keyless = [flight(50, { origin: undefined }), flight(51, { hour: undefined }), flight(52, { origin: undefined, hour: undefined })]
  for (const sample of [1, 0.5]) {
    const without = await built(whole, { sample })
    const { report, rows } = await built([...whole, ...(keyless as Flight[])], { sample })
    assert.deepEqual(sorted(rows), sorted(without.rows))
    assert.deepEqual([without.report.keyless, report.rows], [0, without.report.rows])
    assert.ok(sample < 1 ? report.keyless <= 3 : report.keyless === 3, `${report.keyless}`)
  }
})

test('as served, what becomes known after the as-of is never seen; corrected, it is', async () => {
  const late = [flight(0, { got: 30 }), flight(5, { got: 6 }), flight(10, { got: 100 }), flight(20, {})]
  const counts = async (clock: 'as-served' | 'corrected') =>
    Object.fromEntries((await built(late, { clock })).rows.map(row => [row.as_of, row.slot_count]))
  assert.deepEqual(await counts('as-served'), { 0: 0, 5: 0, 10: 1, 20: 1 })
  assert.deepEqual(await counts('corrected'), { 0: 0, 5: 1, 10: 2, 20: 3 })
})

test('where nothing is late the two clocks agree', async () => {
  const [all] = fc.sample(flights, { numRuns: 1, seed: 3 }) as [Flight[]]
  const inTime = all.map(each => ({ ...each, origin: each.origin ?? ORIGINS[0], hour: each.hour ?? 7, got: each.at }))
  const served = await built(inTime)
  const corrected = await built(inTime, { clock: 'corrected' })
  assert.ok(served.rows.length > 3)
  assert.deepEqual(sorted(corrected.rows), sorted(served.rows))
})

test('keys beyond doubles: as much memory as there is or hardly any, the same rows', async () => {
  const all = Array.from({ length: 60 }, (_, id) => flight(id, { hour: id % 3 === 0 ? 2n ** 53n + BigInt(id % 6) : id % 5 }))
  const { rows } = await built(all)
  assert.ok(rows.some(({ key_hour }) => key_hour === 2n ** 53n + 3n))
  assert.deepEqual(sorted((await built(all, { workMb: memoryFor(7) })).rows), sorted(rows))
})

test('the file: columns by name and type, and what it was made from in its footer', async () => {
  const { report } = await built([flight(1, {}), flight(2, { hour: 2n ** 53n + 1n })])
  const columns = await place.query(`DESCRIBE SELECT * FROM '${file}'`)
  const types = columns.map(row => [row.column_name, row.column_type])
  assert.deepEqual(types.slice(0, 4), [
    ['key_hour', 'BIGINT'],
    ['key_from', 'VARCHAR'],
    ['as_of', 'TIMESTAMP WITH TIME ZONE'],
    ['airport_count', 'DOUBLE'],
  ])
  assert.deepEqual(types.at(-1), ['label', 'BOOLEAN'])
  assert.deepEqual(
    columns.slice(3, -1).map(row => row.column_name),
    report.features,
  )
  const footer = await place.query(`SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${file}')`)
  const { definition } = project(place)
  const hash = featureHash(definition, definition.predictions.late as PredictionDefinition)
  assert.deepEqual(Object.fromEntries(footer.map(({ key, value }) => [key, value])), {
    'prescore.prediction': 'late',
    'prescore.feature_hash': hash,
    'prescore.features': JSON.stringify(report.features),
    'prescore.clock': 'as-served',
    'prescore.kernel': '1',
  })
  assert.equal(report.featureHash, hash)
})

const shop = events({
  files: 'orders.parquet',
  columns: {
    id: 'int64',
    at: 'timestamp',
    seen: 'timestamp',
    paid: 'timestamp',
    who: 'int64',
    big: 'int64',
    amount: 'float64',
    kind: 'string',
  },
  derive: r => ({ size: r.amount.floor() }),
  id: 'id',
  time: 'at',
  arrival: r => r.paid,
})
const customer = entity({ who: 'int64' })

const spend = prediction({
  entity: customer,
  inputs: { amount: 'float64', when: 'timestamp' },
  join: s => ({
    orders: shop
      .by(customer)
      .features(f => ({ orders: f.count({ over: '1s' }) }))
      .at(s.key),
  }),
  features: s => ({ orders: s.join.orders.orders, amount: s.inputs.amount, wait: s.asOf.minus(s.inputs.when) }),
  model: onnx('x.onnx'),
  training: { rows: shop, asOf: r => r.seen, inputs: r => ({ amount: r.amount, when: r.at }), label: r => r.big },
  policy: { mode: 'live' },
})

/** A project with inputs, over plain orders; its training may be another. */
function shopping(training: Partial<TrainingDefinition> = {}, more: PredictionDefinition['features'] = []): LoadedProject {
  const { sources, predictions } = defineProject({ sources: { shop }, predictions: { spend } }).definition
  const plain = predictions.spend as PredictionDefinition
  const changed = { ...plain, features: [...plain.features, ...more], training: { ...(plain.training as TrainingDefinition), ...training } }
  return { definition: { sources, predictions: { spend: changed } }, file: place.path('prescore.config.ts'), folder: place.folder }
}

const row = (column: string): ExpressionNode => ({ ref: `row.${column}` })
const call = (name: CallNode['call'], column: string, ...constants: readonly (number | string)[]): ExpressionNode => ({
  call: name,
  args: [
    row(column),
    ...constants.map((constant): ExpressionNode => ({ constant, kind: typeof constant === 'string' ? 'string' : 'float64' })),
  ],
})

const ORDER_TYPES = {
  id: 'BIGINT',
  at: 'TIMESTAMPTZ',
  seen: 'TIMESTAMPTZ',
  paid: 'TIMESTAMPTZ',
  who: 'BIGINT',
  big: 'BIGINT',
  amount: 'DOUBLE',
  kind: 'VARCHAR',
}
const order = (id: number, more: Row = {}): Row => ({
  id,
  at: id,
  seen: id + 1,
  paid: id,
  who: id % 2,
  big: id % 3,
  amount: id / 2,
  kind: 'a',
  ...more,
})

async function shopped(rows: readonly Row[], loaded = shopping(), request: Partial<Parameters<typeof buildDataset>[2]> = {}) {
  await place.copyRows('orders.parquet', ORDER_TYPES, rows)
  await buildDataset(place.database, loaded, { prediction: 'spend', clock: 'as-served', file, ...request })
  return await readRows(place, file)
}

test('inputs stand beside the key; an as-of of its own may lie after the event', async () => {
  const rows = await shopped([order(4), order(2, { seen: 1_000_001 })])
  assert.deepEqual(
    sorted(rows.map(({ input_when, ...row }) => row)),
    sorted([
      { key_who: 0, input_amount: 2, as_of: 5, orders: 2, amount: 2, wait: 1e-6, label: 1 },
      { key_who: 0, input_amount: 1, as_of: 1_000_001, orders: 2, amount: 1, wait: 0.999999, label: 2 },
    ]),
  )
})

test('labels: int64 and float64 become float64, missing ones are left out', async () => {
  assert.deepEqual(
    (await shopped([order(1, { big: 5 }), order(2, { big: undefined })])).map(row => row.label),
    [5],
  )
  const amounts = await shopped(
    [order(1, { big: 5 }), order(2, { big: undefined })],
    shopping({ inputs: { amount: call('times', 'id', 1), when: row('at') }, label: call('times', 'amount', 0.1) }),
  )
  assert.deepEqual(
    sorted(amounts).map(row => row.label),
    [0.5 * 0.1, 0.1],
  )
})

test('a label that no double holds is refused', async () => {
  await assert.rejects(shopped([order(1, { big: 2n ** 53n + 1n })]), {
    code: 'lossy_cast',
    message: /predictions\.spend\.training\.label; found 9007199254740993/,
  })
})

test('rows are filtered, and taken from a range of as-of times', async () => {
  const rows = Array.from({ length: 20 }, (_, id) => order(id, { kind: id < 10 ? 'a' : 'b' }))
  const filtered = await shopped(rows, shopping({ where: call('eq', 'kind', 'b') }))
  assert.deepEqual(
    filtered.map(row => row.as_of).sort((a, b) => Number(a) - Number(b)),
    rows.slice(10).map(row => row.seen),
  )
  const ranged = await shopped(rows, shopping(), { fromUs: 5, untilUs: 8 })
  assert.deepEqual(ranged.map(row => row.as_of).sort(), [5, 6, 7])
  const pushedDown = await shopped(rows, shopping({ asOf: row('at') }), { fromUs: 5, untilUs: 8 })
  assert.deepEqual(pushedDown.map(row => row.as_of).sort(), [5, 6, 7])
})

test('a row without an as-of is refused, unless it is filtered out', async () => {
  const rows = [order(1), order(2, { seen: undefined })]
  await assert.rejects(shopped(rows), { code: 'missing_time', message: /predictions\.spend\.training\.asOf; found a row without an as-of/ })
  assert.equal((await shopped(rows, shopping({ where: { call: 'not', args: [call('isMissing', 'seen')] } }))).length, 1)
})

test('a set without rows is a file without rows', async () => {
  assert.deepEqual(await shopped([]), [])
  assert.deepEqual(await shopped([order(1, { big: undefined })]), [])
})

test('a sample is a share of the rows, and the same rows each time, in whatever order and range', async () => {
  const rows = Array.from({ length: 1000 }, (_, id) => order(id))
  const taken = async (given: readonly Row[], request: Partial<Parameters<typeof buildDataset>[2]>) =>
    (await shopped(given, shopping(), request)).map(row => row.as_of as number).sort((a, b) => a - b)
  const sample = await taken(rows, { sample: 0.2 })
  assert.ok(sample.length > 150 && sample.length < 250, String(sample.length))
  assert.deepEqual(await taken([...rows].reverse(), { sample: 0.2 }), sample)
  assert.deepEqual(
    await taken(rows, { sample: 0.2, fromUs: 300 }),
    sample.filter(asOf => asOf >= 300),
  )
  const larger = await taken(rows, { sample: 0.4 })
  assert.deepEqual(
    sample.filter(asOf => !larger.includes(asOf)),
    [],
  )
  assert.equal((await taken(rows, { sample: 1 })).length, 1000)
  const halves = [sample.filter(asOf => asOf < 500).length, sample.filter(asOf => asOf >= 500).length]
  assert.ok(
    halves.every(count => count > 70),
    String(halves),
  )
})

test('without an id the sample goes by key and as-of', async () => {
  const { id: _, ...withoutId } = shop.definition
  const loaded = shopping()
  const definition = { ...loaded.definition, sources: { shop: withoutId } }
  const rows = Array.from({ length: 600 }, (_, id) => order(id, { seen: 1 + (id >> 1), who: id % 2 }))
  const sampled = await shopped(rows, { ...loaded, definition }, { sample: 0.5 })
  const again = await shopped([...rows].reverse(), { ...loaded, definition }, { sample: 0.5 })
  assert.ok(sampled.length > 240 && sampled.length < 360, String(sampled.length))
  assert.deepEqual(sorted(again), sorted(sampled))
})

test('progress: each stage comes to its end', async () => {
  const told = new Map<string, [done: number, total: number]>()
  const rows = Array.from({ length: 30 }, (_, id) => flight(id, {}))
  await built(rows, { label: 'next', workMb: memoryFor(12), onProgress: (stage, done, total) => told.set(stage, [done, total]) })
  assert.deepEqual([...told.keys()], ['rows', 'end of data', 'features', 'labels', 'writing'])
  for (const [stage, [done, total]] of told) assert.equal(done, total, stage)
  assert.deepEqual(told.get('rows'), [30, 30])
})

test('a label that can be read from an input is refused, directly and through a derived column', async () => {
  const direct = shopping({ label: call('gt', 'amount', 3) })
  const derived = shopping({ inputs: { amount: row('size'), when: row('at') }, label: call('gt', 'amount', 3) })
  for (const loaded of [direct, derived]) {
    await assert.rejects(shopped([order(1)], loaded), (error: PrescoreError) => {
      assert.equal(error.code, 'project_invalid')
      const problems = error.details.problems as readonly Problem[]
      assert.deepEqual(
        problems.filter(({ severity }) => severity === 'error').map(({ code, where }) => [code, where]),
        [['label_leak', 'predictions.spend.training.inputs.amount']],
      )
      return true
    })
  }
})

test('a feature by the name of another column is refused before anything is read', async () => {
  await assert.rejects(shopped([order(1)], shopping({}, [{ name: 'Label', expression: { ref: 'input.amount' } }])), {
    code: 'project_invalid',
  })
  await assert.rejects(shopped([order(1)], shopping({}, [{ name: 'key_who', expression: { ref: 'input.amount' } }])), {
    code: 'project_invalid',
  })
})

test('what cannot be built is refused, and leaves no file', async () => {
  const loaded = shopping()
  const before = readdirSync(place.folder)
  const target = { clock: 'as-served', file: place.path('refused.parquet') } as const
  await assert.rejects(buildDataset(place.database, loaded, { prediction: 'spned', ...target }), { code: 'unknown_prediction' })
  await assert.rejects(buildDataset(place.database, loaded, { prediction: 'constructor', ...target }), { code: 'unknown_prediction' })
  const { training: _, ...untrained } = loaded.definition.predictions.spend as PredictionDefinition
  const without = { ...loaded, definition: { ...loaded.definition, predictions: { spend: untrained } } }
  await assert.rejects(buildDataset(place.database, without, { prediction: 'spend', ...target }), { code: 'no_training' })
  const nowhere = { ...loaded, folder: place.path('nowhere') }
  await assert.rejects(buildDataset(place.database, nowhere, { prediction: 'spend', ...target }), { code: 'source_unreadable' })
  assert.deepEqual(readdirSync(place.folder), before)
})
