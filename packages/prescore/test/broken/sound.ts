/** A sound project, as files, to be broken one place at a time. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { linearModel } from '../../src/init/linear-model.ts'
import { write } from '../init/folder.ts'

export type Files = Readonly<Record<string, string | Uint8Array>>

export const FEATURES = ['orders_7d', 'orders_28d', 'spent', 'express', 'age']

export const CONFIG = `import { defineProject, entity, env, events, every, fn, hours, onnx, postgresTable, prediction, table } from 'prescore'

const orders = events({
  files: 'orders.csv',
  columns: { id: 'int64', at: 'timestamp', customer: 'string', amount: 'float64', express: 'boolean', note: 'string' },
  derive: r => ({ arrived: r.at.plus(hours(1)), large: r.amount.gt(50) }),
  id: 'id',
  time: 'at',
  arrival: r => r.arrived,
})
const customers = table({ files: 'customers.json', columns: { customer: 'string', age: 'int64' } })
const customer = entity({ customer: 'string' })
const habits = orders.by(customer).features(f => ({
  orders: f.count({ over: ['7d', '28d'] }),
  spent: f.sum('amount', { over: '28d' }),
  express: f.share(r => r.express, { over: '28d' }),
}))
const profile = customers.by(customer).features(f => ({ age: f.last('age') }))

export default defineProject({
  sources: { orders, customers },
  predictions: {
    spend: prediction({
      entity: customer,
      join: s => ({ habits: habits.at(s.key), profile: profile.at(s.key) }),
      features: s => ({ ...s.join.habits, age: s.join.profile.age }),
      model: onnx('spend.onnx'),
      population: customers.keys(customer),
      training: { rows: orders, asOf: r => r.at, label: r => r.large },
      policy: { mode: 'batch', maxAge: '1d' },
    }),
  },
})
`

export const ORDERS = `id,at,customer,amount,express,note
1,2026-03-01T10:00:00Z,a,12.50,true,
2,2026-03-02T10:00:00Z,b,80,false,gift
3,2026-03-03T10:00:00Z,a,,true,
`

export const CUSTOMERS = '[{"customer":"a","age":41},{"customer":"b","age":null}]'

export function modelOf(features: readonly string[]): Buffer {
  return linearModel({ features, weights: features.map(() => 1), bias: 0 })
}

export const SOUND: Files = {
  'prescore.config.ts': CONFIG,
  'orders.csv': ORDERS,
  'customers.json': CUSTOMERS,
  'spend.onnx': modelOf(FEATURES),
}

export function writeFiles(folder: string, files: Files): void {
  for (const [file, content] of Object.entries(files)) {
    if (content.length === 0) writeFileSync(join(folder, file), content)
    else write(folder, file, content)
  }
}
