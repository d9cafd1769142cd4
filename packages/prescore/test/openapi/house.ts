/** A server with everything that can be documented: keys of one column and of many, inputs, attributes, events, overrides. */
import type { TestContext } from 'node:test'
import { App } from '../../src/app.ts'
import { simulatedClock } from '../../src/base/index.ts'
import { planOnly, publishRun, type RescoreRequest, rescoredAsOf, rollbackRun, runBatch } from '../../src/batch/index.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { AS_OF_US, changed, makeShop, removeShop } from '../batch/shop.ts'
import { HYBRID } from '../live/house.ts'

/** Beside `spend`: `mixed` has a composite key and inputs of every kind, `free` no key at all. */
const CONFIG = changed(
  HYBRID,
  '  },\n})',
  `    mixed: prediction({
      entity: entity({ customer: 'string', shop: 'int64' }),
      inputs: { amount: 'float64', count: 'int64', gift: { kind: 'boolean', default: false }, at: { kind: 'timestamp', default: null }, wait: { kind: 'duration', default: 1 }, code: { kind: 'string', default: 'x' } },
      join: s => ({ own: own.at({ customer: s.key.customer }) }),
      features: s => ({ orders: s.join.own.orders, total: s.join.own.total, largest: s.join.own.largest, hour: s.inputs.amount }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      policy: { mode: 'live', default: { value: null, reason: 'none yet' } },
    }),
    free: prediction({
      inputs: { a: 'float64', b: 'float64', c: 'float64', d: 'float64' },
      features: s => ({ orders: s.inputs.a, total: s.inputs.b, largest: s.inputs.c, hour: s.inputs.d }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      policy: { mode: 'live' },
    }),
  },
})`,
)

export async function documentedHouse(t: TestContext): Promise<{ readonly server: Server; readonly app: App }> {
  const folder = await makeShop({ config: CONFIG })
  t.after(() => removeShop(folder))
  const app = await App.open({ project: folder, clock: simulatedClock(AS_OF_US), threads: 1 })
  t.after(() => app.close())
  await runBatch(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: 1, publish: 'gated' })
  const live = await app.startLive({ untilUs: AS_OF_US })
  await live.settled
  const place = () => app.place()
  const server = createServer({
    runs: {
      start: async order => {
        const { prediction, asOfUs, rescore } = order
        const moment = rescore === undefined ? (asOfUs as number) : rescoredAsOf(await place(), prediction, rescore.run, asOfUs)
        const only = rescore?.only as RescoreRequest['only']
        const asked = rescore === undefined ? {} : { rescore: { run: rescore.run, ...(only === undefined ? {} : { only }) } }
        const { plan } = await planOnly(await place(), { prediction, asOfUs: moment, threads: 1, repin: order.repin === true, ...asked })
        return { run: plan.run, release: plan.release, rows: plan.population.rows }
      },
      activity: run =>
        run.startsWith('0') ? undefined : { run, isRunning: true, stage: { stage: 'score', done: 1, total: null }, end: null },
      publish: async (run, note) => publishRun(await place(), run, note),
      rollback: async (prediction, note) => rollbackRun(await place(), prediction, note),
    },
    resolvers: ['spend', 'mixed', 'free'].map(name => app.resolver(name)),
    catalog: app.store().catalog,
    overrides: app.store().overrides,
    logOf: name => app.log(name),
    sources: app.loaded.definition.sources,
    modelOf: name => app.releasedModel(name),
    clock: app.clock,
    live,
  })
  t.after(() => server.stop())
  await server.app.ready()
  return { server, app }
}
