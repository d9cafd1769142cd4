/** Of which predictions the rows have their features themselves. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fn } from '../../src/expressions/index.ts'
import { ownKeys } from '../../src/history/index.ts'
import { defineProject, entity, onnx, prediction, table } from '../../src/project/index.ts'

const columns = { id: 'int64', other: 'int64', from: 'timestamp', a: 'float64' } as const
const rows = table({ files: 'rows.parquet', columns })
const dated = table({ files: 'rows.parquet', columns, validFrom: 'from' })
const item = entity({ id: 'int64' })
const pair = entity({ id: 'int64', other: 'int64' })
const policy = { mode: 'batch' } as const
const model = onnx('model.onnx')
const own = rows.by(item).features(f => ({ a: f.last('a'), b: f.current('a', { where: r => r.a.gt(1), default: 2 }) }))
const others = rows.by(item, { id: 'other' }).features(f => ({ a: f.last('a') }))
const single = { entity: item, model, policy, population: rows.keys(item) }

const { definition } = defineProject({
  sources: { rows, dated },
  predictions: {
    own: prediction({ ...single, join: s => ({ own: own.at(s.key) }), features: s => s.join.own }),
    twice: prediction({
      ...single,
      join: s => ({ own: own.at(s.key), again: own.at(s.key) }),
      features: s => ({ a: s.join.own.a, b: s.join.again.b }),
    }),
    windows: prediction({
      ...single,
      join: s => ({
        own: rows
          .by(item)
          .features(f => ({ a: f.last('a', { over: '1d' }) }))
          .at(s.key),
      }),
      features: s => s.join.own,
    }),
    sums: prediction({
      ...single,
      join: s => ({
        own: rows
          .by(item)
          .features(f => ({ a: f.sum('a') }))
          .at(s.key),
      }),
      features: s => s.join.own,
    }),
    delayed: prediction({
      ...single,
      join: s => ({
        own: rows
          .by(item)
          .features(f => ({ a: f.last('a', { delay: '1d' }) }))
          .at(s.key),
      }),
      features: s => s.join.own,
    }),
    second: prediction({
      ...single,
      join: s => ({
        own: rows
          .by(item)
          .features(f => ({ a: f.last('a', { n: 2 }) }))
          .at(s.key),
      }),
      features: s => s.join.own,
    }),
    dated: prediction({
      ...single,
      population: dated.keys(item),
      join: s => ({
        own: dated
          .by(item)
          .features(f => ({ a: f.last('a') }))
          .at(s.key),
      }),
      features: s => s.join.own,
    }),
    computed: prediction({
      ...single,
      join: s => ({ own: own.at({ id: fn({ args: { id: s.key.id }, returns: 'int64', run: ({ id }) => id }) }) }),
      features: s => s.join.own,
    }),
    otherColumn: prediction({
      ...single,
      join: s => ({ own: own.at(s.key), others: others.at(s.key) }),
      features: s => ({ a: s.join.own.a, b: s.join.others.a }),
    }),
    part: prediction({
      ...{ entity: pair, model, policy, population: rows.keys(pair) },
      join: s => ({ own: own.at({ id: s.key.id }) }),
      features: s => s.join.own,
    }),
    given: prediction({
      ...single,
      inputs: { a: 'float64' },
      join: s => ({ own: own.at(s.key) }),
      features: s => ({ a: s.join.own.a, b: s.inputs.a }),
    }),
  },
})

test('all features are what the row of the key says', () => {
  const known = Object.entries(definition.predictions).map(([name, each]) => [name, ownKeys(definition, each)] as const)
  const found = known.filter(([, keys]) => keys !== undefined)
  const id = { source: 'rows', columns: new Map([['id', 'id']]) }
  assert.deepEqual(found, [
    ['own', id],
    ['twice', id],
  ])
})
