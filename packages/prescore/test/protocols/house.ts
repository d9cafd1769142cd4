/**
 * A server with something of each kind: `late`, `score` and `balance` with stored answers, `vector` with lists of numbers, `quote`
 * answered live from its inputs by a real model of trees, and its model `quote.model`; `score.model` takes and gives texts.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from '../../src/app.ts'
import { PrescoreError } from '../../src/base/index.ts'
import { openTensorModel, type TensorModel } from '../../src/models/index.ts'
import { encodeKey, type Key } from '../../src/project/index.ts'
import { Resolver } from '../../src/resolve/index.ts'
import { createServer, type ModelOf, type Server } from '../../src/server/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'
import { fixture } from '../models/fixtures.ts'
import { ACCOUNT, AS_OF_US, CLOCK, CUSTOMER, predictionOf, SLOT } from '../server/house.ts'

const CONFIG = `import { defineProject, onnx, prediction } from 'prescore'
export default defineProject({
  sources: {},
  predictions: {
    quote: prediction({
      inputs: { hour: 'int64', distance: 'float64', flights: { kind: 'float64', default: 10 }, mean: 'float64', rush: 'boolean', at: { kind: 'timestamp', default: null } },
      features: s => ({
        hour: s.inputs.hour,
        distance: s.inputs.distance,
        flights_7d: s.inputs.flights,
        delay_mean_7d: s.inputs.mean,
        share_late_7d: s.inputs.rush.choose(0.9, 0.1),
      }),
      model: onnx('model.onnx', { output: 'probabilities[1]' }),
      policy: { mode: 'live' },
    }),
  },
})
`

export interface ProtocolHouse {
  readonly server: Server
  readonly defects: readonly PrescoreError[]
  /** The release of `quote`. */
  readonly release: string
  close(): Promise<void>
}

/** What a house has beside its own. */
export interface Guests {
  readonly resolvers?: (store: Store) => readonly Resolver[]
  /** By prediction, in the place of its own. */
  readonly models?: Readonly<Record<string, TensorModel>>
  /** As of the server: then all goes through the router. */
  readonly onAnswered?: () => void
}

export async function protocolHouse({ resolvers = () => [], models = {}, onAnswered }: Guests = {}): Promise<ProtocolHouse> {
  const folder = makeProject()
  const app = await App.open({ project: folder, threads: 1, clock: CLOCK })
  const live = await app.startLive({ onFailure: (_, error) => void defects.push(error) })
  await live.settled
  const store = memoryStore()
  const stored = [
    {
      prediction: predictionOf('late', SLOT, { mode: 'batch', maxAgeUs: 86_400_000_000 }),
      run: 'b81d',
      values: [[{ origin: 'JFK', destination: 'LAX', hour: 18 }, '0.31']],
    },
    {
      prediction: predictionOf('score', CUSTOMER),
      run: 'c0ff',
      values: [
        [{ customer: 'ann' }, '1'],
        [{ customer: 'Zoë 🚀' }, '-0'],
      ],
    },
    {
      prediction: predictionOf('balance', ACCOUNT, { maxAgeUs: 1 }),
      run: 'ba1a',
      values: [
        [{ account: 7 }, '7'],
        [{ account: 9007199254740993n }, '93'],
      ],
    },
    {
      prediction: predictionOf('vector', CUSTOMER, { default: { value: null } }),
      run: 'feed',
      values: [
        [{ customer: 'ann' }, '[0.25,0.75]'],
        [{ customer: 'bob' }, '[1,0]'],
      ],
    },
    { prediction: predictionOf('mixed', CUSTOMER, { default: { value: 0 } }), run: 'dead', values: [[{ customer: 'ann' }, '[0.25,0.75]']] },
    { prediction: predictionOf('empty', CUSTOMER), run: '', values: [] },
  ] as const
  for (const { prediction, run, values } of stored) {
    if (run === '') continue
    const rows = (values as readonly (readonly [Key, string])[])
      .map(([key, valueText]) => ({ keyBytes: encodeKey(prediction.entity ?? {}, key), valueText }))
      .sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes))
    const { name } = prediction
    await store.predictions.load(
      headerOf(run, rows.length, { prediction: name, asOfUs: AS_OF_US, dataThroughUs: AS_OF_US - 120_000_000 }),
      rows,
    )
    store.catalog.putRun(runRecord(run, { prediction: name, asOfUs: AS_OF_US, dataThroughUs: AS_OF_US, report: null }))
    store.catalog.publish(name, run, null)
  }
  const texts = { release: '7e87', model: await openTensorModel(fixture('text.onnx')) }
  const defects: PrescoreError[] = []
  const modelOf: ModelOf = name => {
    if (name === 'empty') throw new PrescoreError('nothing_published', { where: name })
    const guest = models[name]
    if (guest !== undefined) return { release: '7e87', model: guest }
    return name === 'quote' ? app.releasedModel(name) : texts
  }
  const server = createServer({
    resolvers: [
      ...stored.map(({ prediction }) => new Resolver({ prediction, store, clock: CLOCK })),
      app.resolver('quote'),
      ...resolvers(store),
    ],
    catalog: store.catalog,
    modelOf,
    onDefect: error => void defects.push(error),
    ...(onAnswered === undefined ? {} : { onAnswered }),
  })
  const { release } = await app.releasedModel('quote')
  return {
    server,
    defects,
    release,
    async close() {
      await server.stop()
      await texts.model.close()
      await app.close()
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function makeProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-protocols-'))
  writeFileSync(join(folder, 'prescore.config.ts'), CONFIG)
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n')
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(join(import.meta.dirname, '../..'), join(folder, 'node_modules/prescore'))
  copyFileSync(fixture('lightgbm.onnx'), join(folder, 'model.onnx'))
  return folder
}
